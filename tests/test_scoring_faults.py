"""What scoring says of wrong arguments, failing images and failing disks, and that nothing is lost by them."""

import os
import runpy
import sys

import pytest

from mmcabl.apis import build_index, score_share
from mmcabl.records.chunk_results import ChunkResults
from mmcabl.utils import files
from tests.scoring_runs import SCRIPT, Faulty, picture_at, share, tables

pytestmark = [pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork'),
              pytest.mark.usefixtures('one_thread')]


def test_what_does_not_fit_is_said(setting, predictor, whole, tmp_path):
    images = setting / 'images'
    with pytest.raises(ValueError, match='was made with chunk_size=7, now it is 8'):
        score_share(predictor, images, whole, 8, 2)
    with pytest.raises(ValueError, match='results of another model or batch size'):
        score_share(predictor, images, whole, 7, 3)
    with pytest.raises(ValueError, match='with or without masks'):
        score_share(predictor, images, whole, 7, 2, save_masks=False)
    with pytest.raises(FileNotFoundError, match='neither a folder nor a list'):
        score_share(predictor, setting / 'gone', tmp_path / 'a')
    for sizes in ((0, 2), (7, -1)):
        with pytest.raises(ValueError, match='accepts 1 or more'):
            score_share(predictor, images, tmp_path / 'a', *sizes)
    assert not (tmp_path / 'a').exists()
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='has no images'):
        build_index(tmp_path / 'empty', tmp_path / 'index', 5)
    with pytest.raises(OSError, match='cannot be written: Not a directory. What was finished'):
        score_share(predictor, images, setting / 'model.pth')
    busy = ChunkResults(tmp_path, 0)
    busy.open()
    with pytest.raises(RuntimeError, match='Another process is at work on chunk 0'):
        ChunkResults(tmp_path, 0).open()
    busy.close()


@pytest.mark.parametrize('change, sentence', [
    (dict(CONFIG='{tmp}/gone.py'), 'gone.py is not a file; scoring needs the config'),
    (dict(CONFIG='{tmp}/model.pth'), 'model.pth cannot be read as a config: '),
    (dict(CONFIG='{tmp}/other.py'), 'other.py has no model; scoring needs the config'),
    (dict(CONFIG='{tmp}/wrong.py'), 'wrong.py cannot be read as a config: '),
    (dict(IMAGES='{tmp}/none'), 'none has no images (.jpg,'),
    (dict(IMAGES='{tmp}/model.pth'), 'model.pth, line 1, is not text: accepted are a folder, an image (.jpg,'),
    (dict(IMAGES='{tmp}/other.py'), 'other.py: not one of the 1 paths in it is there, the first being '),
    (dict(OUT='{tmp}/model.pth'), 'cannot be written: Not a directory'),
    (dict(OUT='/proc/nothing/here'), 'cannot be written: No such file or directory'),
    (dict(device='abacus'), "'abacus' is not a device that can be used here ("),
    (dict(device='cuda:77'), "'cuda:77' is not a device that can be used here ("),
    (dict(chunk_size=0), 'Scoring was given chunk_size=0; it accepts 1 or more.'),
    (dict(batch_size=-3), 'Scoring was given batch_size=-3; it accepts 1 or more.'),
])
def test_the_script_says_in_a_sentence_what_is_wrong(setting, tmp_path, monkeypatch, change, sentence):
    (setting / 'none').mkdir(exist_ok=True)
    (setting / 'other.py').write_text('a = 1')
    (setting / 'wrong.py').write_text('a = (')
    given = dict(CONFIG='{tmp}/config.py', IMAGES='{tmp}/images', OUT=f'{tmp_path}/out', device='cpu', chunk_size=500,
                 batch_size=8)
    given.update(change)
    paths = [str(given[key]).format(tmp=setting) for key in ('CONFIG', 'IMAGES', 'OUT')]
    monkeypatch.setattr(sys, 'argv', ['score.py', paths[0], str(setting / 'model.pth'), *paths[1:], '--device',
                                      given['device'], '--chunk-size', str(given['chunk_size']), '--batch-size',
                                      str(given['batch_size'])])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name='__main__')
    assert sentence in str(ended.value) and '\n' not in str(ended.value) and len(str(ended.value)) < 500


