"""Scoring's three threads: order, bounds, and an end with nothing at work."""

import threading
import time

import pytest

from mmcabl.apis.overlapped import AHEAD, BEHIND, overlapped


class Slow:
    """A predictor that counts what is in memory; each of its three stages is the slow one in turn."""

    def __init__(self, slow):
        self.slow, self.alive, self.most, self.lock = slow, 0, 0, threading.Lock()

    def _work(self, stage, change=0):
        with self.lock:
            self.alive += change
            self.most = max(self.most, self.alive)
        time.sleep(0.005 if stage == self.slow else 0)

    def load(self, jobs):
        self._work('load', 1)
        return list(jobs)

    def forward(self, loaded):
        self._work('forward')
        return [2 * x for x, _ in loaded]

    def finish(self, jobs, found):
        self._work('finish', -1)
        return [(x, name) for x, (_, name) in zip(found, jobs)]


@pytest.mark.parametrize('slow', ['load', 'forward', 'finish'])
def test_order_is_kept_and_memory_bounded_whoever_is_slow(slow):
    predictor, written = Slow(slow), []
    batches = [[(i, f'{i}'), (i + 0.5, f'{i}b')] for i in range(12)]
    overlapped(predictor, batches, written.append)
    assert written == [(2 * x, name) for batch in batches for x, name in batch]
    assert predictor.alive == 0 and 1 < predictor.most <= AHEAD + 1 + BEHIND


def test_an_error_in_any_thread_ends_all_of_them():
    def full(scored):
        record, _ = scored
        if record >= 6:
            raise OSError('full')
        written.append(record)

    written, before = [], threading.active_count()
    with pytest.raises(OSError, match='full'):
        overlapped(Slow('finish'), [[(i, '')] for i in range(40)], full)
    assert written == [0, 2, 4] and threading.active_count() == before
