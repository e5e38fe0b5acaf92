"""Score a folder in processes that are killed (SIGKILL) at chosen points of their work on the disk."""

import os
import random
import signal
from pathlib import Path

from mmcabl.apis import score_share
from mmcabl.records.chunk_results import ChunkResults
from mmcabl.utils import files
from tests.forked import forked

CHUNK, BATCH = 7, 2


def dying(predictor, images, out, left):
    """Score; die at the ``left``-th point: before, in and after each write, before and after each other change."""
    left = [left]

    def point():
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(owner, name):
        function = getattr(owner, name)

        def wrapped(*args, **kwargs):
            point()
            result = function(*args, **kwargs)
            point()
            return result

        setattr(owner, name, wrapped)

    class HalfFirst(files.RawFile):
        def write(self, data):
            half = len(data) // 2
            written = super().write(data[:half]) if half else 0
            point()
            return written + super().write(data[half:])

    files.RawFile = HalfFirst
    for owner, name in ((os, 'replace'), (os, 'rename'), (os, 'link'), (Path, 'unlink'), (ChunkResults, 'open'),
                        (predictor, 'forward'), (predictor, 'finish')):
        around(owner, name)
    score_share(predictor, images, out, CHUNK, BATCH)


def killed_often(predictor, images, out, kills, seed):
    """Score with ``kills`` killed processes, then one that may end; returns how many were killed."""
    rng, killed = random.Random(seed), 0
    while killed < kills:
        status = forked(dying, predictor, images, out, rng.randint(1, 20))
        if status != -signal.SIGKILL:
            break
        killed += 1
    status = forked(score_share, predictor, images, out, CHUNK, BATCH)
    assert status == 0, f'the last process ended with {status}'
    return killed