def test_an_image_on_which_the_model_fails_costs_itself_alone(predictor, tmp_path, monkeypatch):
    for i in range(5):
        picture_at(tmp_path / f'images/{i}.png', i, (20 + i, 20))
    step = predictor.model.test_step

    def hostile(data):
        heights = [x.shape[-2] for x in data['inputs']]
        if 22 in heights:
            raise RuntimeError('Calculated padded input size per channel: (1 x 4)')
        samples = step(data)
        for sample, height in zip(samples, heights):
            if height == 23:
                sample.pred_score = sample.pred_score * float('nan')
        return samples

    monkeypatch.setattr(predictor.model, 'test_step', hostile)
    _, said = share(predictor, tmp_path / 'images', tmp_path / 'out', 5, 4)
    rows, masks = tables(tmp_path / 'out')
    assert [row['failed'] for row in rows] == [False, False, True, True, False] and len(masks) == 3
    assert rows[2]['reason'] == 'RuntimeError: Calculated padded input size per channel: (1 x 4)'
    assert rows[3]['reason'] == 'ValueError: its score is nan' and rows[3]['score'] is None
    assert '2.png failed and is left out' in said

    def broken(data):
        raise KeyError('a fault of the program')

    monkeypatch.setattr(predictor.model, 'test_step', broken)
    with pytest.raises(KeyError, match='a fault of the program'):
        score_share(predictor, tmp_path / 'images', tmp_path / 'b', 5, 4)
    monkeypatch.setattr(predictor.model, 'test_step', hostile)
    predictor.failures.limit, predictor.failures.in_a_row = 2, 0
    with pytest.raises(RuntimeError, match='2 images failed one after the other, so something else than the images'):
        score_share(predictor, tmp_path / 'images', tmp_path / 'c', 5, 4)
    predictor.failures.limit, predictor.failures.in_a_row = 50, 0


@pytest.fixture
def disk(monkeypatch):
    """Sets the disk's faults for the process."""
    def faults(**kwargs):
        faulty = type('Disk', (Faulty,), kwargs)
        Faulty.count = 0
        monkeypatch.setattr(files, 'RawFile', faulty)

    return faults


def test_short_writes_and_lost_ones_are_made_good(setting, predictor, whole, tmp_path, disk):
    disk(most=60)
    assert share(predictor, setting / 'images', tmp_path / 'short', 7, 2)[0] == 60
    assert tables(tmp_path / 'short') == tables(whole)
    # after the index and the model, masks and records in turn
    disk(lost=(5, 9, 16, 20))
    share(predictor, setting / 'images', tmp_path / 'lost', 7, 2)
    assert tables(tmp_path / 'lost') == tables(whole)
    disk(lost=range(3, 10000))
    with pytest.raises(OSError, match='lacks 7 of 7 images though they were written'):
        score_share(predictor, setting / 'images', tmp_path / 'never', 7, 2)
    assert not (tmp_path / 'never/scores').exists()


def test_a_full_disk_ends_with_a_sentence_and_nothing_half_finished(setting, predictor, tmp_path, disk):
    for full in range(1, 15):
        disk(full=(full,))
        with pytest.raises(OSError, match='cannot be written: No space left on device. What was finished before'):
            score_share(predictor, setting / 'images', tmp_path, 7, 2)
    assert len(list((tmp_path / 'scores').iterdir())) >= 1 and not list(tmp_path.rglob('*.part'))
    disk()
    score_share(predictor, setting / 'images', tmp_path, 7, 2)
    rows, masks = tables(tmp_path)
    assert [row['index'] for row in rows] == list(range(60)) and len(masks) == 58
