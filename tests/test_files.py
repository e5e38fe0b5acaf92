"""Files appear as a whole or not at all."""

import os

import pytest

from mmcabl.utils.files import NotWritten, replacing, write_first, write_whole


def test_what_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / 'new/x'
    write_whole(path, 'one')
    for error, said in ((OSError(28, 'No space left on device'), NotWritten), (KeyError('x'), KeyError)):
        with pytest.raises(said), replacing(path) as part:
            part.write_text('half')
            assert path.read_text() == 'one'
            raise error
    assert os.listdir(path.parent) == ['x'] and path.read_text() == 'one'


def test_the_first_of_several_processes_writes(tmp_path, monkeypatch):
    path = tmp_path / 'x'
    write_first(path, 'first')
    write_first(path, 'second')
    assert path.read_text() == 'first'
    monkeypatch.setattr('pathlib.Path.is_file', lambda self: False)  # the other one came just now
    write_first(path, 'third')
    assert path.read_text() == 'first' and os.listdir(tmp_path) == ['x']


def test_a_file_system_without_links(tmp_path, monkeypatch):
    def refuse(*args):
        raise PermissionError(1, 'Operation not permitted')

    monkeypatch.setattr('os.link', refuse)
    write_first(tmp_path / 'x', 'one')
    assert (tmp_path / 'x').read_text() == 'one' and os.listdir(tmp_path) == ['x']
