"""A run is checked before its first step, not when it would end without what it needs."""

import logging
import shutil
from typing import Sequence

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, Runner

from mmcabl.engine.needs import missing_weights, test_needs, training_needs
from mmcabl.models.segmentors.refined_segmentor import refuse_other_merges
from mmcabl.registry import HOOKS


def check_run(cfg: Config, training: bool) -> None:
    """Raise SystemExit that lists what a training or a test needs and lacks, a sentence each."""
    hook = (cfg.get('default_hooks') or {}).get('preflight') or {}
    if not training:
        _refuse(missing_weights(cfg) + test_needs(cfg))
        return
    found = training_needs(cfg, hook.get('overwrite', False))
    later = test_needs(cfg) if found and hook.get('test') != 'ignore' else []
    _refuse(found + (['A test with this config will need more:', *later] if later else []))


def _refuse(sentences: Sequence[str]) -> None:
    if sentences:
        raise SystemExit('\n'.join(dict.fromkeys(sentences)))


@HOOKS.register_module()
class PreflightHook(Hook):
    """Stops a run that would end without what it needs, before its first step, in one sentence for each thing.

    A training needs its data, its starting weights and a folder it can write to that holds no other training. What
    only a test with the same config needs (SAM's file, test sets) it may still lack then.

    Args:
        test: what a training says of things only its test needs: ``warn``, ``refuse`` or ``ignore``.
        overwrite: a new training may write over the checkpoints of one that is in ``work_dir``.
    """

    priority = 'HIGHEST'

    def __init__(self, test: str = 'warn', overwrite: bool = False) -> None:
        if test not in ('warn', 'refuse', 'ignore'):
            raise ValueError(f'Unknown value {test!r} of PreflightHook.test; accepted are warn, refuse, ignore.')
        self.test, self.overwrite, self._trained = test, overwrite, False

    def before_run(self, runner: Runner) -> None:
        """Check what this run needs."""
        if isinstance(runner._test_loop, BaseLoop):
            _refuse(missing_weights(runner.cfg) + test_needs(runner.cfg))
        if isinstance(runner._train_loop, BaseLoop) and not self._trained:
            _refuse(training_needs(runner.cfg, self.overwrite))
            if is_main_process():
                self._look_ahead(runner)

    def before_test(self, runner: Runner) -> None:
        """Refuse test-time augmentation that would mix one pass with the mean of all."""
        refuse_other_merges(runner.model)

    def _look_ahead(self, runner: Runner) -> None:
        """What the training does not need, and will be missed after it."""
        found = [] if self.test == 'ignore' else test_needs(runner.cfg, listed=True)
        if self.test == 'refuse':
            _refuse(found)
        if found:
            print_log('The training can begin, a test with this config cannot, yet:\n' + '\n'.join(found), 'current',
                      logging.WARNING)
        weights = sum(p.numel() * p.element_size() for p in runner.model.parameters())
        free = shutil.disk_usage(runner.work_dir).free
        if free < 3 * weights:
            print_log(f'{runner.work_dir} has {free / 1e6:.0f} MB left, and one checkpoint with the state of an '
                      f'optimizer such as AdamW takes {3 * weights / 1e6:.0f} MB.', 'current', logging.WARNING)

    def after_train(self, runner: Runner) -> None:
        """A test in the same process finds the checkpoints of its own training."""
        self._trained = True
