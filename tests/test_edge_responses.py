"""What benchmarks/edges.py measures: whether a splice's border is an edge for CABL."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmcabl.registry import MODELS

ROOT = Path(__file__).parents[1]


@pytest.fixture
def edges(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'benchmarks'))
    import edges
    return edges


def network(**backbone):
    cfg = Config.fromfile(str(ROOT / 'configs/real/cabl_lite_b32-1e_part-96.py'))
    init_default_scope('mmpretrain')
    cfg.model.backbone.update(init_cfg=None, **backbone)
    return MODELS.build(cfg.model).eval()


def test_a_border_is_a_band_on_both_sides(edges):
    mask = np.zeros((60, 60), bool)
    mask[20:40, 20:40] = True
    near = edges.border(mask)
    assert near[20 - edges.REACH, 30] and near[39 + edges.REACH, 30] and near[20, 30] and near[39, 30]
    assert not near[19 - edges.REACH, 30] and not near[30, 30]
    assert near[30].sum() == 4 * edges.REACH and not edges.border(np.ones((9, 9), bool)).any()


def test_a_sharp_border_is_found_and_a_missing_one_is_not(edges):
    torch.manual_seed(0)
    model = network()
    mask = np.zeros((128, 128), bool)
    mask[40:90, 30:80] = True
    image = torch.full((3, 128, 128), 100.)
    image[:, mask] = 180.
    found = edges.responses(model, image)
    assert list(found) == ['grey levels', 'cabl.1', 'cabl.2', 'cabl.3', 'cabl.4']
    near = edges.border(mask)
    aucs = [edges.auc(near, response) for response in found.values()]
    assert all(response.shape == mask.shape and response.min() >= 0 for response in found.values())
    assert min(aucs[:3]) > 0.9, aucs
    assert edges.auc(near, mask.astype(np.float32)) < 0.85 and np.isnan(edges.auc(near & False, found['cabl.1']))
    flat = edges.responses(model, torch.full((3, 128, 128), 100.))
    assert np.abs(flat['grey levels'][8:-8, 8:-8]).max() < 1e-5
    shown = edges.picture(np.zeros((128, 128, 3), np.uint8), mask, found)
    assert shown.shape == (128, 7 * 128, 3)
    assert shown[60, 128 + 50].tolist() == [255] * 3 and shown[5, 128 + 5].tolist() == [0] * 3


def test_a_network_without_the_layer_is_refused(edges):
    with pytest.raises(SystemExit, match='no CABL layer'):
        edges.responses(network(cabl_blocks='none'), torch.zeros(3, 64, 64))
