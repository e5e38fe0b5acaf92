"""The smallest detector, refiner, data set, metric and report of a user's own, through the toolbox's Runner."""

import json

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmcabl.datasets import ForgeryDataset
from mmcabl.evaluation import PerImageMetric
from mmcabl.models import ForensicDetector
from mmcabl.records import ResultStore
from mmcabl.refinement import Refiner
from mmcabl.registry import DATASETS, METRICS, MODELS


class Brightness(ForensicDetector):
    def detect(self, image, sample):
        found = image.mean(1)[0] / 255
        return found.max(), found


class WholeBox(Refiner):
    def refine(self, images, prompts, kinds):
        masks = [np.zeros(image.shape[:2], bool) for image in images]
        for mask, prompt in zip(masks, prompts):
            x0, y0, x1, y1 = prompt.box
            mask[y0:y1 + 1, x0:x1 + 1] = True
        return [[mask for _ in kinds] for mask in masks]


class Squares(ForgeryDataset):
    def list_entries(self):
        return [self.entry(f'{self.data_root}/{i}.png', i % 2, f'{self.data_root}/{i}_mask.png' if i % 2 else None)
                for i in range(6)]


class Area(PerImageMetric):
    def measure(self, sample):
        return dict(area=float(sample.required('mask').mean()))

    def summarize(self, rows):
        return dict(area=sum(row['area'] for row in rows) / len(rows))


def mean_score(folder):
    """A report: records in, a sentence out."""
    scores = [record['score'] for record in ResultStore(folder).read().values()]
    return f'{len(scores)} images, mean score {np.mean(scores):.3f}'


@pytest.fixture
def registered(monkeypatch):
    for registry, cls in ((MODELS, Brightness), (MODELS, WholeBox), (DATASETS, Squares), (METRICS, Area)):
        monkeypatch.setitem(registry._module_dict, cls.__name__, cls)


@pytest.fixture
def squares(tmp_path):
    for i in range(6):
        image, mask = np.full((40, 60, 3), 30, np.uint8), np.zeros((40, 60), np.uint8)
        if i % 2:
            image[10:20, 10 + i:40] = 240
            mask[10:20, 10 + i:40] = 255
            cv2.imwrite(str(tmp_path / f'{i}_mask.png'), mask)
        cv2.imwrite(str(tmp_path / f'{i}.png'), image)
    return tmp_path


def test_a_users_own_parts_run_through_the_standard_test(registered, squares):
    config = 'configs/quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'
    cfg = Config.fromfile(config, import_custom_modules=False)
    dataset = cfg.test_dataloader.dataset
    dataset.update(type='mmcabl.Squares', data_root=str(squares))
    cfg.model = dict(type='mmcabl.Brightness', data_preprocessor=dict(mean=(0, 0, 0), std=(1, 1, 1)),
                     postprocessor=dict(prompt='box', compare=['null'], refiner=dict(type='mmcabl.WholeBox')))
    cfg.update(test_evaluator=[dict(type=f'mmcabl.{name}') for name in ('ImageAUC', 'PixelF1', 'Area')],
               work_dir=str(squares / 'work'), train_dataloader=None, train_cfg=None, optim_wrapper=None,
               param_scheduler=None, experiment_name=f'extending-{squares.name}')
    cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
    found = Runner.from_cfg(cfg).test()
    assert found['i_auc'] == 1 and found['p_f1_null'] == found['p_f1'] == 1 and found['images'] == 6
    assert found['area'] == pytest.approx(sum(10 * (30 - i) for i in (1, 3, 5)) / 2400 / 6)
    folder = next((squares / 'work/results').glob('*/about.json')).parent
    assert mean_score(folder) == f'6 images, mean score {np.mean([30, 240] * 3) / 255:.3f}'
    assert json.loads((folder / 'summary.json').read_text())['p_f1'] == 1
    assert len(list((squares / 'work/overlays').glob('*.png'))) == 3
