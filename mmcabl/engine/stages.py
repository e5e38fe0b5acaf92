"""Long work in stages: a stage whose result is there, made for the same wish, is not done again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Optional

from mmcabl.engine.upstream import upstream_script


def is_made_for(folder: Path, wanted: Dict, remove: bool = True) -> bool:
    """Whether ``folder`` was made for what is wanted now; if for something else, it is removed."""
    stamp = folder / 'made_for.json'
    if stamp.is_file() and stamp.read_text() == _text(wanted):
        return True
    if remove:
        shutil.rmtree(folder, ignore_errors=True)
    return False


def stamp(folder: Path, wanted: Dict) -> None:
    """Note in ``folder`` what it is made for."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'made_for.json').write_text(_text(wanted))


def _text(wanted: Dict) -> str:
    return json.dumps(wanted, sort_keys=True)


def run_script(script: str, *arguments: str, package: str = 'mmpretrain', log: Optional[Path] = None,
               threads: Optional[int] = None) -> None:
    """Run an upstream script in a process of its own.

    Args:
        script: ``train.py`` or ``test.py``.
        arguments: of the script.
        package: whose script, ``mmpretrain`` or ``mmseg``.
        log: file for everything it prints; None: this process's output.
        threads: of PyTorch and OpenCV; all cores by default.

    Raises:
        SystemExit: it ended with another status than 0; the sentence says where its message is.
    """
    command: List[str] = [sys.executable, str(upstream_script(package, script)), *arguments]
    print('+', ' '.join(command), flush=True)
    environment = {**os.environ, 'PYTHONWARNINGS': 'ignore', 'PYTHONUNBUFFERED': '1'}
    if threads:
        environment.update(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    if log is None:
        code = subprocess.run(command, env=environment, check=False).returncode
    else:
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, 'w') as file:
            code = subprocess.run(command, env=environment, check=False, stdout=file, stderr=file).returncode
    if code:
        where = f'in {log}' if log else 'above'
        raise SystemExit(f'{script} ended with exit status {code}; its own message is {where}. Run the same '
                         'command again to go on from the last checkpoint.')
