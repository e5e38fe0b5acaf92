from collections import deque
from pathlib import Path
from typing import List, Optional

from mmengine.dist import barrier, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmcabl.checkpoints.reading import CheckpointError, read_checkpoint
from mmcabl.checkpoints.weights_hook import RESUMED
from mmcabl.checkpoints.writing import AtomicLocalBackend
from mmcabl.registry import HOOKS
from mmcabl.utils.files import write_whole

POINTER = 'last_checkpoint'


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook`` without the moments at which a kill loses a training.

    mmengine removes the oldest checkpoint, writes the new one in place, then empties and writes ``last_checkpoint``.
    Here a file is written beside and put in place when it is whole, and the oldest is removed last. On ``--resume
    auto``, a ``last_checkpoint`` that names no whole checkpoint is set to the newest one in the folder.

    Args: of ``CheckpointHook``. With an ``out_dir`` on another storage than a disk, mmengine's own way is kept.
    """

    def __init__(self, *args, out_dir: Optional[str] = None, file_client_args: Optional[dict] = None,
                 backend_args: Optional[dict] = None, **kwargs) -> None:
        if file_client_args is None and backend_args is None and '://' not in str(out_dir or ''):
            backend_args = dict(backend='mmcabl.atomic')
        super().__init__(*args, out_dir=out_dir, file_client_args=file_client_args, backend_args=backend_args,
                         **kwargs)

    def before_run(self, runner: Runner) -> None:
        """Before mmengine reads ``last_checkpoint``."""
        if not runner.cfg.get('resume') or runner.cfg.get('load_from'):
            return
        if is_main_process():
            work_dir = Path(runner.work_dir)
            folder = Path(self.out_dir, work_dir.name) if self.out_dir else work_dir
            if folder.is_dir():
                find_whole(work_dir / POINTER, sorted(folder.glob(self.filename_tmpl.format('*')),
                                                      key=lambda path: path.stat().st_mtime, reverse=True))
        barrier()

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        if not isinstance(self.file_backend, AtomicLocalBackend):
            super()._save_checkpoint_with_step(runner, step, meta)
            return
        removed: List[int] = []
        if self.max_keep_ckpts > 0:
            kept = [*(i for i in self.keep_ckpt_ids if i != step), step]
            removed, kept = kept[:-self.max_keep_ckpts], kept[-self.max_keep_ckpts:]
            self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
            runner.message_hub.update_info('keep_ckpt_ids', kept)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = str(Path(self.out_dir, name))
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(self.out_dir, name, save_optimizer=self.save_optimizer,
                               save_param_scheduler=self.save_param_scheduler, meta=meta, by_epoch=self.by_epoch,
                               backend_args=self.backend_args, **self.args)
        if is_main_process():
            write_whole(Path(runner.work_dir, POINTER), self.last_ckpt)
            for old in removed:
                Path(self.out_dir, self.filename_tmpl.format(old)).unlink(missing_ok=True)


def find_whole(pointer: Path, newest_first: List[Path]) -> None:
    """Make ``pointer`` name a checkpoint that loads: the one it names, otherwise the first of the list that does.

    Raises:
        CheckpointError: there are checkpoints and none can be resumed; starting anew would overwrite them.
    """
    named = pointer.read_text(errors='replace').strip() if pointer.is_file() else ''
    if named and Path(named).is_dir():  # a sharded checkpoint of other frameworks
        return
    for path in [*([named] if named else []), *(str(path) for path in newest_first if str(path) != named)]:
        try:
            checkpoint = read_checkpoint(path)
            lacking = [key for key in RESUMED if key not in checkpoint]
            if lacking:
                raise CheckpointError(f'{path} holds no state of a training ({", ".join(lacking)} missing).')
        except CheckpointError as error:
            print_log(f'{error} It is passed over.', logger='current', level=30)
            continue
        if path != named:
            print_log(f'Training goes on from {path}.', logger='current', level=30)
            write_whole(pointer, path)
        return
    if newest_first:
        raise CheckpointError(f'None of the {len(newest_first)} checkpoints in {pointer.parent} can be resumed; move '
                              'them away to start anew.')
    if pointer.is_file():  # the kill came during the first checkpoint
        pointer.replace(pointer.with_name(f'{POINTER}.broken'))
