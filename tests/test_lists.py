"""Lists in the community's formats, bad lists, plain folders, and lists of 100,000 images."""

import json
import os
import time
import tracemalloc

import pytest
from torch.utils.data import DataLoader

from mmcabl.datasets import BadList, ForgeryFolders, ForgeryList
from tests.layouts import touch


def listed(tmp_path, name, text, **kwargs):
    (tmp_path / name).write_text(text)
    data = ForgeryList(data_root=str(tmp_path / 'root'), ann_file=str(tmp_path / name), pipeline=[], **kwargs)
    return [(os.path.basename(i['img_path']), i['gt_label'],
             i['gt_mask_path'] and os.path.basename(i['gt_mask_path']))
            for i in map(data.get_data_info, range(len(data)))]


@pytest.fixture
def root(tmp_path):
    touch(tmp_path / 'root', 'a.jpg', 'b c.jpg', 'd.jpg', 'm/a.png')
    touch(tmp_path, 'outside.jpg')
    return tmp_path / 'root'


def test_every_format(tmp_path, root):
    pairs = [[str(root / 'a.jpg'), 'm/a.png'], ['d.jpg', 'Negative']]
    expected = [('a.jpg', 1, 'a.png'), ('d.jpg', 0, None)]
    for name, text in (('l.json', json.dumps(pairs)), ('cat.txt', 'a.jpg,m/a.png,x.jpg\n\nd.jpg,None,d.jpg\n'),
                       ('mvss.txt', 'a.jpg m/a.png 1\nd.jpg None 0\n'),
                       ('l.csv', 'label,image,mask\nmanipulated,a.jpg,m/a.png\n0,d.jpg,\n'),
                       ('w.json', json.dumps({'a': dict(subset='x', path='a.jpg', label=1, mask='m/a.png'),
                                              'd': dict(path='d.jpg', label=0)}))):
        assert listed(tmp_path, name, text) == expected, name
    assert listed(tmp_path, 'nomask.csv', 'image,label\n"b c.jpg",Authentic\nd.jpg,1\n') == [
        ('b c.jpg', 0, None), ('d.jpg', 1, None)]
    assert listed(tmp_path, 'x.list', 'a.jpg,m/a.png\nd.jpg,None\n', format='catnet') == expected


@pytest.mark.parametrize('name, text, said', [
    ('l.json', '[["a.jpg", "Negative"], ["gone.jpg", "Negative"]]', r'l.json, entry 2: .*gone.jpg is not there'),
    ('l.json', '[["a.jpg", "m/gone.png"]]', r'l.json, entry 1: .*m/gone.png is not there'),
    ('l.json', '[["a.jpg"]]', r'l.json, entry 1: \["a.jpg"\] is not an \[image, mask or "Negative"\] pair'),
    ('l.json', '"a.jpg"', r'l.json, line 1: the JSON is a str, not a list'),
    ('l.json', '[["a.jpg",\n "Negative"', r'l.json, line 2: not JSON'),
    ('l.json', '{"a": {"label": 1}}', r'l.json, entry 1 \(a\): an object with path and label is needed'),
    ('c.txt', 'd.jpg,None\n../outside.jpg,None\n', r'c.txt, line 2: ../outside.jpg leads out of the data root'),
    ('c.txt', 'm/../../outside.jpg,None\n', r'c.txt, line 1: m/../../outside.jpg leads out'),
    ('c.txt', '/etc/hosts,None\n', r'c.txt, line 1: /etc/hosts leads out'),
    ('m.txt', 'a.jpg m/a.png 1\nb c.jpg None 0\n', r'm.txt, line 2: 4 columns, where MVSS-Net lists have 3'),
    ('m.txt', 'a.jpg m/a.png 2\n', r"m.txt, line 1: label '2' is neither authentic \(0.* nor manipulated \(1"),
    ('c.csv', 'image,label\na.jpg,maybe\n', r"c.csv, line 2: label 'maybe' is neither"),
    ('c.csv', 'image,label\na.jpg,1\nd.jpg\n', r'c.csv, line 3: 1 columns, where the header has 2'),
    ('c.csv', 'path,label\na.jpg,1\n', r'c.csv, line 1: the header is path,label; .*image and label'),
    ('c.csv', '', r'c.csv, line 1: the header is empty'),
])
def test_bad_lists_are_one_sentence_with_file_and_line(tmp_path, root, name, text, said):
    with pytest.raises(BadList, match=said) as caught:
        listed(tmp_path, name, text)
    assert str(caught.value).count('\n') == 0 and isinstance(caught.value, ValueError)


