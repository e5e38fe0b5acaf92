"""Large inference: every image once after any kills, the same as undisturbed; shards; lists; broken files."""

import io
import json
import logging
import os
import re
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger

from mmcabl.registry import MODELS
from mmcabl.results import files, from_text
from mmcabl.scoring import Predictor, build_index, score_share
from mmcabl.scoring.chunk_results import ChunkResults
from mmcabl.scoring.run import rank_and_size
from tests.distributed_runs import CONFIG
from tests.forked import run
from tests.scoring_kills import killed_often

parquet = pytest.importorskip('pyarrow.parquet', reason='pyarrow cannot be imported', exc_type=ImportError)
SCRIPT = Path(__file__).parents[1] / 'tools/score.py'
pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def said():
    """What is logged."""
    text, logger = io.StringIO(), MMLogger.get_current_instance()
    handler = logging.StreamHandler(text)
    logger.addHandler(handler)
    yield text.getvalue
    logger.removeHandler(handler)


@pytest.fixture(scope='module')
def setting(tmp_path_factory):
    """A tiny model, 60 images in folders of which two are broken."""
    tmp = tmp_path_factory.mktemp('scoring')
    cfg = Config.fromfile(str(CONFIG))
    cfg.model.backbone.arch = dict(embed_dims=24, channel_ratio=1, num_heads=2, depths=3)
    cfg.model.backbone.base_channels = 8
    cfg.model.head.update(in_channels=32, embed_dims=24)
    cfg.model.update(scales=[32], flip=False)
    cfg.dump(str(tmp / 'config.py'))
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}), tmp / 'model.pth')
    rng = np.random.default_rng(0)
    for i in range(60):
        path = tmp / f'images/{i % 3}/x_{i:02d}.{"png" if i % 2 else "JPG"}'
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = rng.integers(0, 256, (rng.integers(20, 50), 40, 3), np.uint8)
        path.write_bytes(cv2.imencode('.png' if i % 2 else '.jpg', picture)[1].tobytes())
    (tmp / 'images/1/x_01.png').write_bytes(b'')
    (tmp / 'images/2/x_20.JPG').write_bytes(b'no image')
    (tmp / 'images/notes.txt').write_text('no image either')
    return tmp


@pytest.fixture(scope='module')
def predictor(setting):
    return Predictor(str(setting / 'config.py'), str(setting / 'model.pth'), 'cpu')


@pytest.fixture(scope='module')
def whole(setting, predictor):
    """Results of one undisturbed process; like all others here, a fork with one thread."""
    run(score_share, predictor, setting / 'images', setting / 'whole', 7, 2)
    return setting / 'whole'


def share(predictor, source, out, *args, **kwargs):
    """``score_share`` in a fork; (images computed, what was said)."""
    said = run(lambda: print(f'computed {score_share(predictor, source, out, *args, **kwargs)}'))
    return int(re.search(r'computed (\d+)', said)[1]), said


def tables(out):
    """(rows in the order of files, masks by name)."""
    rows = [row for p in sorted((out / 'scores').glob('*.parquet')) for row in parquet.read_table(p).to_pylist()]
    return rows, {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob('*.png')}


def picture_at(path, seed=0, shape=(24, 20)):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    path.write_bytes(cv2.imencode('.png', pixels)[1].tobytes())
    return path


def test_the_table_has_every_image_once(setting, whole):
    rows, masks = tables(whole)
    assert [row['index'] for row in rows] == list(range(60))
    assert {row['image'] for row in rows} == {str(p) for p in (setting / 'images').rglob('x_*')}
    broken = [Path(row['image']).name for row in rows if row['unreadable']]
    assert sorted(broken) == ['x_01.png', 'x_20.JPG'] and len(masks) == 58
    assert not any(row['failed'] for row in rows)
    for row in rows:
        if row['unreadable']:
            assert row['score'] is None and row['mask'] is None
            continue
        mask = cv2.imdecode(np.frombuffer(masks[row['mask']], np.uint8), -1)
        assert mask.shape == (row['height'], row['width']) and (mask > 0).mean() == pytest.approx(row['area'])
        assert 0 <= row['score'] <= 1 and 0 <= row['positive_x'] < row['width']
    left = {p.suffix for p in whole.rglob('*') if p.is_file()}
    assert left == {'.parquet', '.png', '.json', '.txt', '.npy'}  # no journal, no lock, nothing half-written


@pytest.mark.parametrize('seed', [0])
def test_twenty_kills_lose_and_double_nothing(setting, predictor, whole, tmp_path, seed):
    assert killed_often(predictor, setting / 'images', tmp_path, 20, seed) == 20
    assert tables(tmp_path) == tables(whole)  # to the last bit
    names = {p.name for p in tmp_path.rglob('*.part')} | {p.name for p in (tmp_path / 'journal').iterdir()}
    assert not {name for name in names if name.endswith(('.jsonl', '.lock'))}


