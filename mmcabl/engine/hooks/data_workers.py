import os
import threading
import time
from typing import Callable, Optional

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmcabl.registry import HOOKS


@HOOKS.register_module()
class WorkerGuardHook(Hook):
    """End data-loader processes when their parent is killed: ``default_hooks=dict(workers=dict(type=...))``.

    A process of torch's that finds its parent gone ends only after it has handed over what it loaded, to a pipe that
    nobody reads any more: with more than the pipe's 64 KiB in it, it sleeps for ever, hundreds of MB in size.
    """

    def before_train(self, runner: Runner) -> None:
        guard(runner.train_dataloader)

    def before_val(self, runner: Runner) -> None:
        guard(runner.val_dataloader)

    def before_test(self, runner: Runner) -> None:
        guard(runner.test_dataloader)


def guard(loader: DataLoader) -> None:
    """Let every process that the loader starts from now on watch its parent."""
    if not isinstance(loader.worker_init_fn, GuardedInit):
        loader.worker_init_fn = GuardedInit(loader.worker_init_fn)


class GuardedInit:
    """A ``worker_init_fn`` that also starts the watch over ``parent``, this process by default.

    ``inner`` is the one that was there: mmengine's, which sets the seeds.
    """

    def __init__(self, inner: Optional[Callable[[int], None]], parent: Optional[int] = None) -> None:
        self.inner, self.parent = inner, parent or os.getpid()

    def __call__(self, worker_id: int) -> None:
        if os.getpid() != self.parent:
            threading.Thread(target=end_with, args=(self.parent,), daemon=True).start()
        if self.inner is not None:
            self.inner(worker_id)


def end_with(parent: int, interval: float = 1.0) -> None:
    """Wait until this process has another parent, look every ``interval`` seconds, then end it."""
    while os.getppid() == parent:
        time.sleep(interval)
    os._exit(1)
