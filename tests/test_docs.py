"""Every command and code block of README and docs is run, or says why not; and would at least be understood."""

import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from mmengine.config import Config

import mmcabl.models  # noqa: F401, registers
from mmcabl.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS
from tests.doc_blocks import PAGES, ROOT, blocks, check, commands

BLOCKS = blocks()
BASH = [block for block in BLOCKS if block.language == 'bash']
PYTHON = [block for block in BLOCKS if block.language == 'python']
#: What a page writes in place of a config of the reader's own.
YOURS = {"'your_fcn_config.py'": 'configs/mmseg/fcn_r50-d8_b8-30e_casiav2-512.py',
         "'your_segmentation_config.py'": 'configs/mmseg/fcn_r50-d8_b8-30e_casiav2-512.py',
         "'your_classifier_config.py'": 'configs/cabl/cabl_conformer-s_b8-30e_casiav2-512.py'}
LANGUAGES = {'bash', 'python', 'bibtex', '', 'text'}


def test_every_block_has_a_language_and_a_reason():
    assert len(BASH) > 8 and len(PYTHON) > 8
    for block in BLOCKS:
        kind, reason = block.mark
        assert block.language in LANGUAGES or block.language.startswith('{'), block
        assert kind == 'run' or reason or kind == '', f'{block}: why?'
        if block.language == 'bash':
            assert kind, f'{block} says neither <!-- run -->, nor by which test it is run, nor why it is not'
        if kind == 'run by':
            for name in reason.split(', '):
                assert (ROOT / name).is_file(), f'{block}: {name}'
        if block.language in ('', 'text'):
            assert not re.search(r'(?m)^(\$ |python |pip |make |mmcabl |from |import )', block.text), block


@pytest.mark.parametrize('block', BASH, ids=str)
def test_commands_are_understood(block):
    for words in commands(block.text):
        check(words)


@pytest.mark.parametrize('block', [b for b in BASH if b.mark[0] == 'run'], ids=str)
def test_commands_run(block, tmp_path):
    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    for words in commands(block.text):
        words = ['python', '-m', 'mmcabl', *words[1:]] if words[0] == 'mmcabl' else words
        assert words[0] == 'python', f'{block}: mark it not run'
        words = [str(ROOT / w) if (ROOT / w).exists() and w not in ('.', 'mmcabl') else w for w in words[1:]]
        done = subprocess.run([sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.strip()


def given(folder):
    """What pages speak of without making it: a folder of two photographs, and an image with its map."""
    (folder / 'photographs').mkdir()
    image = np.random.default_rng(0).integers(60, 90, (64, 96, 3), np.uint8)
    image[20:40, 30:60] = 220
    for name in ('one.png', 'two.png'):
        cv2.imwrite(str(folder / 'photographs' / name), image)
    soft_map = np.zeros((64, 96), np.float32)
    soft_map[18:42, 28:62] = 1
    return dict(image=image, soft_map=soft_map)


def _is_config(text):
    return not re.search(r'(?m)^(from|import) ', text) and re.search(r'(?m)^\w+ = (dict\(|\[|\')', text) is not None


def _types(value):
    if isinstance(value, dict):
        yield from (v for k, v in value.items() if k == 'type' and isinstance(v, str))
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _types(item)


@pytest.mark.parametrize('block', [b for b in PYTHON if b.mark[0] != 'not run'], ids=str)
def test_python_blocks_run(block, tmp_path, monkeypatch):
    if not _is_config(block.text):
        if 'mmseg' in block.text:
            pytest.importorskip('mmseg')
        monkeypatch.chdir(tmp_path)
        exec(compile(block.text, str(block), 'exec'), {'__name__': 'docs', **given(tmp_path)})
        return
    text = block.text.replace(', ...,', ',')
    for yours, ours in YOURS.items():
        text = text.replace(yours, repr(str(ROOT / ours)))
    text = re.sub(r"'\.\./(\w+/)", lambda m: f"'{ROOT}/configs/{m[1]}", text)
    if '_base_' in text and '_base_ =' not in text:
        text = f"_base_ = '{ROOT}/configs/cabl/cabl_conformer-s_b8-30e_casiav2-512.py'\n{text}"
    if 'mmseg' in text or 'ForensicSeg' in text:
        pytest.importorskip('mmseg')
        import mmcabl.segmentation  # noqa: F401, registers
    path = Path(tmp_path, 'of_the_page.py')
    path.write_text(text)
    found = Config.fromfile(str(path))
    ours = {name for name in _types(found.to_dict()) if name.startswith('mmcabl.')}
    registries = (MODELS, DATASETS, TRANSFORMS, HOOKS, METRICS)
    assert all(any(r.get(name) for r in registries) or _anywhere(name) for name in ours), ours


def _anywhere(name):
    from mmengine.registry import DATA_SAMPLERS as SAMPLERS
    from mmengine.registry import LOOPS, VISUALIZERS
    return any(registry.get(name) for registry in (LOOPS, VISUALIZERS, SAMPLERS))


def test_links_lead_somewhere():
    for page in PAGES:
        text = re.sub(r'(?s)```.*?```', '', page.read_text(encoding='utf-8'))
        anchors = {}
        for target in re.findall(r'\]\(([^)\s]+)\)', text):
            if '://' in target:
                continue
            name, _, anchor = target.partition('#')
            found = (page.parent / name).resolve() if name else page
            assert found.exists(), f'{page.name}: {target}'
            if anchor:
                if found not in anchors:
                    anchors[found] = {re.sub(r'[^\w\- ]', '', h.lower()).strip().replace(' ', '-')
                                      for h in re.findall(r'(?m)^#+ (.*)$', found.read_text(encoding='utf-8'))}
                assert anchor in anchors[found], f'{page.name}: {target}'


def test_files_for_machines_parse():
    tomllib = pytest.importorskip('tomllib', reason='Python 3.11 has it')
    found = {}
    for path in [*ROOT.glob('*.toml'), *ROOT.glob('*.cff'), *ROOT.glob('.*.yaml'), *ROOT.glob('*.yml'),
                 *(ROOT / '.github').rglob('*.yml'), *(ROOT / 'configs').rglob('*.yml')]:
        text = path.read_text(encoding='utf-8')
        found[path.relative_to(ROOT).as_posix()] = tomllib.loads(text) if path.suffix == '.toml' else (
            yaml.safe_load(text))
    from mmcabl.version import __version__
    assert found['CITATION.cff']['version'] == __version__
    assert {'cff-version', 'title', 'message', 'authors'} <= found['CITATION.cff'].keys()
    jobs = found['.github/workflows/tests.yml']['jobs']
    for job in jobs.values():
        for step in job['steps']:
            for words in commands(re.sub(r'\$\{\{.*?\}\}', 'x', step.get('run', ''))):
                check(words)
    hooks = [hook['id'] for repo in found['.pre-commit-config.yaml']['repos'] for hook in repo['hooks']]
    assert 'ruff' in hooks


def test_every_page_is_on_the_site():
    index = (ROOT / 'docs/index.md').read_text(encoding='utf-8')
    for page in (ROOT / 'docs').glob('*.md'):
        assert page.stem == 'index' or re.search(rf'(?m)^{page.stem}$', index), page.name
