from typing import Any, Dict

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner, find_latest_checkpoint

from mmcabl.checkpoints.matching import bare, check, parameters_of
from mmcabl.checkpoints.reading import CheckpointError, trust_checkpoints
from mmcabl.registry import HOOKS

#: What mmengine's ``resume`` reads.
RESUMED = ('state_dict', 'meta', 'message_hub', 'optimizer')


@HOOKS.register_module()
class CheckedWeightsHook(Hook):
    """Refuse a checkpoint that is not the model's: ``weights=dict(type='mmcabl.CheckedWeightsHook')`` in a config's
    ``default_hooks``.

    mmengine loads what fits and goes on; a test then scores random weights. Here testing and resuming demand every
    name and shape. Training from ``load_from`` only warns: fine-tuning with another head is meant to differ. Weights
    that are not finite are refused everywhere.

    It also passes the config's ``trust_checkpoints`` to the loader, see :mod:`mmcabl.checkpoints.mmengine_loader`.
    """

    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        trust_checkpoints(runner.cfg.get('trust_checkpoints', False))

    def after_run(self, runner: Runner) -> None:
        """What this run trusts, the next need not."""
        trust_checkpoints(False)

    def after_load_checkpoint(self, runner: Runner, checkpoint: Dict[str, Any]) -> None:
        """Before mmengine puts it into the model."""
        training = isinstance(runner.optim_wrapper, (OptimWrapper, OptimWrapperDict))  # a config while testing
        resuming = training and runner.cfg.get('resume', False)
        latest = find_latest_checkpoint(runner.work_dir) if resuming else None
        name = runner.cfg.get('load_from') or latest or 'The checkpoint'
        lacking = [key for key in RESUMED if resuming and key not in checkpoint]
        if lacking:
            raise CheckpointError(f'{name} holds no state of a training ({", ".join(lacking)} missing); to start '
                                  'from its weights, give it as load_from, without resume.')
        problem = check(bare(runner.model), parameters_of(checkpoint, name), name, exact=not training or resuming)
        if problem:
            print_log(f'{name} is not a whole checkpoint of this model: {problem}. Training starts from what fits.',
                      logger='current', level=30)
