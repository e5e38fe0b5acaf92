"""One training step of Conformer-S with CABL against the same without, same run, in turn."""

import argparse
import statistics
import time

import torch
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample

from mmcabl.registry import MODELS

VARIANTS = {'without': 'none', 'CABL': 'all'}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--arch', default='small')
    parser.add_argument('--size', type=int, default=224)
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=6)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--bf16', action='store_true')
    args = parser.parse_args()
    init_default_scope('mmpretrain')
    images = torch.randn(args.batch, 3, args.size, args.size, device=args.device)
    samples = [DataSample().set_gt_label(i % 2).to(args.device) for i in range(args.batch)]
    steps = {}
    for name, blocks in VARIANTS.items():
        model = MODELS.build(dict(
            type='mmcabl.WeaklySupervisedLocalizer',
            backbone=dict(type='mmcabl.ConformerCABL', arch=args.arch, cabl_blocks=blocks),
            head=dict(type='mmcabl.WeakLabelHead', embed_dims=576 if args.arch == 'base' else 384,
                      in_channels={'tiny': 256, 'small': 1024, 'base': 1536}[args.arch]))).to(args.device).train()
        steps[name] = (model, torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=5e-4))
    seconds = {name: [] for name in steps}
    for turn in range(args.rounds + 1):
        for name, (model, optimizer) in steps.items():
            start = time.perf_counter()
            with torch.autocast(torch.device(args.device).type, dtype=torch.bfloat16, enabled=args.bf16):
                loss = sum(model.loss(images, samples).values())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if args.device != 'cpu':
                torch.cuda.synchronize()
            if turn:  # the first is a warm-up
                seconds[name].append(time.perf_counter() - start)
            if not torch.isfinite(loss):
                raise SystemExit(f'The loss of {name} is {loss.item()}.')
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    best = {name: min(values) for name, values in seconds.items()}
    for name, value in middle.items():
        print(f'{name:8} median {value:7.3f} s ({value / middle["without"]:.2f}x)   best {best[name]:7.3f} s '
              f'({best[name] / best["without"]:.2f}x)')


if __name__ == '__main__':
    main()
