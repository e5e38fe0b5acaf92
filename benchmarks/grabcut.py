"""Settings of GrabCut on forgeries: P-F1 and milliseconds a cut, on a network's maps and on boxes of the truth.

    python benchmarks/grabcut.py CONFIG CHECKPOINT [--images 100] [--settings max_side=128 max_side=96]

Prompts come from the network's map (without a config's ``evidence``), and from the mask: a box whose sides are moved
by 12 % of its lengths (normal), the points deepest inside and outside. Over manipulated images with masks of each
data set that CONFIG tests on. The first setting's masks are what the others' are compared with (IoU); settings take
turns image by image, on one thread, and the clock is the processor's.
"""

import argparse
import time
from collections import defaultdict
from typing import Any, Dict, Iterator, List, Tuple

import cv2
import numpy as np
import torch
from mmengine.config import DictAction

from mmcabl.refinement.grabcut import GrabCutRefiner
from mmcabl.refinement.prompting import make_prompts, min_max
from mmcabl.structures.prompts import Prompts

from attention import built, manipulated  # isort: skip  # the script beside it

KINDS = ('box', 'box_point', 'point')
#: Standard deviation of the sides of a true box, of its lengths.
MOVED = 0.12


def overlap(mask: np.ndarray, truth: np.ndarray) -> Tuple[float, float]:
    """F1 and IoU of two masks (H, W); of two empty ones 0 and 1."""
    both, sizes = (mask & truth).sum(), mask.sum() + truth.sum()
    return 2 * both / max(sizes, 1), both / (sizes - both) if sizes else 1.


def from_truth(truth: np.ndarray, rng: np.random.Generator) -> Prompts:
    """Prompts from a mask (H, W) bool that is not empty: a moved box, the points deepest inside and outside."""
    ys, xs = np.nonzero(truth)
    lengths = np.array([np.ptp(xs), np.ptp(ys)] * 2) + 1
    sides = np.array([xs.min(), ys.min(), xs.max(), ys.max()]) + rng.normal(0, MOVED, 4) * lengths
    (left, right), (top, bottom) = sorted(sides[::2]), sorted(sides[1::2])
    box = np.zeros(truth.shape, bool)
    box[int(max(top, 0)):int(max(bottom, 0)) + 1, int(max(left, 0)):int(max(right, 0)) + 1] = True
    inside, outside = (cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, 5) for part in (truth, ~truth))
    return make_prompts(inside - outside, box)


def prompts_of(model: torch.nn.Module, sample: dict, truth: np.ndarray,
               rng: np.random.Generator) -> Iterator[Tuple[str, Prompts]]:
    inputs = model.data_preprocessor(dict(inputs=[sample['inputs']]), False)['inputs']
    with torch.no_grad():
        cam = model.localize(inputs, [truth.shape])[1][0].numpy()
    yield "network's map", make_prompts(cam, min_max(cam) >= 0.5)
    yield 'moved true box', from_truth(truth, rng)


def setting(text: str) -> Dict[str, Any]:
    """``max_side=80,margin=0.25`` as keyword arguments of the refiner."""
    pairs = (part.split('=') for part in text.split(','))
    return {key: None if value == 'None' else float(value) if '.' in value else int(value) for key, value in pairs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--images', type=int, default=100, help='of each data set')
    parser.add_argument('--settings', nargs='+', default=['max_side=128', 'max_side=96'])
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    cfg, model = built(args.config, args.checkpoint, args.cfg_options)
    refiners = [(text, GrabCutRefiner(**setting(text))) for text in args.settings]
    rng = np.random.default_rng(0)
    rows: Dict[tuple, List[tuple]] = defaultdict(list)
    for name, sample in manipulated(cfg, args.images):
        truth = sample['data_samples'].get('gt_mask')
        if truth is None or not np.asarray(truth).any():
            continue
        truth = np.asarray(truth) > 0
        image = np.ascontiguousarray(sample['inputs'].numpy()[::-1].transpose(1, 2, 0))
        for source, prompts in prompts_of(model, sample, truth, rng):
            for kind in KINDS:
                masks, spent = {}, {}
                refiners.append(refiners.pop(0))
                for text, refiner in refiners:
                    start = time.process_time()
                    masks[text] = refiner.refine([image], [prompts], [kind])[0][0]
                    spent[text] = time.process_time() - start
                for text, mask in masks.items():
                    rows[name, source, text, kind].append(
                        (overlap(mask, truth)[0], overlap(mask, masks[args.settings[0]])[1], spent[text]))
    print('| data set | prompts from | setting | ' + ' | '.join(f'{kind}: P-F1, IoU, ms' for kind in KINDS) + ' |')
    print('|---|---|---|' + '---|' * len(KINDS))
    groups = dict.fromkeys(key[:2] for key in rows)
    for name, source, text in ((*group, text) for group in groups for text in args.settings):
        means = [np.mean(rows[name, source, text, kind], axis=0) for kind in KINDS]
        count = len(rows[name, source, text, KINDS[0]])
        print(f'| {name} ({count}) | {source} | {text} | '
              + ' | '.join(f'{f1:.3f}, {iou:.3f}, {1e3 * s:.1f}' for f1, iou, s in means) + ' |')


if __name__ == '__main__':
    main()
