"""CAM of Conformer-S with CABL at 256 + 512 + 768 px, against two ways of doing less and of doing it plainly.

plain    mmpretrain's Conformer-S, forward only: no CABL, no map
ours     WeaklySupervisedLocalizer: CABL in 12 blocks, Eq. (2)
ours-qk  the same with the other attention method (stored Q and K)
stacked  CABL, and every attention matrix of every block and head kept until the end

Each runs in processes of its own, in turn, so that peak memory is its own and a busy machine hits all alike.
Reports the median of the rounds and ratios to ``plain``.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

SIZES = (256, 512, 768)
VARIANTS = ('plain', 'ours', 'ours-qk', 'stacked')


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
        backbone=dict(type='mmcabl.ConformerCABL', arch='small'),
        head=dict(type='mmcabl.WeakLabelHead', in_channels=1024, embed_dims=384))).to(device).eval()
    if variant != 'stacked':
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


def measure(variant: str, device: str, repeats: int) -> dict:
    """Best seconds for all sizes together and for each, and this process's peak memory in MiB."""
    import torch
    forward = build(variant, device)
    images = [torch.randn(1, 3, s, s, device=device) for s in SIZES]
    best = [float('inf')] * len(SIZES)
    with torch.no_grad():
        for _ in range(repeats + 1):
            for i, image in enumerate(images):
                if device != 'cpu':
                    torch.cuda.synchronize()
                start = time.perf_counter()
                forward(image)
                if device != 'cpu':
                    torch.cuda.synchronize()
                best[i] = min(best[i], time.perf_counter() - start)
    peak = (torch.cuda.max_memory_allocated() / 2 ** 20 if device != 'cpu'
            else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return dict(seconds=sum(best), each=best, mib=peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--only', choices=VARIANTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measure(args.only, args.device, args.repeats)))
        return
    found = {v: [] for v in VARIANTS}
    for _ in range(args.rounds):
        for variant in VARIANTS:
            command = [sys.executable, '-W', 'ignore', __file__, '--only', variant, '--device', args.device,
                       '--repeats', str(args.repeats)]
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            found[variant].append(json.loads(out.splitlines()[-1]))
    middle = {v: {k: statistics.median(r[k] for r in rows) for k in ('seconds', 'mib')}
              for v, rows in found.items()}
    print(f'{"":9}{"seconds":>9}{"ratio":>8}{"peak MiB":>10}{"ratio":>8}   seconds at {SIZES} px')
    for variant, row in middle.items():
        each = [statistics.median(r['each'][i] for r in found[variant]) for i in range(len(SIZES))]
        print(f'{variant:9}{row["seconds"]:9.2f}{row["seconds"] / middle["plain"]["seconds"]:8.2f}'
              f'{row["mib"]:10.0f}{row["mib"] / middle["plain"]["mib"]:8.2f}   '
              f'{", ".join(f"{s:.2f}" for s in each)}')


if __name__ == '__main__':
    main()
