"""Peak memory of a training step, predicted without running it: fake CPU tensors, counted by torch's MemTracker.

    python benchmarks/memory.py
    python benchmarks/memory.py --size 512 --batch 8

Parameters, gradients, AdamW's states, activations and temporaries of Conformer-S, forward, backward and step, without
and with CABL (as it is, with its own gradient; by plain autograd, its inside kept or computed again), float32 and
autocast. CABL works on the whole map at a time, as it does on a GPU. **A prediction**: a GPU's allocator rounds and
fragments, cuDNN and cuBLAS have workspaces, the CUDA context takes some hundred MiB, and attention may choose another
kernel. ``benchmarks/gpu.py`` measures the same steps.
"""

import argparse
from typing import List, Optional, Tuple
from unittest.mock import patch

import torch
from parts import fake_mode, localizer, training
from torch.distributed._tools.mem_tracker import MemTracker

from mmcabl.models.layers import amplification
from mmcabl.utils.fake_gpu import on_fake_device

#: name -> (blocks with CABL, recompute)
VARIANTS = {'without CABL': ('none', None), 'CABL': ('all', None), 'CABL, kept': ('all', False),
            'CABL, recomputed': ('all', True)}
DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16}


def predict(size: int, batch: int, blocks: str, recompute: Optional[bool], dtype: torch.dtype,
            tiny: bool = False) -> Tuple[float, float]:
    """Peak of a step and what stays after it (parameters, gradients, states), in GiB."""
    model = localizer(tiny, blocks, recompute)
    loss = model.head.loss_module  # called for each branch, and MemTracker takes no module twice
    del model.head.loss_module
    model.head.loss_module = loss.forward
    with fake_mode() as mode, mode, patch.object(amplification, 'BAND', 1 << 62):
        on_fake_device(model, mode, 'cpu').train()
        step, optimizer = training(model, size, batch, 'cpu', dtype)
        step()  # AdamW's states are made
        tracker = MemTracker()
        tracker.track_external(model, optimizer)
        with tracker:
            step()
            after = tracker.get_tracker_snapshot('current')[torch.device('cpu')]['Total']
        peak = tracker.get_tracker_snapshot('peak')[torch.device('cpu')]['Total']
    return peak / 2 ** 30, after / 2 ** 30


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', type=int, default=512)
    parser.add_argument('--batch', type=int, default=8)
    parser.add_argument('--tiny', action='store_true', help='three narrow blocks, to try the script')
    args = parser.parse_args(arguments)
    print(f'Predicted peak of a training step, {args.batch} images of {args.size} px, GiB\n')
    print(f'| {"":16} | {" | ".join(DTYPES)} |\n|---|{"---|" * len(DTYPES)}')
    for name, (blocks, recompute) in VARIANTS.items():
        cells = [predict(args.size, args.batch, blocks, recompute, dtype, args.tiny)[0] for dtype in DTYPES.values()]
        print(f'| {name:16} | {" | ".join(f"{cell:.2f}" for cell in cells)} |', flush=True)


if __name__ == '__main__':
    main()