def test_shares_are_disjoint_and_any_number_of_processes_goes_on(setting, predictor, whole, tmp_path):
    images = setting / 'images'
    first, _ = share(predictor, images, tmp_path, 7, 2, rank=0, world_size=3)
    assert first == 21 and len(list((tmp_path / 'scores').iterdir())) == 3
    rest = sum(share(predictor, images, tmp_path, 7, 2, rank=r, world_size=2)[0] for r in (1, 0))
    assert first + rest == 60
    assert tables(tmp_path)[0] == tables(whole)[0]
    assert share(predictor, images, tmp_path, 7, 2)[0] == 0


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


def test_the_script_takes_a_list(setting, tmp_path, monkeypatch, capsys):
    names = ['images/0/x_03.png', 'images/0/x_00.JPG', 'images/1/x_01.png', 'images/gone.png']
    (setting / 'list.txt').write_bytes(b'\xef\xbb\xbf' + '\r\n'.join(names).encode())
    command = [str(SCRIPT), str(setting / 'config.py'), str(setting / 'model.pth'), str(setting / 'list.txt')]
    monkeypatch.setattr(sys, 'argv', [*command, str(tmp_path / 'out'), '--no-masks', '--device', 'cpu'])
    runpy.run_path(str(SCRIPT), run_name='__main__')
    said = capsys.readouterr().out
    assert 'rank 0: 4 images in' in said and '0 failed\n' in said
    assert f'2 could not be read ({tmp_path}/out/unreadable.txt), 0 failed ({tmp_path}/out/failed.txt)' in said
    rows, masks = tables(tmp_path / 'out')
    assert [os.path.relpath(r['image'], setting) for r in rows] == names and not masks
    assert len((tmp_path / 'out/unreadable.txt').read_text().splitlines()) == 2


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


def test_one_image_is_a_source(setting, predictor, tmp_path):
    assert share(predictor, setting / 'images/0/x_00.JPG', tmp_path)[0] == 1
    rows, masks = tables(tmp_path)
    assert rows[0]['image'] == str(setting / 'images/0/x_00.JPG') and list(masks) == [rows[0]['mask']]


def test_names_that_are_no_utf8_are_scored_and_written_reversibly(predictor, tmp_path):
    names = [b'caf\xe9.png', 'café.png'.encode(), b'two\nlines.png', b'n' * 251 + b'.png', b'file:x.png', b'%E9.png']
    paths = sorted(os.fsdecode(os.path.join(os.fsencode(tmp_path), b'images', name)) for name in names)
    for i, path in enumerate(paths):
        picture_at(path, i)
    assert share(predictor, tmp_path / 'images', tmp_path / 'out', 4, 2)[0] == 6
    rows, masks = tables(tmp_path / 'out')
    assert [from_text(row['image']) for row in rows] == paths and len(masks) == 6
    assert sum(row['image'].startswith('file:') for row in rows) == 2  # the others are absolute, printable UTF-8
    texts = [row['image'] for row in rows]
    (tmp_path / 'list.txt').write_text('\n'.join(texts))  # what the table says can be scored again
    build_index(tmp_path / 'list.txt', tmp_path / 'again', 9)
    assert [json.loads(line) for line in open(tmp_path / 'again/images.txt')] == paths  # noqa: SIM115


def test_images_that_came_and_went_are_counted_aloud(predictor, tmp_path, said):
    for i in range(4):
        picture_at(tmp_path / f'images/{i}.png', i)
    build_index(tmp_path / 'images', tmp_path / 'out/index', 3)
    build_index(tmp_path / 'images', tmp_path / 'out/index', 3)
    assert not said()
    picture_at(tmp_path / 'images/a/new.png', 9)
    (tmp_path / 'images/2.png').unlink()
    assert build_index(tmp_path / 'images', tmp_path / 'out/index', 3).count == 4
    assert 'has 1 images that are not in' in said() and '1 of 4 images of' in said()
    assert (tmp_path / 'out/new_images.txt').read_text() == f'{tmp_path}/images/a/new.png\n'
    for path in (tmp_path / 'images').rglob('*.png'):
        path.unlink()
    with pytest.raises(FileNotFoundError, match='has no images'):  # an empty mount point is no empty data set
        build_index(tmp_path / 'images', tmp_path / 'out/index', 3)


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


class Faulty(files.RawFile):
    """A file on a disk with faults: takes ``most`` bytes at a time, and loses all of a write or is full at times."""

    most, lost, full = 10 ** 9, (), ()
    count = 0

    def write(self, data):
        Faulty.count += 1
        if Faulty.count in self.full:
            super().write(data[:len(data) // 2])
            raise OSError(28, 'No space left on device')
        if Faulty.count in self.lost:
            return len(data)
        return super().write(data[:self.most])


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


def test_ranks_come_from_torchrun_or_slurm(monkeypatch):
    for name in ('RANK', 'WORLD_SIZE', 'SLURM_PROCID', 'SLURM_NTASKS'):
        monkeypatch.delenv(name, raising=False)
    assert rank_and_size() == (0, 1)
    monkeypatch.setenv('SLURM_PROCID', '3')
    monkeypatch.setenv('SLURM_NTASKS', '8')
    assert rank_and_size() == (3, 8)
    monkeypatch.setenv('RANK', '1')
    monkeypatch.setenv('WORLD_SIZE', '2')
    assert rank_and_size() == (1, 2)
