"""One process's share of the chunks."""

import json
import os
from functools import partial
from pathlib import Path
from typing import Callable, Dict, Optional, Tuple, Union

from mmcabl.apis.image_index import ImageIndex, await_index, build_index
from mmcabl.apis.overlapped import overlapped
from mmcabl.apis.predictor import Predictor, Scored
from mmcabl.records.chunk_results import ChunkResults, require_pyarrow
from mmcabl.records.journal import Record
from mmcabl.utils.files import NotWritten, write_first
from mmcabl.utils.soft_maps import checked_bits

#: How often a chunk's missing images are computed before the disk is given up.
ROUNDS = 3


def rank_and_size() -> Tuple[int, int]:
    """This process's number among how many, from torchrun's or Slurm's environment; (0, 1) without them."""
    for rank, size in (('RANK', 'WORLD_SIZE'), ('SLURM_PROCID', 'SLURM_NTASKS')):
        if rank in os.environ and size in os.environ:
            return int(os.environ[rank]), int(os.environ[size])
    return 0, 1


def score_chunk(predictor: Predictor, index: ImageIndex, results: ChunkResults, batch_size: int) -> int:
    """Score what is left of a chunk that is claimed; returns how many images that was.

    Batches that were cut by a kill are done again as a whole, so every image keeps its company and its numbers.
    Before the table is written the journal is read back and counted; what it lacks is computed again. An image that
    failed gets another try after a restart.
    """
    jobs = index.chunk(results.number)
    batches = [jobs[i:i + batch_size] for i in range(0, len(jobs), batch_size)]
    done = results.done(jobs, failed_too=False)
    computed = len(jobs) - len(done)
    for _ in range(ROUNDS):
        left = [batch for batch in batches if not all(i in done for i, _ in batch)]
        overlapped(predictor, left, partial(_add, results, done))
        done = results.done(jobs)
        if len(done) == len(jobs):
            results.finish(done)
            return computed
    raise NotWritten(f'{results.journal.path} lacks {len(jobs) - len(done)} of {len(jobs)} images though they were '
                     'written: the disk loses data. The chunk is not finished.')


def _add(results: ChunkResults, done: Dict[int, Record], scored: Scored) -> None:
    if scored.record['index'] not in done:
        results.add(*scored)


def score_share(predictor: Predictor, source: Union[str, Path], out: Union[str, Path], chunk_size: int = 500,
                batch_size: int = 8, save_masks: bool = True, rank: int = 0, world_size: int = 1,
                progress: Optional[Callable[[int, int], None]] = None, maps: int = 0, add_new: bool = False) -> int:
    """Score this process's chunks, ``rank``, ``rank + world_size``, ...; returns how many images were computed now.

    Run again, with as many processes as you like, finished images are not computed again.

    Args:
        source: a folder, searched in depth, one image, or a list of paths; of the predictor's file backend, if it has
            one: :func:`mmcabl.apis.image_sources.paths_of`.
        out: gets ``scores/part-<n>.parquet``, ``masks``, and while at work ``index`` and ``journal``.
        chunk_size: images in each file of scores.
        batch_size: images in memory at a time, times five.
        progress: called with (chunks done, chunks in this share) after each chunk.
        maps: bits, 8 or 16, of the soft maps to keep as ``maps/<n>/<index>.png``; 0: none are.
        add_new: score images that came to the source, too, behind those that are there; of one process alone.

    Raises:
        ValueError: a size that is not positive; ``out`` holds results of another model, source or chunk size.
        NotWritten: ``out`` cannot be written; what was finished is kept.
    """
    check_sizes(chunk_size, batch_size)
    if add_new and world_size > 1:
        raise ValueError(f'Adding new images (--add-new) was asked of {world_size} processes; it is done by one, or '
                         'with --engine ray, and what was added may then be scored by many, without it.')
    out = Path(out)
    if rank == 0:
        index = build_index(source, out / 'index', chunk_size, predictor.backend_args, add_new)
    else:
        index = await_index(source, out / 'index', chunk_size, predictor.backend_args)
    check_output(out, predictor.fingerprint, batch_size, save_masks, maps)
    share = range(rank, index.chunks, world_size)
    computed = 0
    for position, number in enumerate(share, 1):
        computed += score_numbered(predictor, index, ChunkResults(out, number, save_masks, maps), batch_size)
        if progress:
            progress(position, len(share))
    return computed


def score_numbered(predictor: Predictor, index: ImageIndex, results: ChunkResults, batch_size: int) -> int:
    """:func:`score_chunk` of a chunk that may be finished already; returns how many images were computed."""
    computed = 0
    if not results.finished:
        results.open()
        try:
            if not results.finished:  # another process may have been at work on it a moment ago
                computed = score_chunk(predictor, index, results, batch_size)
        finally:
            results.close()
    results.drop_journal()
    return computed


def check_sizes(chunk_size: int, batch_size: int) -> None:
    """Raise ValueError for a size that is not positive, ImportError where tables cannot be written."""
    require_pyarrow()
    for name, size in (('chunk_size', chunk_size), ('batch_size', batch_size)):
        if size < 1:
            raise ValueError(f'Scoring was given {name}={size}; it accepts 1 or more.')


def check_output(out: Path, fingerprint: str, batch_size: int, masks: bool, maps: int = 0) -> None:
    """Note what the results are of, or compare with the note that is there."""
    path = out / 'model.json'
    wanted = dict(format=4, fingerprint=fingerprint, batch_size=batch_size, masks=masks)
    text = json.dumps({**wanted, **(dict(maps=checked_bits(maps)) if maps else {})})
    write_first(path, text)
    found = path.read_text(errors='replace')
    if found != text:
        raise ValueError(f'{out} holds results of another model or batch size, with or without masks or maps, or of '
                         f'another version ({found}, now {text}); give another output folder.')
