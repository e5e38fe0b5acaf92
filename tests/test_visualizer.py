"""Overlays by mmengine's visualizer: the hook's pictures reach its backends, and a sample can be drawn by itself."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmpretrain.engine import VisualizationHook
from mmpretrain.structures import DataSample

from mmcabl.registry import VISUALIZERS
from mmcabl.structures import ForensicSample, forensic_sample
from mmcabl.visualization import LocalizationOverlayHook, overlay_of


@pytest.fixture
def visualizer(tmp_path):
    kind = VISUALIZERS.get('mmcabl.ForensicVisualizer')  # not built by mmengine, which keeps it for later tests
    made = kind(save_dir=str(tmp_path), vis_backends=[dict(type='LocalVisBackend')])
    yield made
    made.close()


def sample(name, height=20, width=24):
    rng = np.random.default_rng(len(name))
    found = DataSample(metainfo=dict(img_path=f'{name}.png', dataset_name='set', orientation=6))
    found.cam = rng.random((height, width), np.float32)
    found.pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
    found.gt_mask, found.pred_mask = np.tri(height, width, dtype=bool), np.tri(height, width, 4, dtype=bool)
    return found


def rgb(path):
    return cv2.imread(str(path))[..., ::-1]


def test_the_hooks_pictures_reach_the_backends_and_one_fails_alone(visualizer, tmp_path):
    samples = [sample('a'), sample('bb'), sample('ccc')]
    del samples[1].pixels
    hook = LocalizationOverlayHook()
    runner = SimpleNamespace(work_dir=str(tmp_path), visualizer=visualizer)
    hook.before_test(runner)
    hook.after_test_iter(runner, 0, None, samples)
    files = sorted((tmp_path / 'overlays').iterdir())
    assert [p.name.split('-')[0] for p in files] == ['set_a', 'set_ccc']
    for file, drawn in zip(files, samples[::2]):
        shown = rgb(tmp_path / f'vis_data/vis_image/{file.stem}_0.png')
        assert np.array_equal(shown, rgb(file)) and np.array_equal(shown, overlay_of(forensic_sample(drawn)))
    assert len(list((tmp_path / 'vis_data/vis_image').iterdir())) == 2


def test_samples_by_themselves(visualizer, tmp_path):
    one = sample('one')
    whole = visualizer.add_datasample('one', None, one, step=3)
    assert np.array_equal(whole, rgb(tmp_path / 'vis_data/vis_image/one_3.png'))
    assert whole.shape == (24, 4 * 20 + 6, 3)  # turned upright
    assert np.array_equal(whole, visualizer.add_datasample('x', one.pixels, forensic_sample(one)))
    without = visualizer.add_datasample('x', None, one, draw_gt=False)
    assert (without[:, 22:42] == 128).all() and np.array_equal(without[:, 44:], whole[:, 44:])
    plain = np.full((20, 24, 3), 200, np.uint8)  # of a data set that nothing was predicted for
    drawn = visualizer.add_datasample('x', plain, ForensicSample(), draw_pred=False, out_file=str(tmp_path / 'x.png'))
    assert (drawn[:, -24:] == 200).all() and np.array_equal(rgb(tmp_path / 'x.png'), drawn)
    assert one.get('forensic').truth is not None  # nothing of the sample was changed
    with pytest.raises(ValueError, match='An image has no cam'):
        visualizer.add_datasample('x', plain)


def test_mmpretrains_show_dir_draws_overlays(visualizer, tmp_path, monkeypatch):
    monkeypatch.setattr('mmengine.visualization.Visualizer.get_current_instance', lambda: visualizer)
    hook = VisualizationHook(enable=True, interval=1, out_dir=str(tmp_path / 'shown'))
    one, small = sample('one'), np.zeros((3, 8, 8), np.uint8)
    hook.after_test_iter(None, 0, dict(inputs=[torch.from_numpy(small)]), [one])
    assert np.array_equal(rgb(tmp_path / 'shown/one.png_0.png'), overlay_of(forensic_sample(one)))
