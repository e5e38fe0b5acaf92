"""Data sets in an LMDB, over HTTP and on an object store are those of the local folder; what lacks is a sentence."""

import json
import os
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmengine.registry import DATASETS

from mmcabl.datasets import ForgeryList, read_image
from mmcabl.engine.needs import test_needs as needs_of_test
from mmcabl.evaluation import ImageAUC, PixelF1
from mmcabl.images import Unreachable, backends, read_file, read_picture
from mmcabl.utils.data_configs import SETS
from tests.small_sets import write_sets
from tests.stores import PetrelClient, in_lmdb, served

STEPS = [dict(type='mmcabl.LoadForensicImage'), dict(type='mmcabl.LoadForgeryMask'),
         dict(type='mmcabl.PackForensicInputs')]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Two authentic and two manipulated images of each set, a list of all files in each, and lists of one set."""
    folder = tmp_path_factory.mktemp('stores')
    write_sets(folder, (24, 32), 12)
    for name in SETS:
        files = sorted(p.relative_to(folder / name).as_posix() for p in (folder / name).rglob('*') if p.is_file())
        (folder / name / 'files.txt').write_text(''.join(f'./{file}\n' for file in files))
    local = DATASETS.build(dict(type='mmcabl.CASIAv1', data_root=str(folder / 'CASIAv1'), pipeline=[]))
    rows = [(os.path.relpath(e['img_path'], folder), e['gt_label'],
             e['gt_mask_path'] and os.path.relpath(e['gt_mask_path'], folder))
            for e in map(local.get_data_info, range(4))]
    (folder / 'list.csv').write_text('image,label,mask\n' + ''.join(f'{i},{k},{m or ""}\n' for i, k, m in rows))
    (folder / 'list.json').write_text(json.dumps([[i, m or 'Negative'] for i, _, m in rows]))
    (folder / 'some.txt').write_text(os.path.relpath(rows[1][0], 'CASIAv1') + '\n')
    return folder


@pytest.fixture
def place(request, root, tmp_path, monkeypatch):
    """``data_root`` and ``backend_args`` of the tree elsewhere."""
    if request.param == 'lmdb':
        pytest.importorskip('lmdb', reason="needs python-lmdb: pip install 'mmcabl[lmdb]'")
        yield dict(data_root='kept', backend_args=in_lmdb(root, tmp_path / 'db', 'kept/'))
    elif request.param == 'http':
        with served(root) as server:
            yield dict(data_root=server.address)
    else:
        monkeypatch.setattr(PetrelClient, 'folder', root, raising=False)
        client = SimpleNamespace(client=SimpleNamespace(Client=PetrelClient))
        monkeypatch.setitem(sys.modules, 'petrel_client', client)
        monkeypatch.setattr('mmengine.fileio.io.backend_instances', {})
        yield dict(data_root='s3://bucket')


def packed(cfg):
    data = DATASETS.build(dict(cfg, pipeline=STEPS, test_mode=True))
    return data, [data[i] for i in range(len(data))]


def metrics(samples):
    """P-F1 and I-AUC of a mask and a score that are made of the pixels."""
    auc, f1, given = ImageAUC(), PixelF1(), []
    for sample in samples:
        grey = sample['inputs'].float().mean(0)
        given.append(dict(sample['data_samples'].to_dict(), pred_score=grey.new_tensor([0, grey.std() / 255]),
                          pred_mask=grey > 128, cam=grey / 255))
    for metric in (auc, f1):
        metric.process(None, given)
    found = {**auc.evaluate(len(given)), **f1.evaluate(len(given))}
    return {key: value for key, value in found.items() if 'random' not in key}  # which is drawn from the path


def same(here, there):
    assert len(here) == len(there) > 0
    for a, b in zip(here, there):
        assert (a['inputs'] == b['inputs']).all()
        mine, other = (s['data_samples'].to_dict() for s in (a, b))
        assert mine['gt_label'] == other['gt_label'] and np.array_equal(mine['gt_mask'], other['gt_mask'])
        assert not other['unreadable'] and other['dataset_name'] == mine['dataset_name']


@pytest.mark.parametrize('place', ['lmdb', 'http', 's3'], indirect=True)
def test_the_protocol_elsewhere_is_the_local_one(root, place):
    cfg = dict(type='mmcabl.ForgeryBenchmark')
    _, here = packed(dict(cfg, data_root=str(root)))
    _, there = packed(dict(cfg, **place))
    same(here, there)
    found = metrics(there)
    assert found == metrics(here) and found['average/p_f1'] > 0.2 and 'CASIAv1/i_auc' in found
    assert not needs_of_test(dict(test_dataloader=dict(dataset=dict(cfg, **place))))


@pytest.mark.parametrize('place', ['lmdb', 'http', 's3'], indirect=True)
@pytest.mark.parametrize('file', ['list.csv', 'list.json', 'absolute'])
def test_lists_elsewhere_are_the_local_ones(root, place, file):
    given = str(root / 'list.csv') if file == 'absolute' else file  # a list of this machine, of images elsewhere
    cfg = dict(type='mmcabl.ForgeryList', name='list')
    _, here = packed(dict(cfg, data_root=str(root), ann_file=given))
    data, there = packed(dict(cfg, ann_file=given, **place))
    same(here, there)
    assert data.get_data_info(0)['img_path'].startswith(place['data_root'])


def test_folders_with_labels_and_selections_in_an_lmdb(root, tmp_path):
    pytest.importorskip('lmdb', reason="needs python-lmdb: pip install 'mmcabl[lmdb]'")
    kept = dict(backend_args=in_lmdb(root / 'CASIAv1', tmp_path / 'db'))
    (tmp_path / 'one.txt').write_text('CASIA 1.0 dataset/Au/Au_syn_00002.jpg\n')
    cfg = dict(type='mmcabl.CASIAv1', ann_file=str(tmp_path / 'one.txt'))  # keys without a root, a list beside them
    same(packed(dict(cfg, data_root=str(root / 'CASIAv1')))[1], packed(dict(cfg, **kept))[1])
    cfg = dict(type='mmcabl.ForgeryFolders', manipulated=['CASIA 1.0 dataset/Tp'], authentic=['CASIA 1.0 dataset/Au'],
               masks='CASIA 1.0 groundtruth')
    same(packed(dict(cfg, data_root=str(root / 'CASIAv1')))[1], packed(dict(cfg, **kept))[1])
    for row, sentence in (('gone.jpg,0,', 'list.csv, line 2: gone.jpg is not there.'),
                          ('../x.jpg,0,', 'leads out of the data root'), ('/etc/x.jpg,0,', 'leads out of'),
                          ('http://elsewhere/x.jpg,0,', 'leads out of the data root')):
        (tmp_path / 'list.csv').write_text(f'image,label,mask\n{row}\n')
        with pytest.raises(ValueError, match=sentence):
            ForgeryList(str(tmp_path / 'list.csv'), pipeline=[], **kept)
    with pytest.raises(ValueError, match=f'^gone.jpg is not in the LMDB {tmp_path}/db.$'):
        read_image('gone.jpg', backend_args=kept['backend_args'])
    with pytest.raises(ValueError, match='^caf.* takes ASCII alone.$'):
        read_image('caf\xe9.jpg', backend_args=kept['backend_args'])
    with pytest.raises(Unreachable, match='a.jpg cannot be read by .*LmdbBackend'):
        read_image('a.jpg', backend_args=dict(backend='lmdb', db_path=str(tmp_path / 'none')))


@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')  # mmengine's, of a failed __init__
def test_what_holds_for_files_holds_for_bytes(root, tmp_path, monkeypatch):
    monkeypatch.setattr(backends, 'PAUSES', (0, 0))
    bad = tmp_path / 'bad'
    bad.mkdir()
    whole = cv2.imencode('.png', np.zeros((40, 50, 3), np.uint8))[1].tobytes()
    for name, data in (('empty.png', b''), ('cut.png', whole[:-9]), ('text.png', b'no image'), ('a b+1#.png', whole)):
        (bad / name).write_bytes(data)
    with served(bad) as server:
        for name, sentence in (('gone.png', 'HTTP 404 File'), ('empty.png', r'is empty \(0 bytes\)'),
                               ('cut.png', 'is truncated'), ('text.png', 'is not an image that OpenCV can decode'),
                               ('huge', 'is larger than')):
            with pytest.raises(ValueError, match=f'^{server.address}/{name} .*{sentence}'):
                read_image(f'{server.address}/{name}')
        with pytest.raises(ValueError, match='has 50 x 40 px, more than the limit'):
            read_picture(f'{server.address}/a%20b%2B1%23.png', max_pixels=1000)
        assert read_file(f'{server.address}/a b%2B1%23.png', 10 ** 6) == whole  # a blank may stand as it is
        server.busy = 2
        assert read_file(f'{server.address}/busy/a%20b%2B1%23.png', 10 ** 6) == whole and server.busy == 0
        server.busy = 9
        with pytest.raises(Unreachable, match='busy/x.png cannot be read: HTTP 503 .* 3 times; when its server'):
            read_file(f'{server.address}/busy/x.png', 100)
        with pytest.raises(Unreachable, match='10 of 1000 bytes came'):
            read_file(f'{server.address}/cut', 10 ** 6)
        with pytest.raises(ValueError, match=r'cannot be listed, .*HTTP 404 .*find \. -type f > files.txt'):
            DATASETS.build(dict(type='mmcabl.CASIAv1', data_root=server.address, pipeline=[]))
    with pytest.raises(Unreachable, match='Connection refused'):
        read_file(f'{server.address}/x.png', 100)
    with pytest.raises(ValueError, match="Unknown file backend 'tape'; accepted are http, lmdb, local"):
        ForgeryList('x.csv', backend_args=dict(backend='tape'))
    monkeypatch.setitem(sys.modules, 'lmdb', None)
    with pytest.raises(ImportError, match=r"'lmdb' needs lmdb \(pip install 'mmcabl\[lmdb\]'\)"):
        ForgeryList('x.csv', backend_args=dict(backend='lmdb', db_path='none'))
