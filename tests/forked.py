"""Run a function in a fork of the test process: torch is there already, nothing it changes stays, it may die."""

import faulthandler
import gc
import os
import sys
import tempfile
import traceback
from pathlib import Path

import cv2
import torch
from mmengine.logging import MMLogger

# A child can neither use nor end the threads of OpenCV's pool; so there never is one in a process that forks.
cv2.setNumThreads(1)


def forked(function, *args, log=None):
    """Call ``function(*args)`` in a child with one thread, so that every child computes the same bits.

    Args:
        log: file that gets what it prints.

    Returns:
        Its exit status: 0, what it gave to ``sys.exit``, 1 after an exception, or minus the signal that ended it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if cv2.getNumThreads() > 1:
        cv2.setNumThreads(1)
    pid = os.fork()
    if not pid:
        code = 1
        try:
            with open(log or os.devnull, 'w') as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            sys.stdout, sys.stderr = open(1, 'w', closefd=False), open(2, 'w', closefd=False)  # noqa: SIM115
            faulthandler.dump_traceback_later(300, exit=True, file=2)  # in place of a test that hangs
            gc.freeze()  # what is there already need not be gone through by every collection
            torch.set_num_threads(1)  # as a data loader's workers do: threads of a pool do not survive a fork
            # what earlier tests made of the current logger is theirs; this one prints here
            MMLogger.get_instance(f'fork {os.getpid()}', log_level='INFO')
            function(*args)
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
            if isinstance(error.code, str):
                print(error.code)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)  # none of pytest's own clean-up
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(function, *args):
    """:func:`forked`; returns what was printed, and fails with it if the child did."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, 'log')
        code = forked(function, *args, log=log)
        said = log.read_text(errors='replace')
    assert code == 0, f'exit status {code}\n{said[-3000:]}'
    return said
