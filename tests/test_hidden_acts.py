"""Importing a module of ours changes nothing anywhere, but for those that a config names because they act."""

import json
import os
import subprocess
import sys
from pathlib import Path

#: Run in a fresh process: imports upstream, looks, imports every module of ours but those that act, looks again.
IMPORT_ALL = '''
import importlib, json, logging, os, pkgutil, sys, threading, warnings
import scipy.special  # adds a filter of warnings for its own
import cv2, torch, mmengine.runner, mmengine.hooks, mmengine.visualization, mmengine.evaluator
import mmpretrain.models, mmpretrain.datasets, mmpretrain.engine, mmpretrain.evaluation, mmpretrain.visualization
from importlib import util
from PIL import Image, ImageFile
mmseg = util.find_spec("mmseg") is not None
if mmseg:
    import mmseg.models, mmseg.datasets, mmseg.engine, mmseg.evaluation, mmseg.visualization
from mmengine.fileio.backends import registry_utils
from mmengine.registry import Registry, root
from mmengine.runner import CheckpointLoader, Runner, runner

log_level = cv2.getLogLevel if hasattr(cv2, "getLogLevel") else cv2.utils.logging.getLogLevel  # OpenCV 4, 5
ACT = {"mmcabl.engine.cpu.switched_on", "mmcabl.checkpoints.mmengine_loader",  # named in our configs, a line each
       "mmcabl.engine.cpu_amp", "mmcabl.engine.cpu_distributed"}  # their old names

def registered(registry):
    found = {f"{registry.scope}.{registry.name}.{name}": id(value) for name, value in registry.module_dict.items()}
    for child in registry.children.values():
        found.update(registered(child))
    return found

def public(thing):
    return {name: id(value) for name, value in vars(thing).items()}

def state():
    found = {}
    for registry in vars(root).values():
        if isinstance(registry, Registry):
            found.update(registered(registry))
    return dict(
        registries=found, group=torch.distributed.is_initialized(), filters=list(map(repr, warnings.filters)),
        loaders={name: id(value) for name, value in CheckpointLoader._schemes.items()},
        backends={name: id(value) for name, value in registry_utils.backends.items()},
        prefixes={name: id(value) for name, value in registry_utils.prefix_to_backends.items()},
        environment=dict(os.environ), path=list(sys.path), hook=id(sys.excepthook), threads=threading.active_count(),
        cv2=[cv2.getNumThreads(), cv2.useOptimized(), log_level(), cv2.ocl.useOpenCL()],
        pillow=[Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES],
        torch=[torch.get_num_threads(), str(torch.get_default_dtype()), torch.is_grad_enabled(),
               torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark,
               torch.backends.cudnn.deterministic, torch.get_float32_matmul_precision(),
               torch.initial_seed(), torch.multiprocessing.get_start_method(allow_none=True)],
        random=torch.get_rng_state().tolist(), logging=[logging.root.level, len(logging.root.handlers)],
        runner=public(Runner), runner_module=public(runner), functional=public(torch.nn.functional),
        attention=public(mmpretrain.models.utils.attention), module=public(torch.nn.Module))

before = state()
import mmcabl
left = ACT | (set() if mmseg else {"mmcabl.segmentation"})
seen = [m.name for m in pkgutil.walk_packages(mmcabl.__path__, "mmcabl.") if m.name not in left]
for name in seen:
    try:
        importlib.import_module(name)
    except ImportError:
        if mmseg or "mmseg" not in str(sys.exc_info()[1]):
            raise
after = state()
ours = {name for name in after["registries"] if name.startswith("mmcabl.")}
changed = {}
for part, found in after.items():
    old = before[part]
    if isinstance(found, dict):
        names = {n for n in {*old, *found} if old.get(n) != found.get(n)}
        names -= ours | {n for n in names if part == "backends" and n == "mmcabl.atomic"}
        if names:
            changed[part] = sorted(names)
    elif old != found:
        changed[part] = [repr(old), repr(found)]
acted = sorted(ACT & set(sys.modules))
print(json.dumps(dict(changed=changed, acted=acted, seen=len(seen), ours=len(ours))))
'''


def python(code, *options):
    return subprocess.run([sys.executable, *options, '-c', code], capture_output=True, text=True, timeout=600,
                          check=True, env={**os.environ, 'CUDA_VISIBLE_DEVICES': ''}).stdout


def test_importing_our_modules_changes_nothing_anywhere():
    found = json.loads(python(IMPORT_ALL, '-W', 'ignore').splitlines()[-1])
    assert found['seen'] > 100 and found['ours'] > 30
    assert found['changed'] == {} and found['acted'] == []


ACTING = IMPORT_ALL.replace('import mmcabl\n', 'import mmcabl, mmcabl.engine.cpu.switched_on, '
                                               'mmcabl.checkpoints.mmengine_loader\n')


def test_the_two_that_act_are_seen_to():
    """What the test above looks at would show it."""
    found = json.loads(python(ACTING, '-W', 'ignore').splitlines()[-1])
    assert found['changed'].keys() == {'registries', 'loaders'}
    assert found['changed']['registries'] == ['mmengine.optim_wrapper.AmpOptimWrapper']


def test_the_package_is_imported_as_fast_as_what_it_looks_at():
    """0.2 s is the aim and 0.05 s the figure; on a busy machine a test can only compare."""
    def seconds(what):
        code = f'import time; a = time.process_time(); import {what}; print(time.process_time() - a)'
        return min(float(python(code)) for _ in range(5))

    ours, needed = seconds('mmcabl'), seconds('importlib.metadata, packaging.specifiers, packaging.version, warnings')
    assert ours < 4 * needed
    heavy = {'torch', 'numpy', 'cv2', 'mmengine', 'mmpretrain'}
    assert python(f'import sys, mmcabl; print(*({heavy} & {{*sys.modules}}))').strip() == ''


def test_help_imports_no_more_than_upstreams_own_script():
    script = str(Path(__file__).parents[1] / 'tools/test.py')
    slow = {'mmpretrain.models', 'mmcabl.models', 'mmseg'}
    said = python(f'import sys, runpy\nsys.argv = [{script!r}, "--help"]\n'
                  f'try:\n    runpy.run_path({script!r}, run_name="__main__")\n'
                  f'finally:\n    print("imported:", *({slow} & {{*sys.modules}}))').splitlines()
    assert said[0].startswith('usage:') and said[-1] == 'imported:'
