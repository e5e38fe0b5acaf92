"""The notebooks' code cells run, in order, in an empty folder; nothing that they printed is stored."""

import json

import pytest

from tests.packages import ROOT

NOTEBOOKS = sorted((ROOT / 'docs/notebooks').glob('*.ipynb'))


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, tmp_path, monkeypatch):
    cells = [cell for cell in json.loads(path.read_text(encoding='utf-8'))['cells'] if cell['cell_type'] == 'code']
    assert cells and not any(cell['outputs'] or cell['execution_count'] for cell in cells)
    pytest.importorskip('skimage')
    monkeypatch.chdir(tmp_path)
    space = {'__name__': 'notebook'}
    for number, cell in enumerate(cells):
        exec(compile(''.join(cell['source']), f'{path.name}, cell {number}', 'exec'), space)


def test_there_are_three():
    assert len(NOTEBOOKS) == 3
