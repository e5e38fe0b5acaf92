"""The sentence at import when the OpenMMLab packages do not fit; registries; MIM files."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mmcabl.stack import REQUIREMENTS, stack_problem

GOOD = {'torch': {'torch': '2.11.0+cu128'}, 'mmengine': {'mmengine': '0.10.7'},
        'mmcv': {'mmcv-lite': '2.1.0'}, 'mmpretrain': {'mmpretrain': '1.2.0'}}


def test_both_stacks_are_accepted():
    assert stack_problem() is None and stack_problem(GOOD) is None
    assert stack_problem({**{k: {f'onedl-{k}': v[1]} for k, v in REQUIREMENTS.items()},
                          'torch': {'torch': '2.14.1'}}) is None


@pytest.mark.parametrize('change, message', [
    ({'mmpretrain': {}}, 'needs mmpretrain .*which is not installed'),
    ({'torch': {'torch': '1.13.1'}}, 'torch 1.13.1 is installed, but mmcabl needs torch >= 2.1'),
    ({'mmcv': {'mmcv': '2.1.0', 'onedl-mmcv': '2.3.6'}}, 'mmcv is installed twice, as mmcv and onedl-mmcv'),
    ({'mmengine': {'mmengine': '0.9.1'}}, 'mmengine >= 0.10.0'),
    ({'torch': {'torch': '3.0.0rc1'}}, 'torch >= 2.1, < 3'),
    ({'torch': {'torch': 'main-1f2e'}}, 'torch main-1f2e is')])
def test_problems_are_one_sentence(change, message):
    assert re.search(message, stack_problem({**GOOD, **change}))


@pytest.mark.parametrize('name, version', [
    ('torch', '2.1.0+cu118'), ('torch', '2.1.0a0+29c30b1'), ('torch', '2.1rc2'), ('torch', '2.10'),
    ('mmengine', '0.10'), ('mmengine', '0.10.0.post1'), ('mmcv', '2.0.0rc4')])
def test_local_versions_pre_releases_and_missing_zeros_count_as_their_release(name, version):
    assert stack_problem({**GOOD, name: {REQUIREMENTS[name][0][-1]: version}}) is None


def test_import_raises_the_sentence():
    code = ('from importlib import metadata; real = metadata.version\n'
            'def version(name):\n'
            '    if "mmpretrain" in name: raise metadata.PackageNotFoundError(name)\n'
            '    return real(name)\n'
            'metadata.version = version\nimport mmcabl')
    run = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert run.returncode and "which is not installed. Install one of the two stacks" in run.stderr


def test_types_resolve_from_another_scope_without_imports():
    code = ('from mmengine.registry import init_default_scope\ninit_default_scope("mmpretrain")\n'
            'from mmpretrain.registry import MODELS, TRANSFORMS, DATASETS\n'
            'from mmengine.registry import METRICS, HOOKS\n'
            'print([r.get("mmcabl." + n).__name__ for r, n in ((MODELS, "ConformerCABL"), (MODELS, "SAMRefiner"),'
            '(TRANSFORMS, "LoadForgeryMask"), (DATASETS, "CASIAv2"), (METRICS, "PixelF1"),'
            '(HOOKS, "LocalizationOverlayHook"))])')
    run = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, check=True)
    assert "['ConformerCABL', 'SAMRefiner', 'LoadForgeryMask', 'CASIAv2', 'PixelF1', " in run.stdout


def test_mim_files_lie_in_the_package():
    import mmcabl
    folder = Path(mmcabl.__file__).parent / '.mim'
    assert (folder / 'tools/train.py').is_file() and (folder / 'tools/test.py').is_file()
    assert list((folder / 'configs').rglob('cabl_conformer-s_*.py')) and (folder / 'model-index.yml').is_file()
