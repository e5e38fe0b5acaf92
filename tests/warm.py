"""Run Python scripts in processes that have torch and the toolboxes imported already.

A fresh interpreter imports for five seconds before a script's first line, and the suite runs some seventy. ``run``
stands for ``subprocess.run`` of ``[sys.executable, script, ...]``: the standard library's fork server imports
upstream's packages once and does no work itself; each script is a fork of it with its own arguments, environment,
folder and output, run as ``__main__``. Nothing of mmcabl is imported there, so what a script must import or register
it still must. Tests of imports, warnings and launchers take ``subprocess``.
"""

import atexit
import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from multiprocessing import forkserver
from pathlib import Path
from threading import Lock
from types import ModuleType

from mmengine.config import config
from yapf.yapflib import yapf_api

_plain_run = subprocess.run
_starting = Lock()
_forkserver = forkserver._forkserver
_server = multiprocessing.get_context('forkserver')
_server.set_forkserver_preload([  # what is not installed is passed over
    'torch', 'torchvision', 'torch.utils.cpp_extension', 'cv2', 'matplotlib.pyplot', 'sklearn.metrics',
    'skimage.data', 'pyarrow.parquet', 'mmengine.runner', 'mmengine.visualization', 'mmpretrain.apis',
    'mmpretrain.datasets', 'mmpretrain.engine', 'mmpretrain.evaluation', 'mmpretrain.models', 'mmseg.apis',
    'mmseg.datasets', 'mmseg.engine', 'mmseg.evaluation', 'segment_anything'])


def start(command, env=None, cwd=None, stdout=os.devnull, stderr=os.devnull):
    """A started process, leader of its own session, whose output goes to the files ``stdout`` and ``stderr``."""
    command = [str(part) for part in command]
    if not _is_script(command):
        raise ValueError(f'{command[:2]} is not this Python and a script')
    _forkserver.ensure_running()
    process = _server.Process(target=_script, args=(
        command[1:], dict(os.environ if env is None else env), str(cwd or os.getcwd()), str(stdout), str(stderr),
        {name: getattr(_forkserver, name, None) for name in ('_forkserver_address', '_forkserver_authkey')}))
    with _starting:  # a child imports what is __main__ here, which may be a script without a guard
        main, sys.modules['__main__'] = sys.modules['__main__'], ModuleType('__main__')
        try:
            process.start()
        finally:
            sys.modules['__main__'] = main
    return process


def run(command, env=None, cwd=None, timeout=None, check=False, stdout=None, stderr=None, text=True, **_):
    """As ``subprocess.run``; what goes to no open file is captured."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, kind) for kind in ('out', 'err')]
        process = start(command, env, cwd, *(getattr(given, 'name', file)
                                             for given, file in zip((stdout, stderr), files)))
        try:
            process.join(timeout)
        finally:
            late = process.is_alive()
            if late:
                kill(process)
        if late:
            raise subprocess.TimeoutExpired(command, timeout)
        said = [(file.read_text() if text else file.read_bytes()) if file.is_file() else None for file in files]
    done = subprocess.CompletedProcess(command, process.exitcode, *said)
    if check:
        done.check_returncode()
    return done


def kill(process):
    """End a running process and those that it forked, as the system would."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()  # it leads no session yet
    process.join()


def quicken():
    """Spare this process two things of upstream's that take longer than what the tests test.

    Every data set collects garbage, which goes through all objects of all imported modules (0.3 s); every runner
    formats its config four times with YAPF (0.5 s each, 2 s for the sweeps of Fig. 5).
    """
    gc.freeze()
    # some versions import it when they are imported, some when they need it
    yapf_api.FormatCode = config.FormatCode = lambda text, **_: (text, True)


def _is_script(command):
    return command[0] == sys.executable and command[1].endswith('.py')


def _nested_run(command, *args, text=False, **kwargs):
    return (run if _is_script(command) else _plain_run)(command, *args, text=text, **kwargs)


def _script(arguments, environment, folder, stdout, stderr, server):
    os.setsid()
    # the standard library means a child to use its parent's server, and forgets to tell it where that is
    vars(_forkserver).update(server, ensure_running=lambda: None)
    multiprocessing.set_start_method(None, force=True)  # the script's choice
    for name, number in ((stdout, 1), (stderr, 2)):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if 'OMP_NUM_THREADS' in environment:
        sys.modules['torch'].set_num_threads(int(environment['OMP_NUM_THREADS']))
    quicken()
    sys.argv = arguments
    sys.path[:0] = [str(Path(arguments[0]).resolve().parent),
                    *filter(None, environment.get('PYTHONPATH', '').split(os.pathsep))]
    subprocess.run = _nested_run  # the scripts that a script starts are warm too
    try:
        runpy.run_path(arguments[0], run_name='__main__')
    finally:
        atexit._run_exitfuncs()  # a fork ends without them
