"""Scoring pictures of CASIA v1's size by two processes, against the network's own forwards on loaded batches.

Three-block network of the quick start, GrabCut, one thread of torch a process. In one round each process first calls
the network alone, then scores its share: decoding, forward, GrabCut, PNG, journal, Parquet. Printed for each round:
seconds of scoring / seconds of the network alone (the slowest process of each); the part of scoring that was spent
in the network; CPU time of both. Where every core has a process, only the CPU times can tell what there is to hide.
``--images``: a folder of JPEG files, linked to as often as needed; ``--max-side``: of GrabCut, its own by default.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def make(folder: Path, count: int, images: str, max_side: int) -> None:
    """A config, a checkpoint, and ``count`` JPEG files, of which 40 differ or as many as ``images`` holds."""
    import cv2
    import torch
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from refinement import CONFIG, picture

    from mmcabl.registry import MODELS
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(str(CONFIG))
    cfg.model.flip = False
    if max_side:
        cfg.model.postprocessor.refiner.max_side = max_side
    cfg.dump(str(folder / 'config.py'))
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}), folder / 'model.pth')
    (folder / 'images').mkdir()
    sources = sorted(p.resolve() for p in Path(images).rglob('*') if p.suffix.lower() == '.jpg') if images else []
    for i in range(count):
        path = folder / f'images/{i:06d}.jpg'
        if sources:
            path.symlink_to(sources[i % len(sources)])
        elif i < 40:
            cv2.imwrite(str(path), picture(i))
        else:
            os.link(folder / f'images/{i % 40:06d}.jpg', path)


def one_process(folder: Path, out: Path, count: int) -> dict:
    import cv2

    from mmcabl.apis import Predictor, score_share
    cv2.setNumThreads(0)
    rank, size = int(os.environ['RANK']), int(os.environ['WORLD_SIZE'])
    predictor = Predictor(str(folder / 'config.py'), str(folder / 'model.pth'), 'cpu')
    own = -(-count // size)
    jobs = [(i, str(folder / f'images/{i:06d}.jpg')) for i in range(rank * own, min(count, (rank + 1) * own))]
    predictor.forward(predictor.load(jobs[:8]))
    alone = [0., 0.]
    for i in range(0, len(jobs), 8):  # the same images in the same batches, loaded while no clock runs
        batch = predictor.load(jobs[i:i + 8])
        wall, cpu = time.perf_counter(), time.process_time()
        predictor.forward(batch)
        alone = [alone[0] + time.perf_counter() - wall, alone[1] + time.process_time() - cpu]
    inside, step = [0.], predictor.forward

    def timed(loaded):
        start = time.perf_counter()
        try:
            return step(loaded)
        finally:
            inside[0] += time.perf_counter() - start

    predictor.forward = timed
    wall, cpu = time.perf_counter(), time.process_time()
    score_share(predictor, folder / 'images', out, chunk_size=own, batch_size=8, rank=rank, world_size=size)
    return dict(alone=alone, whole=(time.perf_counter() - wall, time.process_time() - cpu), inside=inside[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=2000)
    parser.add_argument('--processes', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--images', default='')
    parser.add_argument('--max-side', type=int, default=0)
    parser.add_argument('--only', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(one_process(Path(args.only[0]), Path(args.only[1]), args.count)))
        return
    found = []
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), args.count, args.images, args.max_side)
        for number in range(args.rounds):
            command = [sys.executable, '-W', 'ignore', __file__, '--count', str(args.count), '--only', name,
                       f'{name}/out{number}']
            env = dict(os.environ, OMP_NUM_THREADS='1', MKL_NUM_THREADS='1', WORLD_SIZE=str(args.processes))
            running = [subprocess.Popen(command, env=dict(env, RANK=str(r)), text=True, stdout=subprocess.PIPE)
                       for r in range(args.processes)]
            rows = [json.loads(p.communicate()[0].splitlines()[-1]) for p in running]
            wall = [max(r[k][0] for r in rows) for k in ('whole', 'alone')]
            cpu = [sum(r[k][1] for r in rows) for k in ('whole', 'alone')]
            found.append((wall[0] / wall[1], sum(r['inside'] for r in rows) / sum(r['whole'][0] for r in rows),
                          cpu[0] / cpu[1]))
            print(f'round {number + 1}: {wall[0]:.1f} s / {wall[1]:.1f} s; CPU {cpu[0]:.1f} s / {cpu[1]:.1f} s',
                  flush=True)
    for text, values in zip(('seconds, scoring / network alone', "network's part of scoring's seconds",
                             'CPU time, scoring / network alone'), zip(*found)):
        print(f'{text}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})')


if __name__ == '__main__':
    main()
