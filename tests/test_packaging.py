"""What an sdist and a wheel hold, and that building takes nothing of the user's away."""

import hashlib
import json
import os
import re
import runpy
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.packages import ROOT, build, copy_tree

pytest.importorskip('setuptools', '77.0.3', reason='building needs setuptools 77.0.3')


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """A wheel from the tree, an sdist, and the sdist's wheel."""
    tmp = tmp_path_factory.mktemp('packages')
    tree = copy_tree(tmp / 'tree')
    sdist, said = build('sdist', tree, tmp)
    wheel, _ = build('wheel', tree, tmp)
    with tarfile.open(sdist) as file:
        file.extractall(tmp / 'unpacked')
    again, _ = build('wheel', next((tmp / 'unpacked').iterdir()), tmp / 'unpacked')
    return dict(sdist=sdist, wheel=wheel, again=again, said=said)


def digests(wheel):
    with zipfile.ZipFile(wheel) as file:
        return {name: hashlib.sha256(file.read(name)).hexdigest() for name in file.namelist()}


def test_the_sdists_wheel_is_the_trees(built):
    tree, again = digests(built['wheel']), digests(built['again'])
    assert tree == again
    assert {'mmcabl/py.typed', 'mmcabl/.mim/model-index.yml', 'mmcabl/.mim/tools/train.py'} <= tree.keys()
    weights = {p.relative_to(ROOT).as_posix() for p in (ROOT / 'mmcabl/zoo/weights').iterdir()}
    assert weights and weights <= tree.keys()
    assert any(name.endswith('.dist-info/entry_points.txt') for name in tree)
    configs = {f'mmcabl/.mim/{p.relative_to(ROOT).as_posix()}' for p in (ROOT / 'configs').rglob('*.*')
               if '__pycache__' not in p.parts}
    assert configs <= tree.keys()
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / 'mmcabl').rglob('*.py')}
    assert {n for n in tree if n.endswith('.py') and n.startswith('mmcabl/') and '.mim' not in n} == modules
    others = {p.relative_to(ROOT).as_posix() for p in (ROOT / 'mmcabl').rglob('*') if p.is_file() and
              p.suffix not in ('.py', '.pyc') and '.mim' not in p.parts}
    assert others <= tree.keys()  # pages, styles, weights


def test_a_wheel_alone_finds_its_models(built, tmp_path):
    """Unpacked, in an empty folder, without the clone: the command, the cards, the configs and the weights."""
    with zipfile.ZipFile(built['wheel']) as file:
        file.extractall(tmp_path / 'site')
        scripts = file.read(next(n for n in file.namelist() if n.endswith('/entry_points.txt'))).decode()
    assert 'mmcabl = mmcabl.cli.app:main' in scripts
    (tmp_path / 'empty').mkdir()
    code = ('import mmcabl.cli.app, json; from mmcabl.zoo import model_cards; print(json.dumps([mmcabl.__file__, *('
            'c.checked_weights() if c.weights else c.config_path for c in model_cards().values())]))')
    done = subprocess.run([sys.executable, '-c', code], cwd=tmp_path / 'empty', capture_output=True, text=True,
                          env={**os.environ, 'PYTHONPATH': str(tmp_path / 'site')})
    assert done.returncode == 0, done.stderr[-2000:]
    paths = json.loads(done.stdout)
    assert len(paths) > 2
    for path in paths:
        assert Path(path).is_file() and Path(path).is_relative_to(tmp_path / 'site'), path


def test_the_lock_has_every_dependency():
    tomllib = pytest.importorskip('tomllib', reason='Python 3.11 has it')
    pins = {}
    for name in ('onedl.txt', 'onedl.lock'):
        text = (ROOT / 'constraints' / name).read_text()
        pins[name] = {canonical(n): v for n, v in re.findall(r'(?m)^([\w.-]+)==([\w.+]+)', text)}
    assert pins['onedl.txt'].items() <= pins['onedl.lock'].items()
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
    extras = project['optional-dependencies']
    needed = [*project['dependencies'], *(n for e in ('onedl', 'docs', 'types', 'dev') for n in extras[e])]
    names = {canonical(re.match(r'[\w.-]+', n)[0]) for n in needed}
    assert names - {'mmcabl'} <= pins['onedl.lock'].keys()


def canonical(name):
    return re.sub('[-_.]+', '-', name).lower()


def test_an_sdist_is_the_source(built):
    with tarfile.open(built['sdist']) as file:
        names = {name.split('/', 1)[-1] for name in file.getnames()}
    assert {'Makefile', 'LICENSE', 'README.md', 'setup.py', 'CITATION.cff', 'Dockerfile', '.pre-commit-config.yaml',
            '.github/workflows/tests.yml', 'docs/notebooks/add_cabl.ipynb', 'constraints/onedl.lock',
            'constraints/onedl.txt', 'docs/datasets.md',
            'tests/conftest.py', 'tests/data/golden/metrics.npz', 'benchmarks/cam.py'} <= names
    assert not [name for name in names if name.endswith('.pyc') or '.mim' in name]
    assert 'Deprecat' not in built['said'], built['said']


def test_metadata(built):
    with zipfile.ZipFile(built['wheel']) as file:
        found = message_from_bytes(file.read(next(n for n in file.namelist() if n.endswith('.dist-info/METADATA'))))
    assert found['Requires-Python'] == '>=3.10' and found['License-Expression'] == 'Apache-2.0'
    needs = found.get_all('Requires-Dist')
    for stack in ('onedl', 'openmmlab'):  # a wheel alone, installed as the README says, could not be imported
        assert [n for n in needs if n.startswith('torchvision') and f'extra == "{stack}"' in n], stack


@pytest.fixture
def setup(monkeypatch, tmp_path):
    """setup.py's functions for a repository of three files."""
    monkeypatch.setattr('setuptools.setup', lambda **_: None)
    found = runpy.run_path(str(ROOT / 'setup.py'))
    for name in ('configs/a.py', 'tools/b.py', 'model-index.yml'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found['place'].__globals__['ROOT'] = tmp_path
    return found


def test_an_editable_install_links_and_links_again(setup, tmp_path):
    for _ in range(2):
        setup['place'](tmp_path / 'mmcabl/.mim', setup['MIM_FILES'], link=True)
        assert (tmp_path / 'mmcabl/.mim/configs/a.py').is_file()
        assert os.readlink(tmp_path / 'mmcabl/.mim/configs') == '../../configs'
    setup['place'](tmp_path / 'build/.mim', setup['MIM_FILES'], link=False)
    (tmp_path / 'configs/a.py').rename(tmp_path / 'configs/c.py')
    setup['place'](tmp_path / 'build/.mim', setup['MIM_FILES'], link=False)
    assert sorted(p.name for p in (tmp_path / 'build/.mim/configs').iterdir()) == ['c.py']


@pytest.mark.parametrize('link', [True, False])
def test_what_the_build_did_not_make_stays(setup, tmp_path, link):
    mine = tmp_path / 'elsewhere/configs/mine.py'
    mine.parent.mkdir(parents=True)
    mine.touch()
    (tmp_path / 'mmcabl').mkdir()
    (tmp_path / 'mmcabl/.mim').symlink_to('../elsewhere')
    with pytest.raises(SystemExit, match=r'mmcabl/.mim is a link; .* move it away'):
        setup['place'](tmp_path / 'mmcabl/.mim', setup['MIM_FILES'], link)
    if link:
        with pytest.raises(SystemExit, match='elsewhere/configs is no link that an earlier install made; move it'):
            setup['place'](tmp_path / 'elsewhere', setup['MIM_FILES'], link)
    assert mine.is_file()
