"""Lists in the community's formats, bad lists, plain folders, and lists of 100,000 images."""

import json
import os
import time
import tracemalloc

import pytest
from torch.utils.data import DataLoader

from mmcabl.datasets import BadList, ForgeryFolders, ForgeryList
from mmcabl.datasets.lists.plain_text import PlainText
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
    ('l.json', '[["a.jpg"]]', r'l.json, entry 1: \[.a.jpg.\] is not an \[image, mask or "Negative"\] pair'),
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
    ('c.csv', 'image,label,mask\nd.jpg,0,\n,1,m/a.png\n', r'c.csv, line 3: the path of the image is empty'),
    ('c.txt', ',m/a.png\n', r'c.txt, line 1: the path of the image is empty'),
    ('l.json', '[["", "m/a.png"]]', r'l.json, entry 1: the path of the image is empty'),
    ('c.csv', 'image,label,mask\na.jpg,0,m/a.png\n', r'c.csv, line 2: a.jpg is authentic and has the mask m/a.png'),
    ('m.txt', 'a.jpg m/a.png 0\n', r'm.txt, line 1: a.jpg is authentic and has the mask'),
    ('w.json', '{"a": {"path": "a.jpg", "label": 0, "mask": "m/a.png"}}', r'entry 1 \(a\): a.jpg is authentic'),
    ('w.json', '{"a": {"path": "a.jpg", "label": 0}, "a": {"path": "a.jpg", "label": 1}}',
     r"w.json, entry 2: the key 'a' is there twice"),
    ('w.json', '{"a": {"path": "a.jpg", "label": 0, "label": 1}}', r"entry 1 \(a\): the key 'label' is there twice"),
    ('c.csv', 'image,label,label\na.jpg,0,1\n', r'c.csv, line 1: the header has the column label 2 times'),
    ('w.json', '{"a": {"path": 7, "label": 1}}', r'w.json, entry 1 \(a\): path is 7, not a text'),
    ('w.json', '{"a": {"path": "a.jpg", "label": 1, "mask": ["m"]}}', r"entry 1 \(a\): mask is \['m'\], not a text"),
    ('w.json', '{"a": {"path": "a.jpg", "label": 1, "subset": {}}}', r'entry 1 \(a\): subset is {}, not a text'),
    ('w.json', '{"a": {"path": "a.jpg", "label": [1]}}', r'entry 1 \(a\): label \[1\] is neither'),
    ('l.json', '[' * 5000 + ']' * 5000, r'l.json, line 1: the JSON is nested too deeply'),
    ('w.json', '{"a": {"path": "a.jpg", "label": ' + '9' * 5000 + '}}', '(line 1: not JSON|entry 1 .a.: label)'),
    ('c.csv', 'image,label\n' + 'x' * 200_000 + ',1\n', r'c.csv, line \d: not CSV \(field larger'),
    ('c.csv', 'image,label\na.jpg,1\nb\0.jpg,1\n', r'c.csv, line 3: (b.x00.jpg has a zero byte|not CSV)'),
    ('c.txt', 'a.jpg,None\na\0,None\n', r'c.txt, line 2: a.x00 has a zero byte in it'),
    ('c.txt', 'a.jpg,m\n', r'c.txt, line 1: .*root/m is a folder'),
    ('c.txt', 'm,None\n', r'c.txt, line 1: .*root/m is a folder'),
    ('c.txt', 'a.jpg/x.jpg,None\n', r'c.txt, line 1: .*a.jpg/x.jpg is not there'),
    ('c.txt', 'nowhere/x.jpg,None\n', r'c.txt, line 1: .*nowhere/x.jpg is not there'),
    ('c.txt', '.,None\n', r'c.txt, line 1: . leads out of'),
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


