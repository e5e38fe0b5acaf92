"""Any bytes as a checkpoint: data or one sentence, and nothing runs."""

import pickle
import re
import shutil
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from mmengine.logging import HistoryBuffer
from safetensors.torch import save_file

from mmcabl.checkpoints import CheckpointError, read_checkpoint
from mmcabl.checkpoints.matching import check, parameters_of
from mmcabl.checkpoints.plain import unwrapped
from mmcabl.conversion import convert_keys

FOLDER = Path(tempfile.mkdtemp())
RAN = FOLDER / 'ran'


class Command:
    """A pickle that leaves a trace."""

    def __reduce__(self):
        return shutil.copy, (__file__, str(RAN))


def model():
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))


def seeds():
    """Small files as trainings, safetensors, torch of old and attackers write them."""
    state = model().state_dict()
    history = HistoryBuffer([1., 2.], [1, 1])
    checkpoint = dict(state_dict=state, meta=dict(epoch=1, cfg='raise'), optimizer=dict(state={}, lr=np.float64(0.1)),
                      message_hub=dict(log_scalars=OrderedDict(loss=history), runtime_info=dict(a=np.arange(3))))
    torch.save(checkpoint, FOLDER / 'new.pth')
    torch.save(checkpoint, FOLDER / 'old.pth', _use_new_zipfile_serialization=False)
    torch.save({**checkpoint, 'extra': Command()}, FOLDER / 'evil.pth')
    torch.save({**checkpoint, 'extra': Command()}, FOLDER / 'evil_old.pth', _use_new_zipfile_serialization=False)
    save_file(state, FOLDER / 'flat.safetensors')
    return {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir())}


SEEDS = seeds()


@pytest.fixture(scope='module', autouse=True)
def _clean():
    yield
    shutil.rmtree(FOLDER)


def use(data, name):
    """Everything that is done with a file; one sentence that names it, or data."""
    path = FOLDER / f'x{Path(name).suffix}'
    path.write_bytes(data)
    try:
        content = read_checkpoint(path)
        check(model(), parameters_of(content, str(path)), str(path))
    except CheckpointError as error:
        assert str(path) in str(error) and re.fullmatch('[^\n]{20,900}', str(error)), error
    else:
        with pytest.raises(ValueError, match='no known Conformer'):
            convert_keys(content)
    assert not RAN.exists()


@given(st.binary(max_size=400), st.sampled_from(sorted(SEEDS)))
@example(b'', 'new.pth')
@example(b'PK\x03\x04', 'new.pth')
@example(pickle.dumps(Command()), 'new.pth')
@example(b'\xff' * 8 + b'{}', 'flat.safetensors')
def test_bytes(data, name):
    use(data, name)


@given(st.sampled_from(sorted(SEEDS)), st.floats(0, 1))
def test_cut_files(name, part):
    use(SEEDS[name][:int(part * len(SEEDS[name]))], name)


@given(st.sampled_from(sorted(SEEDS)), st.data())
def test_changed_files(name, data):
    content = bytearray(SEEDS[name])
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(max_size=6))
        content[start:start + data.draw(st.integers(0, 6))] = piece
    use(bytes(content), name)


PLAIN = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20),
                     lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
                     | st.tuples(inner, inner), max_leaves=12)


NAMES = st.text().filter(lambda name: name not in ('meta', 'state_dict'))


@given(st.dictionaries(NAMES, PLAIN, max_size=4))
def test_plain_data_comes_back(content):
    path = FOLDER / 'plain.pth'
    torch.save(content, path)
    assert repr(read_checkpoint(path)) == repr(content)


def test_deep_nesting_is_a_sentence():
    deep = b'\x80\x02' + b'(' * 10 + b']' * 200000 + b'a' * 199999 + b'.'
    use(deep, 'new.pth')
    node = leaf = []
    for _ in range(20000):
        leaf.append([])
        leaf = leaf[0]
    with pytest.raises(RecursionError):  # which reading makes a sentence of
        unwrapped(node)