def test_bad_arguments(tmp_path, root):
    with pytest.raises(ValueError, match="Unknown list format 'xml'; accepted are catnet"):
        listed(tmp_path, 'l.txt', '', format='xml')
    with pytest.raises(ValueError, match='has no subsets'):
        listed(tmp_path, 'l.txt', 'a.jpg,None', format='catnet', subset='val')
    with pytest.raises(FileNotFoundError, match='gone.json is not a file'):
        ForgeryList(data_root=str(root), ann_file=str(tmp_path / 'gone.json'), pipeline=[])
    assert listed(tmp_path, 'l.txt', 'gone.jpg,None\n', check_files=False) == [('gone.jpg', 0, None)]


def test_plain_folders(tmp_path):
    touch(tmp_path, 'Tp/x/a.jpg', 'Tp/b.TIF', 'Tp/c.png', 'Gt/x/a.png', 'Gt/b_gt.png', 'Au/n.jpg', 'Gt/stray.png')
    data = ForgeryFolders(data_root=str(tmp_path), pipeline=[])
    found = {os.path.relpath(i['img_path'], tmp_path): (i['gt_label'], i['gt_mask_path'] and os.path.relpath(
        i['gt_mask_path'], tmp_path)) for i in map(data.get_data_info, range(len(data)))}
    assert found == {'Au/n.jpg': (0, None), 'Tp/x/a.jpg': (1, 'Gt/x/a.png'), 'Tp/b.TIF': (1, 'Gt/b_gt.png'),
                     'Tp/c.png': (1, None)}
    named = ForgeryFolders(data_root=str(tmp_path), manipulated='Au', authentic='Tp', masks=None, pipeline=[])
    assert [named.get_data_info(i)['gt_label'] for i in range(4)] == [0, 0, 0, 1]
    touch(tmp_path, 'Tp/c.jpg', 'Gt/c.png')
    with pytest.raises(ValueError, match='c.jpg and .*c.png both claim the mask .*Gt/c.png'):
        ForgeryFolders(data_root=str(tmp_path), pipeline=[])


@pytest.fixture(scope='module')
def long_list(tmp_path_factory):
    """100,000 images in 100 folders, every other one with a mask."""
    tmp = tmp_path_factory.mktemp('long')
    rows = []
    for folder in range(100):
        inner = tmp / f'a_folder_with_a_longish_name_{folder:03d}'
        inner.mkdir()
        for i in range(0, 1000, 2):
            names = [f'{inner.name}/Tp_D_NRN_S_N_sec00064_cha00052_{i + k:05d}.jpg' for k in (0, 1)]
            mask = f'{inner.name}/Tp_D_NRN_S_N_sec00064_cha00052_{i:05d}_gt.png'
            rows += [[names[0], mask], [names[1], 'Negative']]
            for name in (*names, mask):
                os.close(os.open(str(tmp / name), os.O_CREAT | os.O_WRONLY))
    (tmp / 'list.json').write_text(json.dumps(rows))
    return tmp


def test_a_long_list_loads_fast_and_small(long_list):
    times = []
    for _ in range(3):
        start = time.process_time()  # of this process alone, whatever else runs beside the tests
        data = ForgeryList(data_root=str(long_list), ann_file='list.json', pipeline=[])
        times.append(time.process_time() - start)
    assert len(data) == 100_000 and min(times) < 2, times
    tracemalloc.start()
    data = ForgeryList(data_root=str(long_list), ann_file='list.json', pipeline=[])
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300e6 and kept < 60e6, (kept, peak)
    info = data.get_data_info(99_998)
    assert info['gt_label'] == 1 and info['gt_mask_path'].endswith('_00998_gt.png')


def private(_):
    """Bytes that this process shares with no other."""
    with open('/proc/self/smaps_rollup') as file:
        return sum(int(line.split()[1]) for line in file if line.startswith('Private')) * 1024


class Walking:
    """A data set that gives the memory of the process after each look at an image."""

    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        assert self.data.get_data_info(index)['img_path']
        return private(None) if index % 20_000 in (0, 19_999) else -1


@pytest.mark.skipif(not os.path.exists('/proc/self/smaps_rollup'), reason='needs Linux')
def test_workers_share_the_list(long_list):
    data = ForgeryList(data_root=str(long_list), ann_file='list.json', pipeline=[])
    assert data.data_bytes.nbytes > 25e6
    loader = DataLoader(Walking(data), batch_size=10_000, num_workers=1, collate_fn=list,
                        multiprocessing_context='fork')
    memory = [m for batch in loader for m in batch if m > 0]
    assert memory[-1] - memory[0] < 8e6, memory  # a copy would be 27 MB and more
