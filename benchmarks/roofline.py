"""Where the time of the CAM goes, beside what this machine gives a matrix product and a copy; one thread or several.

For each part of the forward pass: floating-point operations of its products, bytes that its operators read and write
(each operand once), processor seconds, and both rates, the operations also as a share of the matrix product's. A part
that is near either rate has nothing to gain but by doing less.
"""

import argparse
import collections
import time

import torch
from mmpretrain.models.utils import MultiheadAttention
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mmcabl.models.layers import CABL
from mmcabl.models.layers.int8 import Int8Conv2d, Int8Linear

LINEAR = 'addmm', '_linear_pointwise', 'qlinear_pointwise'
CONV = 'convolution', '_convolution_pointwise', '_convolution_pointwise_', 'qconv2d_pointwise'
ATTENTION = ('_scaled_dot_product_flash_attention_for_cpu', 'mm', 'bmm')
SOFTMAX = '_softmax', 'add_', '_to_copy', 'copy_'
PARTS = ('convolutions', 'linear layers', 'attention', '- softmax and sum', 'CABL', 'to eight bits', 'the rest')
INSIDE = {CABL: 'CABL', MultiheadAttention: 'attention', Int8Conv2d: 'to eight bits', Int8Linear: 'to eight bits'}
OURS = {'float32': 'ours', 'bfloat16': 'ours-bf16', 'int8': 'ours-int8'}


class Meter(TorchDispatchMode):
    """Seconds, operations and bytes of each part."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.seconds, self.flops, self.bytes = (collections.Counter() for _ in range(3))
        self.inside = []
        for module in model.modules():
            name = next((name for kind, name in INSIDE.items() if isinstance(module, kind)), None)
            if name:
                module.register_forward_pre_hook(lambda *_, name=name: self.inside.append(name))
                module.register_forward_hook(lambda *_: self.inside.pop() and None)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        start = time.process_time()
        out = function(*args, **(kwargs or {}))
        spent = time.process_time() - start
        name = function.overloadpacket.__name__
        part = self._part(name, args)
        tensors = {id(t): t for t in tree_leaves((args, kwargs, out))
                   if isinstance(t, torch.Tensor) and not t.is_mkldnn}
        self.seconds[part] += spent
        if not function.is_view:
            self.bytes[part] += sum(t.nbytes for t in tensors.values())
        self.flops[part] += operations(name, args, out)
        return out

    def _part(self, name: str, args: tuple) -> str:
        inside = self.inside[-1] if self.inside else 'the rest'
        if inside == 'attention':
            if name in SOFTMAX:
                return '- softmax and sum'
            # attention's own products by oneDNN have no layer's weight
            own = name == '_linear_pointwise' and not isinstance(args[1], torch.nn.Parameter)
            return 'linear layers' if name in LINEAR and not own else inside
        if inside == 'CABL':
            return inside
        return 'linear layers' if name in LINEAR else 'convolutions' if name in CONV else inside


def operations(name: str, args: tuple, out) -> int:
    """Of matrix products and convolutions, a multiplication and an addition counting two."""
    if name == 'qconv2d_pointwise':
        return 2 * out.numel() * args[3].shape[1:].numel()
    if name in CONV:
        weight = next(t for t in args[1:] if isinstance(t, torch.Tensor) and t.ndim == 4 and t is not args[0]
                      and t.shape[0] == out.shape[1] and t.shape[2] in (1, 3, 4, 7))
        return 2 * out.numel() * weight[0].numel()
    if name in LINEAR:
        return 2 * out.numel() * args[0 if name.startswith('q') else 1].shape[-1]
    if name in ('mm', 'bmm'):
        return 2 * out.numel() * args[0].shape[-1]
    if name in ATTENTION:
        return 4 * args[0].numel() * args[1].shape[-2]
    return 0


def machine() -> tuple:
    """GFLOP/s of a 2,048 x 2,048 float32 matrix product, GB/s of a copy of 64 MiB, medians of five."""
    one, other = torch.randn(2, 2048, 2048)
    source, target = torch.randn(2, 1 << 24)
    rates = ([], [])
    for _ in range(6):
        for found, work, amount in ((rates[0], lambda: one @ other, 2 * 2048 ** 3),
                                    (rates[1], lambda: target.copy_(source), 2 * source.nbytes)):
            start = time.process_time()
            work()
            found.append(amount / (time.process_time() - start) / 1e9)
    return tuple(sorted(found[1:])[2] for found in rates)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sizes', type=int, nargs='+', default=(256, 512, 768))
    parser.add_argument('--precision', default='float32', choices=OURS)
    args = parser.parse_args()
    from cam import build
    product, copy = machine()
    print(f'{torch.get_num_threads()} thread(s): a matrix product {product:.0f} GFLOP/s, a copy {copy:.1f} GB/s; '
          f'balance {product / copy:.1f} FLOP a byte')
    with torch.no_grad():
        for variant in ('plain', OURS[args.precision]):
            forward = build(variant, 'cpu')
            network = forward if variant == 'plain' else forward.__self__.inference_backbone()
            meter = Meter(network)
            for size in args.sizes:
                image = torch.randn(1, 3, size, size)
                forward(image)
                for counter in (meter.seconds, meter.flops, meter.bytes):
                    counter.clear()
                with meter:
                    forward(image)
                table(f'{variant} at {size} px', meter, product)


def table(title: str, meter: Meter, product: float) -> None:
    print(f'{title:20}{"GFLOP":>8}{"GB":>7}{"s":>8}{"GFLOP/s":>9}{"of product":>11}{"GB/s":>7}{"FLOP/byte":>11}')
    for part in (*PARTS, 'all'):
        flops, size, seconds = (sum(c.values()) if part == 'all' else c[part]
                                for c in (meter.flops, meter.bytes, meter.seconds))
        if seconds:
            print(f'  {part:18}{flops / 1e9:8.1f}{size / 1e9:7.2f}{seconds:8.3f}{flops / seconds / 1e9:9.1f}'
                  f'{flops / seconds / 1e9 / product:11.2f}{size / seconds / 1e9:7.1f}{flops / max(size, 1):11.1f}')


if __name__ == '__main__':
    main()
