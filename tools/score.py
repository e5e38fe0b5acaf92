"""Score a folder or a list of images, however many: image scores, prompts and masks.

    python tools/score.py CONFIG CHECKPOINT IMAGES OUT
    python -m torch.distributed.run --nproc_per_node=8 tools/score.py CONFIG CHECKPOINT IMAGES OUT
    srun -n 64 python tools/score.py CONFIG CHECKPOINT IMAGES OUT

OUT/scores/part-<n>.parquet has one row an image, OUT/masks their masks, OUT/unreadable.txt what could not be read.
Killed at any time and run again, with as many processes as you like, it goes on: no image is lost or done twice.
"""

import argparse
import os
import time
from pathlib import Path

import torch

from mmcabl.scoring import Predictor, score_share
from mmcabl.scoring.chunk_results import unreadable_images
from mmcabl.scoring.run import rank_and_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('images', help='a folder, searched in depth, or a text file with one path a line')
    parser.add_argument('out')
    parser.add_argument('--chunk-size', type=int, default=500, help='images in each Parquet file')
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--no-masks', action='store_true')
    parser.add_argument('--device', default='', help='a GPU if there is one')
    parser.add_argument('--trust', action='store_true', help='load a checkpoint that may run code: one of your own')
    args = parser.parse_args()
    rank, world_size = rank_and_size()
    device = args.device
    if not device and torch.cuda.is_available():
        local = int(os.environ.get('LOCAL_RANK', os.environ.get('SLURM_LOCALID', 0)))
        device = f'cuda:{local % torch.cuda.device_count()}'
    try:
        predictor = Predictor(args.config, args.checkpoint, device, trust=args.trust)
        start = time.time()
        count = score_share(predictor, args.images, args.out, args.chunk_size, args.batch_size, not args.no_masks,
                            rank, world_size, lambda done, total: print(
                                f'rank {rank}: {done} of {total} chunks', flush=True))
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        raise SystemExit(str(error)) from None
    seconds = time.time() - start
    print(f'rank {rank}: {count} images in {seconds:.1f} s, {count / seconds:.2f} images/s', flush=True)
    if rank == 0:
        broken = unreadable_images(Path(args.out))
        Path(args.out, 'unreadable.txt').write_text(''.join(f'{path}\n' for path in broken))
        print(f'{len(broken)} images so far could not be read; they are listed in {Path(args.out, "unreadable.txt")}')


if __name__ == '__main__':
    main()
