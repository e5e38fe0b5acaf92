"""Other systems and strict interpreters: what is not there on macOS and Windows, and `python -W error`."""

import os
import subprocess
import sys
import warnings

import pytest

from mmcabl.quiet import PRINTED, import_quietly
from mmcabl.utils.cores import usable_cores

STRICT = '''
import importlib.util, os, pkgutil, sys, warnings
sys.modules["fcntl"] = None  # as on Windows
del os.sched_getaffinity     # as on macOS and Windows
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import filelock          # on Windows it takes msvcrt
import mmcabl.models, mmcabl.datasets, mmcabl.evaluation, mmcabl.refinement
import mmcabl
of_mmseg = ("segmentation", "datasets.transforms.seg_packing", "models.segmentors.weak_segmentor",
            "visualization.seg_overlay_hook")
left = {f"mmcabl.{name}" for name in of_mmseg} if importlib.util.find_spec("mmseg") is None else set()
left |= {"mmcabl.engine.cpu_amp", "mmcabl.engine.cpu_distributed"}  # old names, which warn
for module in pkgutil.walk_packages(mmcabl.__path__, "mmcabl.", onerror=left.add):
    if not any(module.name.startswith(name) for name in left):
        importlib.import_module(module.name)
from mmcabl.utils.cores import usable_cores
print(usable_cores() > 0, end="")
'''


def test_everything_imports_under_w_error_without_fcntl_and_affinity():
    """And nothing is printed: "Could not import OneDL" was, three times."""
    strict = ['-W', 'error', '-W', 'ignore::ResourceWarning']  # torch 2.1 leaves a temporary folder to the exit
    done = subprocess.run([sys.executable, *strict, '-c', STRICT], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (0, 'True', '')


@pytest.mark.parametrize('there, expected', [
    (dict(process_cpu_count=lambda: 3, sched_getaffinity=lambda pid: {1}), 3),
    (dict(sched_getaffinity=lambda pid: {1, 5}), 2), (dict(cpu_count=lambda: 7), 7),
    (dict(cpu_count=lambda: None), 1)])
def test_usable_cores(monkeypatch, there, expected):
    for name in ('process_cpu_count', 'sched_getaffinity'):
        monkeypatch.delattr(os, name, raising=False)
    for name, function in there.items():
        monkeypatch.setattr(os, name, function, raising=False)
    assert usable_cores() == expected


def test_only_known_noise_is_left_out_of_imports(tmp_path, monkeypatch, capsys):
    (tmp_path / 'noisy_upstream.py').write_text(f'''
import warnings
print({PRINTED[0]!r})
print({PRINTED[0]!r} + ' at all')
print('a line of its own\\n{PRINTED[0]}')
warnings.warn('Fail to import ``MultiScaleDeformableAttention`` from somewhere')
warnings.warn('old', DeprecationWarning)
warnings.warn('the GPU is on fire')
''')
    monkeypatch.syspath_prepend(str(tmp_path))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        import_quietly('noisy_upstream')
    assert [str(w.message) for w in caught] == ['the GPU is on fire']
    assert capsys.readouterr().out.splitlines() == [f'{PRINTED[0]} at all', 'a line of its own', PRINTED[0]]
