"""Score a folder or a list of images, however many, or one image: scores, prompts and masks.

    mmcabl score CONFIG CHECKPOINT IMAGES OUT
    python -m torch.distributed.run --nproc_per_node=8 -m mmcabl score CONFIG CHECKPOINT IMAGES OUT
    srun -n 64 mmcabl score CONFIG CHECKPOINT IMAGES OUT
    mmcabl score CONFIG CHECKPOINT IMAGES OUT --engine ray

OUT/scores/part-<n>.parquet has one row an image, OUT/masks their masks, OUT/maps their soft maps (--maps 8 or 16),
OUT/unreadable.txt what could not be read, OUT/failed.txt on what the model failed, with the reasons. Killed at any
time and run again, with as many processes as you like, it goes on: no image is lost or done twice. What came to
IMAGES, went or changed since OUT was begun is said; --add-new scores what came, and leaves all else as it is.
"""

import argparse
import os
import time
from pathlib import Path
from typing import Optional, Sequence

from mmengine.config import DictAction

from mmcabl.utils.files import write_whole
from mmcabl.utils.outputs import own_folder


def main(arguments: Optional[Sequence[str]] = None, prog: Optional[str] = None) -> None:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('images', help='a folder, searched in depth, an image, or a text file with one path a line; '
                                       'also http://... and s3://...')
    parser.add_argument('out')
    parser.add_argument('--chunk-size', type=int, default=500, help='images in each Parquet file')
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--no-masks', action='store_true')
    parser.add_argument('--maps', type=int, choices=(8, 16), default=0,
                        help='keep the soft maps, too, as PNG of so many bits')
    parser.add_argument('--device', default='', help='a GPU if there is one')
    parser.add_argument('--max-failures', type=int, default=50,
                        help='end when the model fails on so many images one after the other; 0: never')
    parser.add_argument('--engine', choices=['shares', 'ray'], default='shares',
                        help="ray: chunks go to whichever of Ray's processes is free, on its whole cluster")
    parser.add_argument('--processes', type=int, default=0, help="of Ray's; 0: one a GPU, or a core without GPUs")
    parser.add_argument('--add-new', action='store_true',
                        help='score images that came to the folder or list since OUT was begun; the others stay')
    parser.add_argument('--backend-args', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help="of mmengine's file backend for the images: backend=lmdb db_path=...")
    parser.add_argument('--trust', action='store_true', help='load a checkpoint that may run code: one of your own')
    args = parser.parse_args(arguments)
    try:
        score(args)
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        raise SystemExit(' '.join(str(error).split()) or type(error).__name__) from None


def score(args: argparse.Namespace) -> None:
    """Score this process's share; rank 0 also writes what was left out."""
    import torch

    from mmcabl.apis import Predictor, score_share
    from mmcabl.apis.scoring import rank_and_size
    from mmcabl.records.chunk_results import left_out_images
    rank, world_size = rank_and_size()
    device = args.device
    if not device and torch.cuda.is_available():
        local = int(os.environ.get('LOCAL_RANK', os.environ.get('SLURM_LOCALID', 0)))
        device = f'cuda:{local % torch.cuda.device_count()}'
    if rank == 0:
        own_folder(args.out, ('index',))
    model = dict(config=args.config, checkpoint=args.checkpoint, max_failures=args.max_failures, trust=args.trust,
                 backend_args=args.backend_args)

    def progress(done: int, total: int) -> None:
        print(f'rank {rank}: {done} of {total} chunks', flush=True)

    sizes = (args.images, args.out, args.chunk_size, args.batch_size, not args.no_masks)
    predictor = None if args.engine == 'ray' else Predictor(**model, device=device)
    start = time.time()
    if predictor is None:
        from mmcabl.apis.ray_engine import score_with_ray
        found = score_with_ray({**model, 'device': args.device}, *sizes, args.processes, progress, args.maps,
                               args.add_new)
        count, failed = found['computed'], found['failed']
    else:
        count = score_share(predictor, *sizes, rank, world_size, progress, args.maps, args.add_new)
        failed = predictor.failures.count
    seconds = time.time() - start
    print(f'rank {rank}: {count} images in {seconds:.1f} s, {count / seconds:.2f} images/s, {failed} failed',
          flush=True)
    if rank == 0:
        said = []
        for kind, images in left_out_images(Path(args.out)).items():
            path = Path(args.out, f'{kind}.txt')
            write_whole(path, ''.join(f'{name}\t{reason}\n' if kind == 'failed' else f'{name}\n'
                                      for name, reason in images))
            said.append(f'{len(images)} {"could not be read" if kind == "unreadable" else "failed"} ({path})')
        print('Of the images so far ' + ', '.join(said))