def test_bytes_that_are_no_text_are_bad_lists_or_names(tmp_path, root):
    with open(os.fsencode(root) + b'/caf\xe9.jpg', 'wb'):
        pass
    for name, text in (('l.txt', b'caf\xe9.jpg,None\n'), ('l.csv', b'image,label\ncaf\xe9.jpg,0\n'),
                       ('l.json', b'[["caf\xe9.jpg", "Negative"]]'), ('m.txt', b'caf\xe9.jpg None 0\n')):
        (tmp_path / name).write_bytes(text)
        data = ForgeryList(data_root=str(root), ann_file=str(tmp_path / name), pipeline=[])
        assert os.fsencode(data.get_data_info(0)['img_path']) == os.fsencode(root) + b'/caf\xe9.jpg'
    for name, text in (('utf16.txt', 'a.jpg,None\n'.encode('utf-16')), ('jpeg.txt', b'\xff\xd8\xff\xe0,\0\x10\n'),
                       ('jpeg.json', b'\xff\xd8\xff'), ('utf16.csv', 'image,label\n'.encode('utf-16'))):
        (tmp_path / name).write_bytes(text)
        with pytest.raises(BadList, match=rf'{name}, line \d: ') as caught:
            ForgeryList(data_root=str(root), ann_file=str(tmp_path / name), pipeline=[])
        assert str(caught.value).isprintable()


def test_links_may_not_lead_out_of_the_root_but_the_root_may_be_one(tmp_path, root):
    (root / 'out.jpg').symlink_to(tmp_path / 'outside.jpg')
    (root / 'lost.jpg').symlink_to(root / 'gone.jpg')
    (root / 'in.jpg').symlink_to(root / 'a.jpg')
    (root / 'far').symlink_to(tmp_path)
    os.mkfifo(root / 'pipe.jpg')
    assert listed(tmp_path, 'in.txt', 'in.jpg,None\n') == [('in.jpg', 0, None)]
    for name, said in (('out.jpg', 'out.jpg leads out of the data root .*root by a link .follow_links=True allows'),
                       ('far/outside.jpg', 'outside.jpg leads out of the data root .*root by a link'),
                       ('lost.jpg', 'lost.jpg is a link to what is not there'),
                       ('pipe.jpg', 'pipe.jpg is not a regular file')):
        with pytest.raises(BadList, match=f'l.txt, line 2: .*{said}'):
            listed(tmp_path, 'l.txt', f'a.jpg,None\n{name},None\n')
    assert [name for name, _, _ in listed(tmp_path, 'l.txt', 'out.jpg,None\nfar/outside.jpg,None\n',
                                          follow_links=True)] == ['out.jpg', 'outside.jpg']
    (tmp_path / 'linked').symlink_to(root)
    data = ForgeryList(data_root=str(tmp_path / 'linked'), ann_file=str(tmp_path / 'in.txt'), pipeline=[])
    assert data.get_data_info(0)['img_path'] == str(tmp_path / 'linked/in.jpg')


@pytest.mark.parametrize('name, text', [
    ('c.txt', 'a.jpg,m/a.png,x\nb c.jpg,None\nd.jpg,NEGATIVE,,\n'),
    ('m.txt', 'a.jpg m/a.png 1\nd.jpg null 0\nd.jpg None 1'),
    ('l.csv', 'label,other,image,mask\n1,,a.jpg,m/a.png\n0,x,d.jpg,\n1,,b c.jpg,none\n')])
