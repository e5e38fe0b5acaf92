"""What a lower precision does to a network's results on a test set: P-F1 of the coarse mask, I-AUC, the map itself.

Each image is read once and localized in every precision, in turn; images come in random order, so that a run that is
stopped (``--count``) is a sample. Seconds are the processor's, of localization alone. The first precision is what
the others are compared with. The network alone: a config's ``evidence`` is not looked for.
"""

import argparse
import random
import statistics
import time

import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from sklearn.metrics import roc_auc_score

from mmcabl import datasets
from mmcabl.checkpoints import load_exactly
from mmcabl.registry import MODELS


def f1(mask: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (mask & truth).sum() / max(mask.sum() + truth.sum(), 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('data_root')
    parser.add_argument('--dataset', default='CASIAv1', help='a class of mmcabl.datasets')
    parser.add_argument('--precisions', nargs='+', default=['float32', 'bfloat16'])
    parser.add_argument('--attention', help='in place of the config\'s')
    parser.add_argument('--count', type=int, help='images; all by default')
    parser.add_argument('--trust', action='store_true', help='load a checkpoint of your own that may run code')
    args = parser.parse_args()
    init_default_scope('mmpretrain')
    config, models = Config.fromfile(args.config).model.to_dict(), {}
    for precision in args.precisions:
        options = dict(precision=precision, **({'attention': args.attention} if args.attention else {}))
        models[precision] = MODELS.build({**config, **options})
        load_exactly(models[precision], args.checkpoint, args.trust or None)
        models[precision].eval()
    listed = getattr(datasets, args.dataset)(data_root=args.data_root, pipeline=[], test_mode=True)
    images = [listed.get_data_info(i) for i in range(len(listed))]
    random.Random(0).shuffle(images)
    found = {precision: [] for precision in models}
    for info in images[:args.count]:
        pixels = mmcv.imread(info['img_path'])
        size, reference, truth = pixels.shape[:2], None, None
        if info.get('gt_mask_path'):
            truth = mmcv.imread(info['gt_mask_path'], 'grayscale') > 127
            truth = truth if truth.shape == size else None  # not a pair: counts in no pixel figure
        for precision, model in models.items():
            inputs = model.data_preprocessor(dict(inputs=[torch.from_numpy(pixels).permute(2, 0, 1)]))['inputs']
            start = time.process_time()
            with torch.no_grad():
                scores, maps = model.localize(inputs, [size])
            spent, raw = time.process_time() - start, maps[0].numpy()
            reference = raw if reference is None else reference
            cam = (raw - raw.min()) / max(raw.max() - raw.min(), 1e-12)
            found[precision].append(dict(
                label=int(info['gt_label']), score=float(scores[0, -1]), seconds=spent,
                f1=None if truth is None else f1(cam >= 0.5, truth),
                difference=float(np.abs(raw - reference).max() / np.abs(reference).max())))
    for precision, rows in found.items():
        pixel = [row['f1'] for row in rows if row['f1'] is not None]
        auc = roc_auc_score([row['label'] for row in rows], [row['score'] for row in rows])
        print(f'{precision:9} {len(rows)} images  P-F1 {statistics.fmean(pixel):.4f} ({len(pixel)})  I-AUC {auc:.4f}'
              f'   map differs by {statistics.median(row["difference"] for row in rows):.1e} (median), '
              f'{max(row["difference"] for row in rows):.1e} (largest) of its maximum   '
              f'{statistics.median(row["seconds"] for row in rows):.4f} s an image (median)')


if __name__ == '__main__':
    main()
