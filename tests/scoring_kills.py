"""Run by tests/test_scoring.py: score a folder in forked processes that are killed at random times.

    python tests/scoring_kills.py CONFIG CHECKPOINT IMAGES OUT KILLS SEED

Prints how many processes were killed, and how many images each process computed before.
"""

import json
import os
import random
import signal
import sys
import time

import torch

torch.set_num_threads(1)  # before any work: threads of a pool do not survive a fork

from mmcabl.scoring import Predictor, score_share  # noqa: E402

CHUNK, BATCH = 7, 2


def child(predictor, images, out, slow):
    if slow:  # around every file that appears, so that kills fall there too, and 20 of them before the end
        replace = os.replace

        def slowly(*args):
            time.sleep(0.04)
            replace(*args)
            time.sleep(0.04)

        os.replace = slowly
    score_share(predictor, images, out, CHUNK, BATCH)
    os._exit(0)


def main():
    config, checkpoint, images, out = sys.argv[1:5]
    kills, rng = int(sys.argv[5]), random.Random(int(sys.argv[6]))
    predictor = Predictor(config, checkpoint)
    killed = 0
    while True:
        pid = os.fork()
        if not pid:
            child(predictor, images, out, killed < kills)
        if killed < kills:
            time.sleep(rng.uniform(0.02, 0.3))
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        if os.WIFSIGNALED(status):
            killed += 1
        elif os.WEXITSTATUS(status):
            raise SystemExit('a process failed')
        else:
            print(json.dumps(dict(killed=killed)))
            return


if __name__ == '__main__':
    main()