def test_plain_lists_read_by_columns_are_those_read_by_rows(tmp_path, root, monkeypatch, name, text):
    (tmp_path / name).write_text(text)
    found = PlainText.read(str(tmp_path / name), {'c': 'catnet', 'm': 'mvssnet', 'l': 'csv'}[name[0]], None)
    assert len(found.ends) == 3
    by_columns = listed(tmp_path, name, text)
    for index in (dict(indices=2), dict(indices=[2, 0]), dict(serialize_data=False), dict(indices=-1)):
        some = listed(tmp_path, name, text, **index, test_mode=True)
        wanted = index.get('indices', 3)
        assert some == ([by_columns[i] for i in wanted] if isinstance(wanted, list) else
                        by_columns[:wanted] if wanted > 0 else by_columns[wanted:])
    monkeypatch.setattr('mmcabl.datasets.lists.plain_text.BYTES_AT_ONCE', 40)
    assert listed(tmp_path, name, text) == by_columns
    monkeypatch.setattr(PlainText, 'read', lambda *_: None)
    assert listed(tmp_path, name, text) == by_columns and len(by_columns) == 3


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
    """100,000 images in 100 folders, every other one with a mask, as JSON and as text; and three times as many."""
    tmp = tmp_path_factory.mktemp('long')
    rows = []
    for folder in range(100):
        inner = f'a_folder_with_a_longish_name_{folder:03d}'
        (tmp / inner).mkdir()
        for i in range(0, 20, 2):
            names = [f'{inner}/Tp_D_NRN_S_N_sec00064_cha00052_{i + k:05d}.jpg' for k in (0, 1)]
            mask = f'{inner}/Tp_D_NRN_S_N_sec00064_cha00052_{i:05d}_gt.png'
            rows += [[names[0], mask], [names[1], 'Negative']]
            for name in (*names, mask):
                os.close(os.open(str(tmp / name), os.O_CREAT | os.O_WRONLY))
    (tmp / 'list.json').write_text(json.dumps(rows * 50))
    text = ''.join(f'{image},{mask},x\n' for image, mask in rows)
    (tmp / 'list.txt').write_text(text * 50)
    (tmp / 'longer.txt').write_text(text * 150)
    return tmp


def parse(root, name):
    """The least that a reader does: parse, and join every image's path."""
    text = (root / name).read_text()
    rows = json.loads(text) if name.endswith('json') else [line.split(',') for line in text.splitlines()]
    return [os.path.normpath(os.path.join(str(root), row[0])) for row in rows]


def seconds(function, *args, **kwargs):
    """What it returns and its CPU time: the best of three, of this process alone."""
    times = []
    for _ in range(3):
        start = time.process_time()
        found = function(*args, **kwargs)
        times.append(time.process_time() - start)
    return found, min(times)


@pytest.mark.parametrize('name, megabytes', [('list.json', 120), ('list.txt', 30)])
def test_a_long_list_loads_fast_and_small(long_list, name, megabytes):
    count = 100_000
    data, taken = seconds(ForgeryList, data_root=str(long_list), ann_file=name, pipeline=[])
    least = seconds(parse, long_list, name)[1]  # on this machine, under this load
    assert len(data) == count and taken < 5 * least, (taken, least)  # 1.6 and 0.6 times on a free machine
    tracemalloc.start()
    data = ForgeryList(data_root=str(long_list), ann_file=name, pipeline=[])
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < megabytes * 1e6 and kept < 200 * count, (kept, peak)
    info = data.get_data_info(count - 2)
    assert info['gt_label'] == 1 and info['gt_mask_path'].endswith('_00018_gt.png')
    assert data.get_data_info(-1)['gt_label'] == 0 and data.get_data_info(-1)['sample_idx'] == count - 1


def private(_):
    """Bytes that this process shares with no other."""
    with open('/proc/self/smaps_rollup') as file:
        return sum(int(line.split()[1]) for line in file if line.startswith('Private')) * 1024


class Walking:
    """A data set that gives the memory of the process after each look at an image."""

    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data) // 10

    def __getitem__(self, index):
        assert self.data.get_data_info(10 * index)['img_path']
        return private(None) if index % 6_000 in (0, 5_999) else -1


@pytest.mark.skipif(not os.path.exists('/proc/self/smaps_rollup'), reason='needs Linux')
def test_workers_share_the_list(long_list):
    data = ForgeryList(data_root=str(long_list), ann_file='longer.txt', pipeline=[])
    assert data.data_bytes.nbytes > 25e6
    loader = DataLoader(Walking(data), batch_size=3_000, num_workers=1, collate_fn=list,
                        multiprocessing_context='fork')
    memory = [m for batch in loader for m in batch if m > 0]
    assert memory[-1] - memory[0] < 8e6, memory  # a copy would be 27 MB and more
