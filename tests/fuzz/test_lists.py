"""Whatever text a list has: its images, or one ``BadList`` that names file and line."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mmengine.logging import MMLogger

from mmcabl.datasets import BadList, CASIAv2, ForgeryList
from mmcabl.datasets.lists.plain_text import PlainText
from tests.layouts import touch

NAMES = ['a.jpg', 'b c.jpg', 'm/a.png', './a.jpg', 'é.jpg', 'gone.jpg', '../out.jpg', '/etc/hosts', 'm', '', ' ',
         'm//a.png', 'link.jpg', 'a\0.jpg', 'm/../a.jpg']
WORDS = st.sampled_from([*NAMES, 'None', 'Negative', 'null', '0', '1', 'authentic', 'tp', 'x', '"', "'", 'image',
                         'mask', 'label']) | st.text(max_size=5)
KEYS = st.sampled_from(['path', 'label', 'mask', 'subset', 'a'])
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | WORDS, lambda inner: st.lists(
    inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)


@pytest.fixture(scope='module', autouse=True)
def quiet():
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('ERROR')  # a line about each list without masks
    yield
    logger.setLevel(level)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('lists')
    touch(folder, 'root/a.jpg', 'root/b c.jpg', 'root/m/a.png', 'root/é.jpg', 'out.jpg')
    (folder / 'root/link.jpg').symlink_to(folder / 'out.jpg')
    return folder / 'root'


def load(root, name, content, **options):
    """The entries of a list, or the sentence that refuses it."""
    file = root.parent / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode('utf-8', 'surrogatepass'))
    try:
        data = ForgeryList(data_root=str(root), ann_file=str(file), pipeline=[], **options)
    except FileNotFoundError as error:
        assert 'has no images' in str(error)
        return []
    except BadList as error:
        text = str(error)
        assert re.match(rf'{re.escape(str(file))}, (line|entry) \d+', text) and text.isprintable(), text
        assert text.endswith('.')
        return text
    entries = [data.get_data_info(i) for i in range(len(data))]
    for entry in entries:
        paths = [entry['img_path'], entry['gt_mask_path']]
        assert all(path is None or path.startswith(f'{root}/') and '..' not in path for path in paths)
        assert entry['gt_label'] in (0, 1) and (entry['gt_label'] or paths[1] is None)
    return entries


@given(st.sampled_from(['x.txt', 'x.csv', 'x.json']), st.binary(max_size=200) | st.text(max_size=200))
@example('x.json', '[' * 3000)
@example('x.csv', 'image,label\n"')
@example('x.csv', '"image","label\n')
@example('x.txt', '\r\n\r\n a.jpg,None\r')
def test_any_content(root, name, content):
    load(root, name, content)
    for kind in ('catnet', 'mvssnet', 'csv', 'benco', 'wscl'):
        load(root, name, content, format=kind)


ROWS = st.lists(st.lists(WORDS, max_size=4), max_size=5)


@given(ROWS, st.sampled_from([',', ' ']), st.sampled_from(['\n', '\r\n', '\n\n']), st.booleans())
def test_any_rows_mean_the_same_by_columns_and_by_rows(root, rows, separator, newline, header):
    text = newline.join(separator.join(row) for row in rows)
    name = 'x.csv' if header else 'x.txt'
    text = (f'image,label,mask{newline}' if header else '') + text
    found = load(root, name, text)
    read, PlainText.read = PlainText.read, lambda *_: None
    try:
        assert load(root, name, text) == found
    finally:
        PlainText.read = read


@given(st.lists(st.tuples(st.sampled_from(['a.jpg', 'b c.jpg', 'm/a.png', './a.jpg']), st.sampled_from(
    ['m/a.png', 'None', 'none', 'Negative', 'NULL', 'a.jpg'])), min_size=1, max_size=20), st.booleans(),
    st.integers(8, 80))
def test_plain_rows_are_read_by_columns(root, rows, ends, chunk):
    text = '\n'.join(','.join(row) for row in rows) + '\n' * ends
    found = load(root, 'x.txt', text)
    assert [(e['gt_label'], (e['gt_mask_path'] or 'none').split('/')[-1]) for e in found] == [
        (int(m.lower() not in ('none', 'negative', 'null')), 'none' if m.lower() in ('none', 'negative', 'null')
         else m.split('/')[-1]) for _, m in rows]
    file = root.parent / 'x.txt'
    module = PlainText.read.__func__.__globals__
    size, module['BYTES_AT_ONCE'] = module['BYTES_AT_ONCE'], chunk
    try:
        in_parts = PlainText.read(str(file), 'catnet', None)
    finally:
        module['BYTES_AT_ONCE'] = size
    assert in_parts is None or len(in_parts.ends) == len(rows)


@given(JSON | st.lists(st.tuples(WORDS, WORDS), max_size=4) | st.dictionaries(
    st.text(max_size=4), st.fixed_dictionaries(dict(path=WORDS | JSON, label=WORDS | JSON), optional=dict(
        mask=WORDS | JSON, subset=JSON)), max_size=4), st.sampled_from([None, 'a']))
def test_any_json(root, content, subset):
    text = json.dumps(content)
    load(root, 'x.json', text)
    load(root, 'x.json', text, format='wscl', subset=subset)
    load(root, 'x.json', text, format='benco')


@given(st.binary(max_size=120))
def test_any_selection_of_a_native_layout(root, content):
    touch(root.parent, 'set/Au/a.jpg', 'set/Tp/b.jpg', 'set/CASIA 2 Groundtruth/b_gt.png')
    file = root.parent / 'select.txt'
    file.write_bytes(content)
    try:
        CASIAv2(data_root=str(root.parent / 'set'), ann_file=str(file), pipeline=[])
    except FileNotFoundError as error:
        assert 'select.txt, line ' in str(error) and str(error).isprintable()
