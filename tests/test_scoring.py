"""Large inference: every image once after any kills, the same as undisturbed; shards; lists; broken files."""

import io
import json
import logging
import os
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger

from mmcabl.apis import build_index
from mmcabl.apis.scoring import rank_and_size
from mmcabl.records import from_text
from tests.scoring_kills import killed_often
from tests.scoring_runs import SCRIPT, picture_at, share, tables

pytestmark = [pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork'),
              pytest.mark.usefixtures('one_thread')]


def test_the_table_has_every_image_once(setting, whole):
    rows, masks = tables(whole)
    assert [row['index'] for row in rows] == list(range(60))
    assert {row['image'] for row in rows} == {str(p) for p in (setting / 'images').rglob('x_*')}
    broken = [Path(row['image']).name for row in rows if row['unreadable']]
    assert sorted(broken) == ['x_01.png', 'x_20.JPG'] and len(masks) == 58
    assert not any(row['failed'] for row in rows)
    for row in rows:
        if row['unreadable']:
            assert row['image'] in row['reason']  # a sentence that names the file
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


@pytest.fixture
def said():
    """What is logged."""
    text, logger = io.StringIO(), MMLogger.get_current_instance()
    handler, level = logging.StreamHandler(text), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)  # `mmcabl check`, in an earlier test of this process, says less
    yield text.getvalue
    logger.setLevel(level)
    logger.removeHandler(handler)


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


@pytest.mark.parametrize('environment, asked, device', [
    ({}, '', 'cuda:0'), (dict(LOCAL_RANK='5'), '', 'cuda:5'), (dict(SLURM_LOCALID='3'), '', 'cuda:3'),
    (dict(SLURM_LOCALID='0', LOCAL_RANK='11'), '', 'cuda:3'), (dict(LOCAL_RANK='5'), 'cpu', 'cpu')])
def test_each_rank_scores_on_its_own_gpu(tmp_path, monkeypatch, environment, asked, device):
    class Asked(Exception):
        """With the device that the model would be loaded on."""

    def predictor(config, checkpoint, device, **kwargs):
        raise Asked(device)

    for name in ('RANK', 'WORLD_SIZE', 'SLURM_PROCID', 'SLURM_NTASKS', 'LOCAL_RANK', 'SLURM_LOCALID'):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 8)
    monkeypatch.setattr('mmcabl.apis.Predictor', predictor)
    monkeypatch.setattr(sys, 'argv', ['score.py', 'config.py', 'model.pth', 'images', str(tmp_path / 'out'),
                                      *(['--device', asked] if asked else [])])
    with pytest.raises(Asked, match=f'^{device}$'):
        runpy.run_path(str(SCRIPT), run_name='__main__')


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
