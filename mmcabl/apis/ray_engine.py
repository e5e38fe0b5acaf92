"""Scoring by Ray Data: chunks go to whichever process is free, and lost processes are replaced."""

from pathlib import Path
from typing import Any, Callable, Dict, Optional, Union

import numpy as np

from mmcabl.apis.image_index import ImageIndex, build_index
from mmcabl.apis.predictor import Predictor
from mmcabl.apis.scoring import check_output, check_sizes, score_numbered
from mmcabl.records.chunk_results import ChunkResults


def require_ray():
    """Ray Data, or one sentence on how to get it."""
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError(f"--engine ray needs Ray, which cannot be imported ({error}): pip install 'mmcabl[ray]'."
                          ) from error
    return ray


class ChunkScorer:
    """What Ray keeps in each of its processes: a model, made once, that scores one chunk at a call."""

    def __init__(self, model: Dict[str, Any], out: str, index: ImageIndex, batch_size: int, save_masks: bool,
                 maps: int) -> None:
        self.predictor = Predictor(**model)
        self.out, self.index, self.batch_size = Path(out), index, batch_size
        self.kept = save_masks, maps

    def __call__(self, batch: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        before, said = self.predictor.failures.count, ''
        try:
            computed = [score_numbered(self.predictor, self.index, ChunkResults(self.out, int(number), *self.kept),
                                       self.batch_size) for number in batch['chunk']]
        except (ValueError, OSError, RuntimeError) as error:  # of what is raised here Ray Data hands on no sentence
            computed, said = [0], str(error) or type(error).__name__
        return dict(computed=np.array(computed), failed=np.array([self.predictor.failures.count - before]),
                    error=np.array([said]))


def score_with_ray(model: Dict[str, Any], source: Union[str, Path], out: Union[str, Path], chunk_size: int = 500,
                   batch_size: int = 8, save_masks: bool = True, processes: int = 0,
                   progress: Optional[Callable[[int, int], None]] = None, maps: int = 0,
                   add_new: bool = False) -> Dict[str, int]:
    """As :func:`mmcabl.apis.score_share`, the chunks that are left shared out by Ray Data.

    Results and guarantees are the same, since a chunk is claimed, journalled and finished as there: a process that is
    lost, with its machine or alone, is replaced by Ray, and the next one goes on from the chunk's journal; where this
    process is lost, run the same command again. ``source`` and ``out`` are paths that every machine of Ray's sees.

    Args:
        model: arguments of :class:`Predictor`.
        processes: that score at the same time; 0: as many as there are GPUs, or cores where there are none.

    Returns:
        ``computed`` and ``failed``, counts of images.

    Raises:
        ImportError: there is no Ray.
        ValueError: a numbered device; what ``score_share`` raises before anything is computed.
        RuntimeError: what ended a process of Ray's, such as a disk that cannot be written; what was finished is kept.
    """
    ray = require_ray()
    check_sizes(chunk_size, batch_size)
    device = str(model.get('device') or '')
    if ':' in device:
        raise ValueError(f'--engine ray was given --device {device}; it accepts cuda, cpu or none, for Ray itself '
                         'gives each of its processes one GPU.')
    out = Path(out).resolve()
    # made here once, so that what is wrong with it is said in a sentence before any process starts
    predictor = Predictor(**model)
    on_gpu, fingerprint = predictor.device.type == 'cuda', predictor.fingerprint
    del predictor
    index = build_index(source, out / 'index', chunk_size, model.get('backend_args'), add_new)
    check_output(out, fingerprint, batch_size, save_masks, maps)
    left = [n for n in range(index.chunks) if not ChunkResults(out, n, save_masks, maps).finished]
    total = dict(computed=0, failed=0)
    if not left:
        return total
    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False)
    most = int(ray.cluster_resources().get('GPU' if on_gpu else 'CPU', 1)) or 1
    model = {key: str(Path(value).resolve()) if key in ('config', 'checkpoint') else value
             for key, value in model.items()}
    found = ray.data.from_items([dict(chunk=n) for n in left], override_num_blocks=len(left)).map_batches(
        ChunkScorer, fn_constructor_args=(model, str(out), index, batch_size, save_masks, maps), batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=min(processes or most, len(left))),
        **(dict(num_gpus=1) if on_gpu else dict(num_cpus=1)))
    try:
        for done, row in enumerate(found.iter_rows(), 1):
            if row['error']:
                raise RuntimeError(str(row['error']))
            total = {key: total[key] + int(row[key]) for key in total}
            if progress:
                progress(done, len(left))
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
    return total
