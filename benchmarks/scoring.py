"""Large inference: memory over 1,000 and 20,000 images, images per second with one and two processes.

A tiny network on tiny images, so that what is measured is the machinery around it. Each process has one thread.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmcabl.registry import MODELS

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / 'configs/quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'


def make_model(folder: Path) -> None:
    cfg = Config.fromfile(str(CONFIG))
    cfg.model.backbone.update(arch=dict(embed_dims=24, channel_ratio=1, num_heads=2, depths=3), base_channels=8)
    cfg.model.head.update(in_channels=32, embed_dims=24)
    cfg.model.update(scales=[32], flip=False)
    cfg.dump(str(folder / 'config.py'))
    init_default_scope('mmpretrain')
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}), folder / 'model.pth')


def make_images(folder: Path, count: int) -> Path:
    """``count`` files, 50 of them different, the rest links to these."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for i in range(count):
        path = folder / f'{i:06d}.jpg'
        if i < 50:
            cv2.imwrite(str(path), rng.integers(0, 256, (48, 48, 3), np.uint8))
        else:
            os.link(folder / f'{i % 50:06d}.jpg', path)
    return folder


def resident(pid: int) -> float:
    """Resident memory of a process in MiB."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS'):
            return int(line.split()[1]) / 1024
    return 0.


def score(folder: Path, images: Path, out: Path, processes: int):
    """Seconds of scoring (the slowest process's own clock), and (images done, MiB) of process 0 over time."""
    command = [sys.executable, '-u', str(ROOT / 'tools/score.py'), str(folder / 'config.py'),
               str(folder / 'model.pth'), str(images), str(out)]
    base = {**os.environ, 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1', 'PYTHONWARNINGS': 'ignore',
            'WORLD_SIZE': str(processes)}
    running = [subprocess.Popen(command, env={**base, 'RANK': str(r)}, stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.DEVNULL) for r in range(processes)]
    memory = []
    while running[0].poll() is None:
        parts = len(list((out / 'scores').glob('*.parquet'))) if out.is_dir() else 0
        if parts:
            memory.append((parts * 500, resident(running[0].pid)))
        time.sleep(0.5)
    said = [process.communicate()[0] for process in running]
    return max(float(text.split(' images in ')[1].split()[0]) for text in said), memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, nargs=2, default=(1000, 20000), help='for the memory')
    parser.add_argument('--pair', type=int, default=5000, help='images for one process against two')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder)
        for count in args.images:
            images = make_images(folder / f'images{count}', count)
            seconds, memory = score(folder, images, folder / f'one{count}', 1)
            tail = [m for _, m in memory if m]
            print(f'{count} images, 1 process: {seconds:.1f} s, {count / seconds:.0f} images/s, resident '
                  f'{tail[0]:.0f} MiB after the first 500 images, {max(tail):.0f} MiB at most', flush=True)
        images = make_images(folder / 'pair', args.pair)
        seconds = {n: score(folder, images, folder / f'pair{n}', n)[0] for n in (1, 2)}
        print(f'{args.pair} images: 2 processes do {seconds[1] / seconds[2]:.2f} times as many images a second as 1 '
              f'({args.pair / seconds[2]:.0f} against {args.pair / seconds[1]:.0f})')


if __name__ == '__main__':
    main()
