"""Large inference: every image once after any kills, the same as undisturbed; shards; lists; broken files."""

import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmcabl.registry import MODELS
from mmcabl.scoring import Predictor, build_index, score_share
from mmcabl.scoring.chunk_results import ChunkResults
from mmcabl.scoring.run import rank_and_size
from tests import warm
from tests.distributed_runs import CONFIG

parquet = pytest.importorskip('pyarrow.parquet', reason='pyarrow cannot be imported', exc_type=ImportError)
KILLS = Path(__file__).parent / 'scoring_kills.py'
SCRIPT = Path(__file__).parents[1] / 'tools/score.py'


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
def undisturbed(setting):
    predictor = Predictor(str(setting / 'config.py'), str(setting / 'model.pth'))
    assert score_share(predictor, setting / 'images', setting / 'whole', 7, 2) == 60
    return predictor, setting / 'whole'


def tables(out):
    """(rows in the order of files, masks by name)."""
    rows = [row for p in sorted((out / 'scores').glob('*.parquet')) for row in parquet.read_table(p).to_pylist()]
    return rows, {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob('*.png')}


def test_the_table_has_every_image_once(setting, undisturbed):
    rows, masks = tables(undisturbed[1])
    assert [row['index'] for row in rows] == list(range(60))
    assert {row['image'] for row in rows} == {str(p) for p in (setting / 'images').rglob('x_*')}
    broken = [Path(row['image']).name for row in rows if row['unreadable']]
    assert sorted(broken) == ['x_01.png', 'x_20.JPG'] and len(masks) == 58
    for row in rows:
        if row['unreadable']:
            assert row['score'] is None and row['mask'] is None
            continue
        mask = cv2.imdecode(np.frombuffer(masks[row['mask']], np.uint8), -1)
        assert mask.shape == (row['height'], row['width']) and (mask > 0).mean() == pytest.approx(row['area'])
        assert 0 <= row['score'] <= 1 and 0 <= row['positive_x'] < row['width']
    assert not list(undisturbed[1].rglob('*.jsonl')) and not list(undisturbed[1].rglob('*.part*'))


def test_twenty_kills_lose_and_double_nothing(setting, undisturbed):
    out = setting / 'killed'
    done = warm.run([sys.executable, KILLS, setting / 'config.py', setting / 'model.pth', setting / 'images', out,
                     20, 0], timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1])['killed'] == 20
    rows, masks = tables(out)
    expected, expected_masks = tables(undisturbed[1])
    assert [r['index'] for r in rows] == list(range(60)) and masks.keys() >= expected_masks.keys()
    for row, wanted in zip(rows, expected):
        assert {**row, 'score': None, 'area': None} == {**wanted, 'score': None, 'area': None}
        # one thread there, several here: the last bits of a score may differ
        assert (row['score'], row['area']) == pytest.approx((wanted['score'], wanted['area']), abs=1e-6)
    again = setting / 'killed_again'
    warm.run([sys.executable, KILLS, setting / 'config.py', setting / 'model.pth', setting / 'images', again, 0, 0],
             check=True, timeout=600)
    assert tables(again)[0] == rows  # undisturbed, in one thread: the same to the last bit
    assert {k: v for k, v in masks.items() if '.part' not in k} == tables(again)[1]


def test_shares_are_disjoint_and_any_number_of_processes_goes_on(setting, undisturbed, tmp_path):
    predictor, whole = undisturbed
    first = score_share(predictor, setting / 'images', tmp_path, 7, 2, rank=0, world_size=3)
    assert first == 21 and len(list((tmp_path / 'scores').iterdir())) == 3
    rest = sum(score_share(predictor, setting / 'images', tmp_path, 7, 2, rank=r, world_size=2) for r in (1, 0))
    assert first + rest == 60
    rows, expected = tables(tmp_path)[0], tables(whole)[0]
    assert rows == expected
    assert score_share(predictor, setting / 'images', tmp_path, 7, 2) == 0


def test_what_does_not_fit_is_said(setting, undisturbed, tmp_path):
    predictor, whole = undisturbed
    with pytest.raises(ValueError, match='was made with chunk_size=7, now it is 8'):
        score_share(predictor, setting / 'images', whole, 8, 2)
    with pytest.raises(ValueError, match='results of another model or batch size'):
        score_share(predictor, setting / 'images', whole, 7, 3)
    with pytest.raises(FileNotFoundError, match='neither a folder nor a list'):
        score_share(predictor, setting / 'gone', tmp_path / 'a')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='has no images'):
        build_index(tmp_path / 'empty', tmp_path / 'index', 5)
    busy = ChunkResults(tmp_path, 0)
    busy.open()
    with pytest.raises(RuntimeError, match='Another process is at work on chunk 0'):
        ChunkResults(tmp_path, 0).open()


def test_the_script_takes_a_list(setting, tmp_path):
    names = ['images/0/x_03.png', 'images/0/x_00.JPG', 'images/1/x_01.png', 'images/gone.png']
    (setting / 'list.txt').write_text('\n'.join(names) + '\n')
    done = warm.run([sys.executable, SCRIPT, setting / 'config.py', setting / 'model.pth', setting / 'list.txt',
                     tmp_path / 'out', '--no-masks'], timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert '2 images so far could not be read' in done.stdout and 'rank 0: 4 images in' in done.stdout
    rows, masks = tables(tmp_path / 'out')
    assert [os.path.relpath(r['image'], setting) for r in rows] == names and not masks
    assert len((tmp_path / 'out/unreadable.txt').read_text().splitlines()) == 2


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
