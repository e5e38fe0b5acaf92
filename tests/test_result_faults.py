"""One image, or the disk, fails in a test: what it costs, and what is said."""

import json
import os
from pathlib import Path

import cv2
import pytest
import torch
from mmpretrain.structures import DataSample

from mmcabl.engine.loops.tolerant_step import tolerant
from mmcabl.models import WeaklySupervisedLocalizer
from mmcabl.records import ResultStore, summarize_store
from mmcabl.structures import forensic_sample
from mmcabl.utils import files
from mmcabl.utils.failures import Failures
from tests.forked import forked, run
from tests.results_runs import folder, upstream

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')


def hostile(data, work_dir):
    """The model fails on one image, and its score for another is NaN."""
    predict = WeaklySupervisedLocalizer.predict

    def failing(self, inputs, data_samples=None, **kwargs):
        if any('Au_ani_00001' in sample.img_path for sample in data_samples):
            raise cv2.error('OpenCV: assertion failed in\n grabcut')
        samples = predict(self, inputs, data_samples, **kwargs)
        for sample in samples:
            if 'Tp_D_x_00005' in sample.img_path:
                sample.pred_score = sample.pred_score * float('nan')
        return samples

    WeaklySupervisedLocalizer.predict = failing
    upstream(data, work_dir)


def test_an_image_on_which_the_model_fails_costs_itself_alone(data, runs, tmp_path):
    said = run(hostile, data, tmp_path)
    found, whole = (json.loads((p / 'results/summary.json').read_text()) for p in (tmp_path, runs['whole'].parent))
    assert (found['failed'], found['unreadable'], found['a/images'], found['b/images']) == (4, 1, 6, 6)
    assert '17 images (1 unreadable, 4 failed)' in said and 'Au_ani_00001.jpg failed and is left out: error: ' in said
    records = ResultStore(folder(tmp_path / 'results')).read()
    failed = {Path(key[2]).name: r['reason'] for key, r in records.items() if r['failed']}
    assert failed == {'Au_ani_00001.jpg': 'error: OpenCV: assertion failed in grabcut',
                      'Tp_D_x_00005.png': 'its score is not finite'}
    good = {k: v for k, v in ResultStore(folder(runs['whole'])).read().items() if not records[k]['failed']}
    for key, record in good.items():  # a batch that failed is done image by image: the last bits may differ
        assert records[key].get('score') == pytest.approx(record.get('score'), abs=1e-5)
    assert summarize_store(folder(tmp_path / 'results'))['failed'] == 4
    said = run(upstream, data, tmp_path)  # mended: what failed is done again
    assert '13 of 17 images have results' in said
    assert json.loads((tmp_path / 'results/summary.json').read_text()) == pytest.approx(whole, abs=1e-6, nan_ok=True)


class Full(files.RawFile):
    """A file that loses what is written to it, or is on a full disk, from the seventh write on."""

    lose, count = False, 0

    def write(self, data):
        Full.count += 1
        if Full.count < 7:
            return super().write(data)
        if self.lose:
            return len(data)
        super().write(data[:len(data) // 2])
        raise OSError(28, 'No space left on device')


def on_a_full_disk(data, work_dir, lose):
    files.RawFile, Full.lose = Full, lose
    upstream(data, work_dir)


@pytest.mark.parametrize('lose, sentence', [
    (False, 'cannot be written: No space left on device. What was finished before is kept; when this is mended, run'),
    (True, '15 of 17 images have no record in'),
])
def test_a_disk_that_fails_ends_the_test_and_nothing_counts_that_is_not_there(data, runs, tmp_path, lose, sentence):
    assert forked(on_a_full_disk, data, tmp_path / 'work', lose, log=tmp_path / 'log') == 1
    assert sentence in (tmp_path / 'log').read_text()
    assert not (tmp_path / 'work/results/summary.json').exists()
    run(upstream, data, tmp_path / 'work')
    found = [json.loads((p / 'results/summary.json').read_text()) for p in (tmp_path / 'work', runs['whole'].parent)]
    assert found[0] == pytest.approx(found[1], abs=0, nan_ok=True)


class Fragile(torch.nn.Module):
    """Fails on a batch with the number 13, gives NaN for 7; takes mmengine's test-time augmentation too."""

    def test_step(self, data):
        nested = isinstance(data['inputs'][0], list)
        numbers = data['inputs'][0] if nested else data['inputs']
        if 13 in numbers:
            raise ValueError('thirteen')
        samples = data['data_samples'][0] if nested else data['data_samples']
        for sample, number in zip(samples, numbers):
            sample.pred_score = torch.tensor([float('nan') if number == 7 else number / 100])
        return samples


@pytest.mark.parametrize('augmented', [False, True])
def test_one_image_of_a_batch_fails_alone(augmented):
    numbers = [1, 13, 7, 2]
    samples = [DataSample(metainfo=dict(img_path=f'{n}.png', unreadable=False)) for n in numbers]
    data = dict(inputs=numbers, data_samples=samples)
    if augmented:
        data = {key: [value, value] for key, value in data.items()}
    model, failures = Fragile(), Failures(limit=3)
    with tolerant(model, failures):
        found = model.test_step(data)
    assert [s.img_path for s in found] == ['1.png', '13.png', '7.png', '2.png']
    assert [forensic_sample(s).failed for s in found] == ['', 'ValueError: thirteen', 'its score is not finite', '']
    assert [forensic_sample(s).usable for s in found] == [True, False, False, True] and failures.count == 2
    with pytest.raises(ValueError, match='thirteen'):
        model.test_step(data)  # outside, as the class has it
    with tolerant(model, failures), pytest.raises(RuntimeError, match='3 images failed one after the other'):
        model.test_step(dict(inputs=[13] * 3, data_samples=samples[:3]))


@pytest.mark.parametrize('error', [KeyError('x'), TypeError('x'), NotImplementedError('x'), OSError('x'),
                                   RuntimeError('CUDA error: device-side assert triggered')])
def test_faults_of_the_program_and_the_machine_are_no_images(error):
    def faulty():
        raise error

    with pytest.raises(type(error)):
        Failures().attempt(faulty)
