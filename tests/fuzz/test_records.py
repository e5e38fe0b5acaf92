"""Records of any content, names of any bytes, writes of any length: each record once, or a sentence."""

import csv
import io
import json
import math
import os
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.logging import MMLogger

from mmcabl.apis import build_index
from mmcabl.apis.image_sources import paths_of
from mmcabl.records import NotWritten, ResultStore, file_name, from_text, summarize_store, to_text, write_table
from mmcabl.records.chunk_results import COLUMNS, ChunkResults
from mmcabl.records.chunk_results import is_scoring_record as is_row
from mmcabl.records.journal import Journal
from mmcabl.records.store import is_test_record, key_of_record
from mmcabl.utils import files
from mmcabl.utils.files import write_mask
from mmcabl.utils.names import folder_name

names = st.binary(min_size=1, max_size=255).filter(lambda b: not {b'/', b'\0'} & {b[i:i + 1] for i in range(len(b))}
                                                   and b not in (b'.', b'..'))
paths = st.builds(lambda folder, name: os.fsdecode(b'/data/' + folder + b'/' + name), names, names)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just(10 ** 400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=5)


@pytest.fixture(autouse=True)
def quiet():
    """Each example warns of its damage."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('ERROR')
    yield
    logger.setLevel(level)


def fresh():
    return tempfile.TemporaryDirectory()


@given(st.lists(paths, unique=True, max_size=6))
def test_every_name_has_its_own_text_and_file_and_comes_back(found):
    texts, made = [to_text(p) for p in found], [file_name(p, 'set', '000003') for p in found]
    assert [from_text(t) for t in texts] == found
    assert len(set(texts)) == len(set(made)) == len(set(map(folder_name, found))) == len(found)
    for text, name in zip(texts, made):
        assert text.encode() and len(text.splitlines()) == 1
        assert len(name.encode()) <= 230 and '/' not in name and '\\' not in name and not name.startswith('.')


@given(st.lists(names, unique_by=lambda b: b.lower(), min_size=1, max_size=5))
def test_masks_of_images_of_any_name_are_written_and_found(found):
    mask = np.eye(5, dtype=bool)
    with fresh() as out:
        for name in found:
            target = Path(out, folder_name(os.fsdecode(name)), f'{file_name(os.fsdecode(name), "000001")}.png')
            write_mask(target, mask)
            assert (cv2.imread(str(target), -1) == mask * 255).all()
        assert sum(len(files) for _, _, files in os.walk(out)) == len(found)


def record(index, path='x.png', **kwargs):
    return dict(dataset='set', index=index, image=to_text(path), unreadable=False, failed=False, reason=None,
                metrics={'ImageAUC': dict(score=.5, label=1)}, **kwargs)


#: What follows a record: its newline, or it is glued to the next; and what stands before it.
pieces = st.tuples(paths, st.booleans(), st.none() | st.binary(max_size=60) | values, st.none() | st.integers(0, 400))


@given(st.lists(pieces, max_size=8))
def test_whole_records_are_read_once_whatever_stands_between_them(written):
    lines = [[]]
    for i, (path, glued, before, cut) in enumerate(written):
        if before is not None:  # garbage, or JSON that is no record, or a record twice
            noise = before if isinstance(before, bytes) else json.dumps(
                [before, {**record(i, path), 'metrics': 5}, record(i, path)][i % 3]).encode()
            lines[-1] += noise.split(b'\n')[:1]
            lines += [[part] for part in noise.split(b'\n')[1:]] + [[]]
        line = json.dumps(record(i, path)).encode()
        lines[-1].append(line if cut is None else line[:cut])
        lines += [] if glued else [[]]
    known = {json.dumps(r).encode(): r for r in (record(i, w[0]) for i, w in enumerate(written))}
    whole = [known.get(b''.join(line).strip(b' \t\r')) for line in lines]
    expected = [{key_of_record(r): r for r in some if r} for some in (whole[:-1], [*whole, record(99)])]
    with fresh() as name:
        Path(name, 'images.00000.jsonl').write_bytes(b'\n'.join(map(b''.join, lines)))
        store = ResultStore(name)
        assert store.read() == expected[0]
        store.append(record(99))  # which ends the last line, that may have lacked its newline only
        store.close()
        assert ResultStore(name).read() == expected[1]


@given(st.dictionaries(st.sampled_from(['dataset', 'index', 'image', 'unreadable', 'metrics', 'failed', 'reason',
                                        'prompts', 'label', 'score', 'mask', 'other']), values))
def test_tables_and_summaries_take_every_record_that_counts_as_one(changes):
    found = json.loads(json.dumps({**record(3), **changes}))
    if not is_test_record(found):
        return
    with fresh() as name:
        store = ResultStore(name)
        store.append(found)
        store.close()
        records = store.read()
        assert len(records) == 1
        write_table(records, Path(name, 'table.csv'))
        text = Path(name, 'table.csv').read_text(encoding='utf-8')
        assert len(list(csv.reader(io.StringIO(text, newline='')))) == 2
        try:
            assert summarize_store(name)['failed'] in (0, 1)
        except ValueError as error:
            assert name in str(error)


@given(st.dictionaries(st.sampled_from([*COLUMNS, 'other']), values))
def test_a_chunk_takes_every_record_that_counts_as_one_and_redoes_the_others(changes):
    pytest.importorskip('pyarrow', exc_type=ImportError)
    good = dict(index=0, image='/x.png', unreadable=False, failed=False, score=.5)
    row = json.loads(json.dumps({**good, **changes}))
    with fresh() as name:
        chunk = ChunkResults(Path(name), 0, save_masks=False)
        chunk.journal.append(row)
        done = chunk.done([(0, '/x.png')])
        assert (0 in done) == (is_row(row) and row['index'] == 0 and row['image'] == '/x.png')
        if done:
            chunk.finish(done)
            assert chunk.finished and not chunk.journal.path.exists()
        chunk.close()


class Unsteady(files.RawFile):
    """Takes as many bytes as it is told, or is full (None), at each write."""

    takes = iter(())

    def write(self, data):
        count = next(self.takes, 10 ** 6)
        if count is None:
            super().write(data[:len(data) // 3])
            raise OSError(28, 'No space left on device')
        return super().write(data[:max(1, count)])


@given(st.lists(st.none() | st.integers(1, 90), max_size=30))
def test_a_record_is_there_if_and_only_if_appending_it_returned(takes):
    raw, files.RawFile, Unsteady.takes = files.RawFile, Unsteady, iter(takes)
    try:
        with fresh() as name:
            journal, whole = Journal(Path(name, 'j.jsonl'), is_test_record), []
            for i in range(6):
                try:
                    journal.append(record(i))
                    whole.append(i)
                except NotWritten as error:
                    assert 'j.jsonl cannot be written: No space left on device. What was finished' in str(error)
            assert [r['index'] for r in journal.read()] == whole
            try:
                files.write_whole(Path(name, 'whole'), b'x' * 200)
                assert Path(name, 'whole').read_bytes() == b'x' * 200
            except NotWritten:
                assert os.listdir(name) == ['j.jsonl']
            journal.close()
    finally:
        files.RawFile = raw


@given(st.binary(max_size=300) | st.lists(names, max_size=5).map(b'\n'.join))
def test_any_file_is_a_list_or_a_sentence(content):
    with fresh() as name:
        source, there = Path(name, 'list'), Path(name, 'there.png')
        there.touch()
        source.write_bytes(content + b'\nthere.png\n')
        try:
            found = list(paths_of(source))
        except ValueError as error:
            assert str(error).startswith(str(source)) and 'is not text: accepted are' in str(error)
            assert b'\0' in content
        else:
            assert found[-1] == str(there) and all(map(os.path.isabs, found))
            lines = [x for x in content.replace(b'\r', b'\n').split(b'\n') if x.strip()]
            assert len(found) >= 1 and len(found) <= len(lines) + 1
        source.write_bytes(content)
        try:
            assert list(paths_of(source))
        except (ValueError, FileNotFoundError) as error:
            assert str(source) in str(error)


@given(st.binary(max_size=80) | values.map(lambda v: json.dumps(v).encode()))
def test_any_index_is_ours_or_a_sentence(content):
    with fresh() as name:
        (Path(name) / 'images').mkdir()
        (Path(name) / 'images/x.png').touch()
        index = build_index(Path(name, 'images'), Path(name, 'index'), 5)
        assert index.count == 1 and index.chunk(0) == [(0, str(Path(name, 'images/x.png')))]
        (Path(name) / 'index/index.json').write_bytes(content)
        with pytest.raises(ValueError, match='is not what scoring wrote; give another|was made with'):
            build_index(Path(name, 'images'), Path(name, 'index'), 5)


def test_values_that_no_journal_may_hold():
    for value in (math.nan, math.inf, 10 ** 400, 2 ** 31, True, '1', [1], {}):
        assert not is_row(dict(index=0, image='x', unreadable=False, failed=False, height=value))
    assert [is_test_record(record(index)) for index in (2 ** 63, 2 ** 63 - 1, True)] == [False, True, False]
