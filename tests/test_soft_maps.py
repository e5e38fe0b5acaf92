"""Soft maps on wish, and thresholds chosen afterwards from what a test stored."""

import os

import numpy as np
import pytest

from mmcabl.cli.summarize import main
from mmcabl.evaluation import ImageAUC, PixelF1
from mmcabl.records import RecordingEvaluator, ResultStore
from mmcabl.records.thresholds import at_thresholds
from mmcabl.structures import ForensicSample
from mmcabl.utils.soft_maps import read_map


@pytest.fixture(scope='module')
def tested(tmp_path_factory):
    """Records, masks and 16-bit maps of six images of one test, half of them forged; (folder, samples)."""
    folder, rng = tmp_path_factory.mktemp('tested'), np.random.default_rng(0)
    evaluator, samples = RecordingEvaluator([ImageAUC(), PixelF1(baselines=False)]), []
    for i in range(6):
        truth = rng.random((12, 10)) < 0.4 * (i % 2)
        cam = (rng.integers(0, 100, truth.shape) * 0.6 + 40 * truth + 0.5).clip(0, 99.5) / 100  # between hundredths
        samples.append(ForensicSample(source=f'x{i}.png', dataset='set', index=i, label=i % 2, truth=truth,
                                      score=[0.2, 0.3, 0.6, 0.7, 0.35, 0.9][i], cam=cam.astype(np.float32),
                                      mask=cam > 0.8))
    with evaluator.recording(ResultStore(folder), folder / 'masks', map_bits=16):
        evaluator.process([dict(forensic=sample) for sample in samples])
    return folder, samples


@pytest.mark.parametrize('threshold', [0.4, 0.65])
def test_thresholds_from_records_are_those_from_maps(tested, threshold, capsys):
    folder, samples = tested
    found = at_thresholds(folder, [threshold])[0]
    maps = {record['index']: read_map(folder / record['map']) for record in ResultStore(folder).read().values()}
    assert all(np.abs(maps[s.index] - s.cam).max() < 1e-5 for s in samples)
    cut = [PixelF1.calculate(maps[s.index] >= threshold, s.truth) for s in samples if s.label]
    assert found['p_f1_map'] == pytest.approx(np.mean(cut), abs=1e-6)
    guess = [(s.score >= threshold) == bool(s.label) for s in samples]
    assert found['i_acc'] == pytest.approx(np.mean(guess))
    main([str(folder), '--threshold', str(threshold), '--sweep'])
    said = capsys.readouterr().out
    assert f'"p_f1_map": {found["p_f1_map"]}' in said and said.count('\n| 0.') == 19


def test_a_threshold_that_the_records_do_not_have_is_a_sentence(tested, tmp_path):
    for folder, threshold, error, sentence in ((tested[0], 0.455, ValueError, 'hundredths'),
                                               (tmp_path, 0.5, FileNotFoundError, 'no images')):
        with pytest.raises(error, match=sentence):
            at_thresholds(folder, [threshold])


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
@pytest.mark.usefixtures('one_thread')
def test_scoring_keeps_maps(setting, predictor, tmp_path):
    from tests.scoring_runs import share, tables
    assert share(predictor, setting / 'images/0', tmp_path / 'out', maps=8)[0] == 20
    rows, _ = tables(tmp_path / 'out')
    assert sum(row['map'] is not None for row in rows) == 20
    row = rows[3]
    cam = predictor.predict([(3, row['image'])], predictor.load([(3, row['image'])]))[0].cam
    assert np.abs(read_map(tmp_path / 'out' / row['map']) - cam).max() <= 0.51 / 255
    with pytest.raises(BaseException, match='another model or batch size'):
        share(predictor, setting / 'images/0', tmp_path / 'out')
