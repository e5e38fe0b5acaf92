"""The next batches are loaded, and the last ones refined and written, while the network is at work on one."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable, Deque, Sequence, Tuple

from mmcabl.apis.predictor import Predictor, Scored
from mmcabl.records.chunk_results import Job

#: Batches that are loaded ahead.
AHEAD = 2
#: Batches that wait for refinement and writing, or are at it.
BEHIND = 2


def overlapped(predictor: Predictor, batches: Sequence[Sequence[Job]],
               write: Callable[[Scored], Any]) -> None:
    """Score batches: ``write`` gets what is kept of every image, in their order, in one thread.

    One thread decodes, this one calls the network, one refines and writes: decoding, OpenCV and the network leave the
    interpreter to one another. What comes of it is that of doing one after the other. No more than ``AHEAD + 1 +
    BEHIND`` batches are in memory. When this returns or raises, nothing is at work any more.
    """
    def finish(part: Sequence[Job], found: Sequence[Any]) -> None:
        for scored in predictor.finish(part, found):
            write(scored)

    loading: Deque[Tuple[Sequence[Job], Future]] = deque()
    finishing: Deque[Future] = deque()
    waiting = iter(batches)
    with ThreadPoolExecutor(1) as before, ThreadPoolExecutor(1) as behind:
        try:
            for _ in batches:
                for part in waiting:
                    loading.append((part, before.submit(predictor.load, part)))
                    if len(loading) > AHEAD:
                        break
                part, loaded = loading.popleft()
                found = predictor.forward(loaded.result())
                while len(finishing) >= BEHIND:
                    finishing.popleft().result()
                finishing.append(behind.submit(finish, part, found))
            for future in finishing:
                future.result()
        except BaseException:
            for future in (*finishing, *(loaded for _, loaded in loading)):
                future.cancel()
            raise
