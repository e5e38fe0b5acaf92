"""The published images themselves, where they are laid out: below ``MMCABL_REAL_DATA``, or in ``data``."""

import os
from pathlib import Path

import numpy as np
import pytest

from mmcabl.datasets import LoadForensicImage, LoadForgeryMask
from mmcabl.lab.checks import check_root

REAL = Path(os.environ.get('MMCABL_REAL_DATA') or Path(__file__).parents[1] / 'data')


@pytest.mark.parametrize('name, counts, pairs, all_ones, fitted', [
    ('CASIAv1', [(800, 920), (800, 921)], 920, 0.152, {'turned': 1}),
    ('COVERAGE', [(100, 100)], 100, 0.196, {'resized': 9}),
    ('Columbia', [(183, 180)], 180, 0.408, {})])
def test_published_counts_pairs_and_areas(name, counts, pairs, all_ones, fitted):
    if not (REAL / name).is_dir():
        pytest.skip(f'{name} is not laid out in {REAL.name} (set MMCABL_REAL_DATA to the folder that has it)')
    found = check_root(str(REAL / name), name, progress=False)
    if len(found.images) < 0.99 * sum(counts[0]) or found.published is None:
        pytest.skip(f'{name} in {REAL.name} is not the published one')
    assert found.counts in counts and found.published == found.counts
    assert not found.unreadable and not found.stray_masks and not found.odd_masks
    assert found.all_ones[1] == pairs and round(found.all_ones[0], 3) == all_ones
    done = [i.fitted for i in found.images if i.fitted]
    assert {kind: done.count(kind) for kind in set(done)} == fitted
    areas = np.array([i.area for i in found.images if i.label])[[bool(i.mask) for i in found.images if i.label]]
    areas = areas.astype(float)
    assert areas.min() > 0.0005 and areas.max() < 0.9 and 0.05 < areas.mean() < 0.35
    if name == 'CASIAv1':
        assert [Path(i.path).name for i in found.without_mask] in ([], ['Sp_D_NRN_A_sce0011_cha0011_0542.jpg'])


def test_casia_v1s_turned_mask_lies_on_what_was_pasted():
    """Its border has to run along edges: turned to the left, twice as steep as the picture; to the right, half."""
    root = REAL / 'CASIAv1'
    name = 'Sp_D_CNN_A_sec0012_ani0007_0275'
    image = next(iter(root.rglob(f'{name}.jpg')), None)
    if image is None:
        pytest.skip(f'CASIAv1 is not laid out in {REAL.name} (set MMCABL_REAL_DATA to the folder that has it)')
    results = LoadForensicImage()(dict(img_path=str(image), gt_label=1,
                                       gt_mask_path=str(next(root.rglob(f'{name}_gt.png')))))
    mask = LoadForgeryMask()(results)['gt_mask']
    steep = np.hypot(*np.gradient(results['img'].mean(2)))
    border = np.hypot(*np.gradient(mask.astype(float))) > 0
    assert steep[border].mean() > 1.6 * steep.mean()
    assert steep[border[::-1, ::-1]].mean() < 0.7 * steep.mean()
