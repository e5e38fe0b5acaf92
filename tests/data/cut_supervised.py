"""How the numbers of MVSS-Net and CAT-Net in ``table1`` were cut from the whole references:
``python tests/data/cut_supervised.py REFERENCES``."""

import lzma
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / 'table1'


def mvss_net(source: Path) -> None:
    """One of two images; of the large maps every second pixel."""
    numbers = {name: array[:1] for name, array in np.load(source / 'mvss_net.npz').items()}
    for name in ('mask_logits', 'bayar'):
        numbers[name] = numbers[name][..., ::2, ::2]
    np.savez_compressed(HERE / 'mvss_net.npz', **numbers)


def cat_net(source: Path) -> None:
    """One of two crops: its pixels as bytes and its planes as the number of each; of large maps every second pixel.
    Coefficients, table and sums of the whole file as they are."""
    numbers = np.load(source / 'cat_net.npz')
    pixels = numbers['input_rgb'][:1] * 127.5 + 127.5
    assert np.abs(pixels - pixels.round()).max() < 1e-4
    kept = dict(input_uint8=pixels.round().astype(np.uint8), input_planes=numbers['input_dct_volume'][:1].argmax(1),
                input_qtable=numbers['input_qtable'][:1, 0], logits=numbers['logits'][:1])
    kept['input_planes'] = kept['input_planes'].astype(np.uint8)
    for name in ('layer1_first4', 'rgb_branch0_first4', 'dct_tail', 'dc_layer2_first4', 'dct_branch0_first4'):
        kept[name] = numbers[name][:1] if numbers[name].shape[-1] < 32 else numbers[name][:1, :, ::2, ::2]
    for name in ('y_dct_coefficients', 'y_qtable', 'dct_volume_sum_per_plane'):
        kept[name] = numbers[name]
    np.savez_compressed(HERE / 'cat_net.npz', **kept)


def keys(source: Path) -> None:
    for name in ('mvss_net', 'cat_net'):
        packed = lzma.compress((source / f'{name}_keys.json').read_bytes(), preset=9 | lzma.PRESET_EXTREME)
        (HERE / f'{name}_keys.json.xz').write_bytes(packed)


if __name__ == '__main__':
    root = Path(sys.argv[1]) / 'golden/table1'
    HERE.mkdir(exist_ok=True)
    for cut in (mvss_net, cat_net, keys):
        cut(root)
