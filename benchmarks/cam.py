"""CAM of Conformer-S with CABL at 256 + 512 + 768 px, against two ways of doing less and of doing it plainly.

plain      mmpretrain's Conformer-S, forward only: no CABL, no map
ours       WeaklySupervisedLocalizer: CABL in 12 blocks, Eq. (2)
ours-bf16  the same with precision='bfloat16'; ours-int8: with 'int8', convolutions and linear layers in eight bits
...-compile  with edge layers by torch.compile; ...-slim: with the folded copy alone
ours-qk    the same with the other attention method (stored Q and K)
stacked    CABL, and every attention matrix of every block and head kept until the end

Each runs in processes of its own, in turn, so that peak memory is its own and a busy machine hits all alike. Of a
process the quickest repeat counts; reports the median of the rounds, their spread, and ratios to ``plain``. On a CPU,
seconds are those of the processor (of all threads); ``wall`` is the ratio by the clock. Memory is the whole process's
at its peak, ``+MiB`` what it is above the process with its network built.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from typing import Sequence

SIZES = (256, 512, 768)
VARIANTS = ('plain', 'ours', 'ours-compile', 'ours-slim', 'ours-bf16', 'ours-bf16-slim', 'ours-bf16-compile',
            'ours-int8', 'ours-int8-slim', 'ours-int8-compile', 'ours-qk', 'stacked')
PRECISIONS = {'bf16': 'bfloat16', 'int8': 'int8'}


def build(variant: str, device: str):
    """A function from a batch (1, 3, s, s) to the variant's result."""
    import torch
    from mmengine.registry import init_default_scope
    from mmpretrain.models.backbones import Conformer
    from mmpretrain.models.utils import MultiheadAttention

    from mmcabl.registry import MODELS
    init_default_scope('mmpretrain')
    if variant == 'plain':
        model = Conformer('small').to(device)
        model.eval()
        return model
    model = MODELS.build(dict(
        type='mmcabl.WeaklySupervisedLocalizer', attention='stored_qk' if variant == 'ours-qk' else 'auto',
        precision=PRECISIONS.get(variant.partition('-')[2].partition('-')[0], 'float32'),
        compile='compile' in variant,
        backbone=dict(type='mmcabl.ConformerCABL', arch='small'),
        head=dict(type='mmcabl.WeakLabelHead', in_channels=1024, embed_dims=384))).to(device).eval()
    if variant != 'stacked':
        if 'slim' in variant:
            model.slim()
        return model.score_and_map
    kept = []

    def attend(query, key, value, dropout_p=0.):
        kept.append(torch.softmax(query @ key.transpose(-2, -1) * query.size(-1) ** -0.5, dim=-1))
        return kept[-1] @ value

    for layer in model.modules():
        if isinstance(layer, MultiheadAttention):
            layer.scaled_dot_product_attention = attend

    def stacked(batch):
        kept.clear()
        feats = model.backbone(batch)
        shape = batch.shape[-2:]
        maps = model.head.class_maps(feats, shape, model.backbone.token_grid(shape))
        united = torch.maximum(maps['conv'], maps['trans'])
        average = torch.stack(kept).mean((0, 2))[:, 1:, 1:]
        return model.head(feats), average @ united.flatten(2).transpose(1, 2)

    return stacked


def resident() -> float:
    """MiB of this process now."""
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2 ** 20


def measure(variant: str, device: str, sizes: Sequence[int], repeats: int) -> dict:
    """Least seconds for each size, by the processor and by the clock, and memory in MiB."""
    import torch
    forward = build(variant, device)
    images = [torch.randn(1, 3, s, s, device=device) for s in sizes]
    built = resident()
    on_cpu = device == 'cpu'
    best = dict(cpu=[float('inf')] * len(sizes), wall=[float('inf')] * len(sizes))
    with torch.no_grad():
        for _ in range(repeats + 1):
            for i, image in enumerate(images):
                before = dict(cpu=time.process_time(), wall=time.perf_counter())
                forward(image)
                if not on_cpu:
                    torch.cuda.synchronize()
                after = dict(cpu=time.process_time(), wall=time.perf_counter())
                for clock in best:
                    best[clock][i] = min(best[clock][i], after[clock] - before[clock])
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 if on_cpu
            else torch.cuda.max_memory_allocated() / 2 ** 20)
    each = best['cpu' if on_cpu else 'wall']
    return dict(seconds=sum(each), wall=sum(best['wall']), each=each, mib=peak, more=peak - built if on_cpu else peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--repeats', type=int, default=2)
    parser.add_argument('--sizes', type=int, nargs='+', default=SIZES)
    parser.add_argument('--variants', nargs='+', choices=VARIANTS, default=VARIANTS, help='plain is always there')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--only', choices=VARIANTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measure(args.only, args.device, args.sizes, args.repeats)))
        return
    found = {v: [] for v in VARIANTS if v == 'plain' or v in args.variants}
    for _ in range(args.rounds):
        for variant, rows in found.items():
            command = [sys.executable, '-W', 'ignore', __file__, '--only', variant, '--device', args.device,
                       '--repeats', str(args.repeats), '--sizes', *map(str, args.sizes)]
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            rows.append(json.loads(out.splitlines()[-1]))
    middle = {v: {k: statistics.median(r[k] for r in rows) for k in ('seconds', 'wall', 'mib', 'more')}
              for v, rows in found.items()}
    plain = middle['plain']
    print(f'{"":18}{"seconds":>8}  {"spread":12}{"ratio":>6}{"wall":>6}{"peak MiB":>10}{"ratio":>6}{"+MiB":>7}'
          f'{"ratio":>6}   seconds at {tuple(args.sizes)} px')
    for variant, row in middle.items():
        rows = found[variant]
        each = [statistics.median(r['each'][i] for r in rows) for i in range(len(args.sizes))]
        spread = f'{min(r["seconds"] for r in rows):.2f}-{max(r["seconds"] for r in rows):.2f}'
        print(f'{variant:18}{row["seconds"]:8.2f}  {spread:12}{row["seconds"] / plain["seconds"]:6.2f}'
              f'{row["wall"] / plain["wall"]:6.2f}{row["mib"]:10.0f}{row["mib"] / plain["mib"]:6.2f}'
              f'{row["more"]:7.0f}{row["more"] / plain["more"]:6.2f}   {", ".join(f"{s:.2f}" for s in each)}')


if __name__ == '__main__':
    main()
