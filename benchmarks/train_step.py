"""One training step of Conformer-S with CABL against the same without, same run, in turn.

Seconds are the processor's (of all threads) on a CPU, the clock's elsewhere. ``kept`` is what autograd keeps between
the forward and the backward pass: MiB of distinct storages that are no parameters.
"""

import argparse
import statistics
import time
from contextlib import nullcontext

import torch
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample

from mmcabl.registry import MODELS

VARIANTS = {'without': 'none', 'CABL': 'all'}


def counting(model: torch.nn.Module, sizes: dict) -> torch.autograd.graph.saved_tensors_hooks:
    """Inside, the bytes of each storage that autograd keeps are noted by its address."""
    known = {p.untyped_storage().data_ptr() for p in model.parameters()}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    return torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor)


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
    seconds, kept = {name: [] for name in steps}, {}
    clock = time.process_time if args.device == 'cpu' else time.perf_counter
    for turn in range(args.rounds + 1):
        for name, (model, optimizer) in steps.items():
            start = clock()
            with (torch.autocast(torch.device(args.device).type, dtype=torch.bfloat16, enabled=args.bf16),
                  nullcontext() if turn else counting(model, kept.setdefault(name, {}))):
                loss = sum(model.loss(images, samples).values())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if args.device != 'cpu':
                torch.cuda.synchronize()
            if turn:  # the first is a warm-up
                seconds[name].append(clock() - start)
            if not torch.isfinite(loss):
                raise SystemExit(f'The loss of {name} is {loss.item()}.')
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    mib = {name: sum(sizes.values()) / 2 ** 20 for name, sizes in kept.items()}
    for name, value in middle.items():
        print(f'{name:8} median {value:7.3f} s ({value / middle["without"]:.2f}x, {min(seconds[name]):.3f} to '
              f'{max(seconds[name]):.3f})   kept {mib[name]:6.0f} MiB ({mib[name] / mib["without"]:.2f}x)')


if __name__ == '__main__':
    main()
