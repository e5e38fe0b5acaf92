"""What the tests of NOII and CFA1 share: their reference numbers, made images."""

import hashlib
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample
from PIL import Image

#: The whole references: photographs too.
REFERENCES = Path(os.environ.get('MMCABL_REFERENCES') or Path(__file__).parents[2] / 'shared')
PHOTOGRAPHS = dict(a='Tp_D_CRN_M_N_pla00035_pla00033_10997.jpg', b='Tp_S_NNN_S_O_pla00077_pla00077_11212.jpg')


def numbers_of(system, letter, shared):
    """Image (H, W, 3) uint8 RGB and reference numbers by name: of ``s`` and ``o`` from the repository, or, where the
    whole references are, all; of the photographs ``a`` and ``b`` from these alone."""
    whole = REFERENCES / f'golden/table1/{system}.npz'
    if letter in PHOTOGRAPHS and not whole.is_file():
        pytest.skip(f'{whole.name} with photographs is not in {REFERENCES.name} (MMCABL_REFERENCES gives another)')
    found = np.load(whole if whole.is_file() else shared / f'table1/{system}.npz')
    numbers = {name[2:]: found[name] for name in found.files if name.startswith(f'{letter}_')}
    if letter not in PHOTOGRAPHS:
        return np.load(shared / 'table1/noii.npz')[f'{letter}_image'], numbers
    path = REFERENCES / 'samples/casia2' / PHOTOGRAPHS[letter]
    if not path.is_file():
        pytest.skip(f'{path.name} is not in {REFERENCES.name}')
    rgb = np.asarray(Image.open(path).convert('RGB'))
    if hashlib.sha256(rgb.tobytes()).hexdigest() != str(numbers['sha256_of_rgb']):
        pytest.skip(f'this JPEG decoder gives other pixels for {path.name}')
    return rgb, numbers


def batch_of(rgb, path='a.png'):
    """What a data loader gives for one image."""
    sample = DataSample()
    sample.set_metainfo(dict(img_path=path, ori_shape=rgb.shape[:2], sample_idx=0))
    return dict(inputs=[torch.from_numpy(np.ascontiguousarray(rgb[..., ::-1])).permute(2, 0, 1)],
                data_samples=[sample])


def noise(shape, deviation, seed=0):
    """(H, W, 3) uint8 of one grey with white noise."""
    plane = np.random.default_rng(seed).normal(128, deviation, shape)
    return np.repeat(np.clip(np.rint(plane), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def demosaiced(rgb, red):
    """Bilinear, from the sites of the Bayer pattern whose red is at ``red`` of its 2 x 2 cell."""
    y, x = np.indices(rgb.shape[:2])
    at = (y % 2 == red[0]) * 1 + (x % 2 == red[1])  # 2 red, 1 green, 0 blue
    found = np.empty(rgb.shape)
    for channel, where in ((0, 2), (1, 1), (2, 0)):
        sites = np.where(at == where, rgb[..., channel], 0)
        kernel = [[0, 1, 0], [1, 4, 1], [0, 1, 0]] if channel == 1 else [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
        found[..., channel] = cv2.filter2D(sites / 4, -1, np.array(kernel, float))
    return np.clip(np.rint(found), 0, 255).astype(np.uint8)
