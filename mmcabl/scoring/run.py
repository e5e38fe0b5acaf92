"""One process's share of the chunks."""

import json
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Sequence, Tuple, Union

from mmcabl.scoring.chunk_results import ChunkResults, require_pyarrow
from mmcabl.scoring.image_index import ImageIndex, await_index, build_index
from mmcabl.scoring.predictor import Job, Predictor

#: Batches that are loaded ahead.
AHEAD = 2


def rank_and_size() -> Tuple[int, int]:
    """This process's number among how many, from torchrun's or Slurm's environment; (0, 1) without them."""
    for rank, size in (('RANK', 'WORLD_SIZE'), ('SLURM_PROCID', 'SLURM_NTASKS')):
        if rank in os.environ and size in os.environ:
            return int(os.environ[rank]), int(os.environ[size])
    return 0, 1


def _batches(predictor: Predictor, jobs: Sequence[Job], size: int) -> Iterator[Tuple[Sequence[Job], List[dict]]]:
    """Batches in turn, the next ones being loaded meanwhile; never more than :data:`AHEAD` in memory."""
    parts = [jobs[i:i + size] for i in range(0, len(jobs), size)]
    with ThreadPoolExecutor(1) as pool:
        waiting = deque()
        for part in parts:
            waiting.append((part, pool.submit(predictor.load, part)))
            if len(waiting) > AHEAD:
                done, loaded = waiting.popleft()
                yield done, loaded.result()
        while waiting:
            done, loaded = waiting.popleft()
            yield done, loaded.result()


def score_chunk(predictor: Predictor, index: ImageIndex, results: ChunkResults, batch_size: int) -> int:
    """Score what is left of a chunk; returns how many images that was.

    Batches that were cut by a kill are done again as a whole, so every image keeps its company and its numbers.
    """
    jobs, done = index.chunk(results.number), results.open()
    batches = [jobs[i:i + batch_size] for i in range(0, len(jobs), batch_size)]
    left = [job for batch in batches if not all(i in done for i, _ in batch) for job in batch]
    for part, loaded in _batches(predictor, left, batch_size):
        for record, mask in predictor.predict(part, loaded):
            if record['index'] not in done:
                results.add(record, mask)
    results.finish(results.records())
    return sum(i not in done for i, _ in left)


def score_share(predictor: Predictor, source: Union[str, Path], out: Union[str, Path], chunk_size: int = 500,
                batch_size: int = 8, save_masks: bool = True, rank: int = 0, world_size: int = 1,
                progress: Optional[Callable[[int, int], None]] = None) -> int:
    """Score this process's chunks: number ``rank``, ``rank + world_size``, ...

    Run again, with as many processes as you like, finished images are not computed again.

    Args:
        predictor: the model.
        source: a folder, searched in depth, or a list of paths.
        out: gets ``scores/part-<n>.parquet``, ``masks``, and while at work ``index`` and ``journal``.
        chunk_size: images in each file of scores.
        batch_size: images in memory at a time, times three.
        save_masks: write the final masks as PNG.
        rank, world_size: which share.
        progress: called with (chunks done, chunks in this share) after each chunk.

    Returns:
        The number of images computed now.

    Raises:
        ValueError: ``out`` holds results of another model, source or chunk size.
    """
    require_pyarrow()
    out = Path(out)
    make = build_index if rank == 0 else await_index
    index = make(source, out / 'index', chunk_size)
    _check_model(out, predictor, batch_size)
    share = range(rank, index.chunks, world_size)
    computed = 0
    for position, number in enumerate(share, 1):
        results = ChunkResults(out, number, save_masks)
        if results.finished:
            results.journal.unlink(missing_ok=True)  # a kill between the table and the journal's removal
        else:
            computed += score_chunk(predictor, index, results, batch_size)
        if progress:
            progress(position, len(share))
    return computed


def _check_model(out: Path, predictor: Predictor, batch_size: int) -> None:
    path, wanted = out / 'model.json', dict(fingerprint=predictor.fingerprint, batch_size=batch_size)
    part = path.with_suffix(f'.{os.getpid()}.part')
    part.write_text(json.dumps(wanted))
    with suppress(FileExistsError):
        os.link(part, path)  # there as a whole or not at all, by whoever is first
    part.unlink()
    found = path.read_text()
    if json.loads(found) != wanted:
        raise ValueError(f'{out} holds results of another model or batch size ({found}, now {json.dumps(wanted)}); '
                         'give another output folder.')
