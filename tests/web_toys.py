"""What the page's worker runs in tests; imports no torch, so that its process is there at once."""

import os
import time


class Toy:
    """Answers, refuses, fails, hangs or dies."""

    def __init__(self, refuse=''):
        if refuse:
            raise ValueError(refuse)
        self.calls = []

    def echo(self, what):
        self.calls.append(what)
        return what, os.getpid()

    def refuse(self):
        raise ValueError('a sentence')

    def fail(self):
        raise KeyError('/secret/path')

    def sleep(self, seconds):
        time.sleep(seconds)
        return list(self.calls)

    def die(self):
        os._exit(1)


def counting_engine(folder, limits, *arguments):
    """The page's engine, which also counts the passes of its network and whom its process connects to."""
    import sys

    from mmcabl.web.engine_factory import make_engine

    elsewhere, passes = [], []
    sys.addaudithook(lambda event, given: elsewhere.append(str(given)) if event == 'socket.connect' else None)
    engine = make_engine(folder, limits, *arguments)
    engine.judge.inferencer.model.register_forward_pre_hook(lambda *_: passes.append(1))
    counts = engine.counts
    engine.counts = lambda: dict(counts(), passes=len(passes), elsewhere=elsewhere)
    return engine
