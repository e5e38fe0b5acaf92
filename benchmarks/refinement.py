"""A test with GrabCut and three prompts against the same without refinement; PixelF1 beside a forward.

The three-block network of the quick start, not trained, on noisy pictures of CASIA v1's size (384 x 256) or on
``--images``, loaded before the clock runs, all in turn in one process by the model's ``test_step``; the rounds
give the median ratio and its spread. ``--clock cpu`` counts all threads' time: for a machine that others use.
"""

import argparse
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import TRANSFORMS, init_default_scope

from mmcabl.evaluation import PixelF1
from mmcabl.registry import MODELS
from mmcabl.structures import ForensicSample

CONFIG = Path(__file__).resolve().parents[1] / 'configs/quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'


def picture(seed: int) -> np.ndarray:
    """A smooth scene with a square of another noise, 384 x 256."""
    rng = np.random.default_rng(seed)
    scene = cv2.resize(rng.integers(0, 256, (9, 13, 3), np.uint8), (384, 256), interpolation=cv2.INTER_CUBIC)
    scene = scene + rng.normal(0, 4, scene.shape)
    x, y = rng.integers(20, 250), rng.integers(20, 130)
    scene[y:y + 100, x:x + 110] += rng.normal(30, 12, (100, 110, 3))
    return scene.clip(0, 255).astype(np.uint8)


def batches(count: int, size: int, folder: str):
    """Packed batches, loaded before the clock runs."""
    pack = TRANSFORMS.build(dict(type='mmcabl.PackForensicInputs'))
    load = TRANSFORMS.build(dict(type='mmcabl.LoadForensicImage'))
    files = sorted(p for p in Path(folder).rglob('*') if p.suffix in ('.jpg', '.png', '.tif')) if folder else []
    found = []
    for i in range(count):
        if files:
            info = load(dict(img_path=str(files[i * len(files) // count]), sample_idx=i))
        else:
            info = dict(img=picture(i), img_path=f'{i}', sample_idx=i, ori_shape=(256, 384), img_shape=(256, 384))
        found.append(pack(info))
    return [pseudo_collate(found[i:i + size]) for i in range(0, count, size)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=32, help='pictures in a round')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--batch-size', type=int, default=4)
    parser.add_argument('--images', default='', help='a folder of images in place of made ones')
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--clock', choices=['wall', 'cpu'], default='wall')
    parser.add_argument('--flip', action='store_true', help="mirrored images too, as the quick start's config")
    args = parser.parse_args()
    clock = dict(wall=time.perf_counter, cpu=time.process_time)[args.clock]
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(0)
    torch.manual_seed(0)
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(str(CONFIG))
    cfg.model.flip = args.flip
    former = cfg.model.copy()
    former.postprocessor = dict(cfg.model.postprocessor, refiner=dict(
        type='mmcabl.GrabCutRefiner', max_side=768, margin=None))
    model, old = MODELS.build(cfg.model).eval(), MODELS.build(former).eval()
    old.load_state_dict(model.state_dict())
    data = batches(args.count, args.batch_size, args.images)

    def seconds(net, refines: bool) -> float:
        net.refines = refines
        start = clock()
        for batch in data:
            with torch.no_grad():
                net.test_step(batch)
        return (clock() - start) / args.count

    def measured(found: ForensicSample) -> float:
        start = clock()
        PixelF1().measure(found)
        return clock() - start

    mega = cv2.resize(np.random.default_rng(0).random((64, 64)).astype(np.float32), (1024, 1024))
    sample = ForensicSample(source='a', label=1, truth=np.roll(mega > .8, 20, 0), cam=mega, mask=mega > .5,
                            masks={kind: mega > .5 for kind in ('null', 'point', 'box', 'box_point')})
    pixels = torch.from_numpy(np.tile(picture(0), (4, 3, 1))[:, :1024].copy()).permute(2, 0, 1)
    big = pseudo_collate([dict(inputs=pixels, data_samples=model.sample_type(
        metainfo=dict(ori_shape=(1024, 1024))))])
    rows = dict(plain=[], now=[], former=[], metric=[], mega=[])
    for _ in range(args.rounds + 1):
        rows['plain'].append(seconds(model, False))
        rows['now'].append(seconds(model, True))
        rows['former'].append(seconds(old, True))
        rows['metric'].append(measured(sample))
        model.refines = False
        start = clock()
        with torch.no_grad():
            model.test_step(big)
        rows['mega'].append(clock() - start)
    rows = {name: values[1:] for name, values in rows.items()}  # the first round warms up
    print(f'{args.threads} threads, {args.clock} time, {args.count} pictures, {args.rounds} rounds: '
          'median (least to most)')
    for name, over, text in (('now', 'plain', 'GrabCut, three prompts / no refinement'),
                             ('former', 'plain', 'the same on whole images of 768 px'),
                             ('metric', 'mega', 'PixelF1 with curves, 1 megapixel / its forward')):
        ratios = [a / b for a, b in zip(rows[name], rows[over])]
        print(f'{text}: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}); '
              f'{statistics.median(rows[name]) * 1e3:.1f} ms against {statistics.median(rows[over]) * 1e3:.1f}')


if __name__ == '__main__':
    main()
