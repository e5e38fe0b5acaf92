"""Floating-point operations of the paper's recipe, counted by PyTorch on tensors without contents.

    python benchmarks/flops.py                       the counts, and hours at an assumed speed
    python benchmarks/flops.py --tflops 100          at another

A multiplication and an addition count as two operations. Counted are matrix products, convolutions and attention;
element-wise work (CABL's edges, norms) is not, nor is reading images: the hours are what the arithmetic takes at the
speed that is assumed, not a measurement.
"""

import argparse
from typing import Callable, Dict

import torch
from mmengine.registry import init_default_scope
from segment_anything import sam_model_registry
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from mmcabl.registry import MODELS

#: CASIA v2, as published; the four test sets.
TRAIN_IMAGES, TEST_IMAGES = 7491 + 5123, (800 + 920) + (183 + 180) + (100 + 100) + (414 + 2010)
EPOCHS, CROP, SCALES = 30, 512, (256, 512, 768)
#: What serves Tables I to VI (docs/tables.md), and the versions of CASIA v1 that Fig. 5 tests besides.
TRAININGS, VERSIONS = 7, 24


def localizer() -> torch.nn.Module:
    init_default_scope('mmpretrain')
    return MODELS.build(dict(
        type='mmcabl.WeaklySupervisedLocalizer', attention='stored_qk',
        backbone=dict(type='mmcabl.ConformerCABL', arch='small', cabl_blocks='1-12', cabl=dict(recompute=False)),
        head=dict(type='mmcabl.WeakLabelHead', in_channels=1024, embed_dims=384)))


def counted(function: Callable[..., object], *args: object) -> float:
    """TFLOP of a call; forward alone unless the function goes backward."""
    with FlopCounterMode(display=False) as counter:
        function(*args)
    return counter.get_total_flops() / 1e12


def counts() -> Dict[str, float]:
    """TFLOP of one training image, of one test image, of SAM's encoder on it."""
    model = localizer()

    def step(image: torch.Tensor) -> None:
        logits = model.head(model.train().backbone(image))  # both branches; the loss itself is nothing beside them
        sum(values.sum() for values in logits.values()).backward()

    with FakeTensorMode(allow_non_fake_inputs=True):
        found = dict(train=counted(step, torch.empty(1, 3, CROP, CROP)))
        model.eval()
        with torch.no_grad():
            found['test'] = sum(counted(model.score_and_map, torch.empty(1, 3, side, side)) for side in SCALES)
            encoder = sam_model_registry['vit_h']().image_encoder
            found['sam'] = counted(encoder, torch.empty(1, 3, 1024, 1024))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--tflops', type=float, default=30., help='that are reached, in 10^12 operations a second')
    args = parser.parse_args()
    found = counts()
    training = found['train'] * TRAIN_IMAGES * EPOCHS
    testing = (found['test'] + found['sam']) * TEST_IMAGES
    figure = (found['test'] + found['sam']) * (800 + 920) * VERSIONS
    rows = [('one training image, forward and backward', found['train']),
            (f'one test image at {", ".join(map(str, SCALES))} px', found['test']),
            ("SAM ViT-H's encoder on it", found['sam']),
            (f'one training: {EPOCHS} epochs of {TRAIN_IMAGES:,} images', training),
            (f'one test of {TEST_IMAGES:,} images', testing),
            (f'Fig. 5: {VERSIONS} versions of CASIA v1', figure),
            (f'all tables and figures: {TRAININGS} trainings and tests, Fig. 5',
             TRAININGS * (training + found['test'] * TEST_IMAGES) + found['sam'] * TEST_IMAGES + figure)]
    print(f'{"":62}      TFLOP   hours at {args.tflops:g} TFLOP/s')
    for name, value in rows:
        print(f'{name:62} {value:10,.2f}   {value / args.tflops / 3600:.2f}')


if __name__ == '__main__':
    main()
