"""Build the package as a front end does, from a copy: a build leaves folders in the tree that later builds pack."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ('mmcabl', 'configs', 'tools', 'tests', 'benchmarks', 'docs', 'constraints', '.github')


def copy_tree(target):
    """The project's own files; a checkout also holds its user's data."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns(
            '.mim', '__pycache__', '_build', 'generated'))
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, target)
    return target


def build(kind, source, out):
    """An sdist or a wheel, as a build front end makes them, without downloads."""
    code = f'import sys; from setuptools import build_meta; build_meta.build_{kind}(sys.argv[1])'
    done = subprocess.run([sys.executable, '-c', code, str(out)], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    return max(out.glob('*.whl' if kind == 'wheel' else '*.tar.gz'), key=os.path.getmtime), done.stderr
