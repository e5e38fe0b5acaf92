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

from mmcabl.apis import build_index, score_share
from mmcabl.apis.image_sources import paths_of
from mmcabl.apis.inputs import photographs_in
from mmcabl.apis.scoring import rank_and_size
from mmcabl.records import from_text
from tests.scoring_kills import killed_often
from tests.scoring_runs import SCRIPT, picture_at, share, tables
from tests.stores import in_lmdb, served

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


def test_images_that_came_went_and_changed_are_counted_aloud(tmp_path, said):
    for i in range(4):
        picture_at(tmp_path / f'images/{i}.png', i)
    build_index(tmp_path / 'images', tmp_path / 'out/index', 3)
    build_index(tmp_path / 'images', tmp_path / 'out/index', 3)
    assert not said()
    picture_at(tmp_path / 'images/a/new.png', 9)
    picture_at(tmp_path / 'images/3.png', 9, (30, 20))
    (tmp_path / 'images/2.png').unlink()
    assert build_index(tmp_path / 'images', tmp_path / 'out/index', 3).count == 4
    for kind, sentence, path in (
            ('new', 'has 1 images that are not in', 'a/new.png'), ('gone', '1 of 4 images of', '2.png'),
            ('changed', 'have another size or time of change than when they were listed', '3.png')):
        assert sentence in said() and f'the first being {tmp_path}/images/{path}' in said()
        assert (tmp_path / f'out/{kind}_images.txt').read_text() == f'{tmp_path}/images/{path}\n'
    for path in (tmp_path / 'images').rglob('*.png'):
        path.unlink()
    with pytest.raises(FileNotFoundError, match='has no images'):  # an empty mount point is no empty data set
        build_index(tmp_path / 'images', tmp_path / 'out/index', 3)


def test_new_images_are_added_behind_the_old_and_nothing_else_changes(predictor, tmp_path):
    images, out = tmp_path / 'images', tmp_path / 'out'
    for i in range(4):
        picture_at(images / f'{i}.png', i)
    share(predictor, images, out, 3, 2)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.rglob('*.p*') if path.is_file()}
    assert len(before) == 6
    for i, name in enumerate(('0a.png', 'b/new.png', 'c.webp', 'd.png')):
        picture_at(images / name, 10 + i)
    assert share(predictor, images, out, 3, 2)[0] == 0  # not without being asked
    with pytest.raises(ValueError, match='of 2 processes; it is done by one'):
        score_share(predictor, images, out, 3, 2, world_size=2, add_new=True)
    with pytest.raises(ZeroDivisionError), pytest.MonkeyPatch.context() as broken:  # killed before the last file
        broken.setattr('mmcabl.apis.image_index.write_whole', lambda *args, **kwargs: 1 / 0)
        build_index(images, out / 'index', 3, add_new=True)
    assert share(predictor, images, out, 3, 2)[0] == 0
    count, said = share(predictor, images, out, 3, 2, add_new=True)
    assert count == 4 and 'has 4 images that are not in' in said and 'they are added and scored now' in said
    assert all((path.read_bytes(), path.stat().st_mtime_ns) == kept for path, kept in before.items())
    rows, masks = tables(out)
    assert [row['index'] for row in rows] == list(range(8)) and len(masks) == 8
    assert [os.path.relpath(row['image'], images) for row in rows] == [
        '0.png', '1.png', '2.png', '3.png', '0a.png', 'c.webp', 'd.png', 'b/new.png']
    assert share(predictor, images, out, 3, 2)[0] == 0 and share(predictor, images, out, 3, 2, add_new=True)[0] == 0
    picture_at(images / 'e.png', 20)
    assert share(predictor, images, out, 3, 2, add_new=True)[0] == 1 and len(tables(out)[0]) == 9


def test_every_photograph_is_taken_and_what_is_passed_over_is_said(tmp_path, said):
    names = ['a.webp', 'b.GIF', 'c.jfif', 'd.heic', 'e.jpg']
    for name in (*names, 'notes.txt', '._a.jpg', 'z.pdf', 'y.doc'):
        (tmp_path / 'images' / name).parent.mkdir(exist_ok=True)
        (tmp_path / 'images' / name).touch()
    assert build_index(tmp_path / 'images', tmp_path / 'out/index', 3).count == 5
    checked, others = photographs_in(tmp_path / 'images')  # what `mmcabl check` takes
    assert list(paths_of(str(tmp_path / 'images'))) == checked == [str(tmp_path / 'images' / name) for name in names]
    assert len(others) == 4 and '4 files that are no images by their names and are passed over: ' in said()
    assert '._a.jpg, notes.txt, y.doc, ...' in said()


@pytest.mark.parametrize('place', ['lmdb', 'http'])
def test_images_of_an_lmdb_and_of_a_server_have_the_local_records(setting, predictor, whole, tmp_path, place):
    rows, masks = tables(whole)
    names = [os.path.relpath(row['image'], setting / 'images') for row in rows]
    if place == 'lmdb':
        pytest.importorskip('lmdb', reason="needs python-lmdb: pip install 'mmcabl[lmdb]'")
        monkey = pytest.MonkeyPatch()
        monkey.setattr(predictor, 'backend_args', in_lmdb(setting / 'images', tmp_path / 'db', 'kept/'))
        monkey.setattr(predictor.inferencer, 'backend_args', predictor.backend_args)
        assert share(predictor, 'kept', tmp_path / 'out', 7, 2)[0] == 60
        monkey.undo()
        expected = [f'kept/{name}' for name in names]
    else:
        with served(setting / 'images') as server:
            (tmp_path / 'list.txt').write_text('\n'.join(f'{server.address}/{name}' for name in (*names, 'gone.png')))
            assert share(predictor, tmp_path / 'list.txt', tmp_path / 'out', 7, 2)[0] == 61
        expected = [f'{server.address}/{name}' for name in (*names, 'gone.png')]
    found, kept = tables(tmp_path / 'out')
    assert [row['image'] for row in found] == expected and kept == masks
    given = ('score', 'area', 'box_x0', 'positive_x', 'unreadable', 'failed', 'mask')
    assert [[row[key] for key in given] for row in found[:60]] == [[row[key] for key in given] for row in rows]
    if place == 'http':
        assert found[60]['reason'] == f'{expected[60]} cannot be read: HTTP 404 File not found.'


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
