"""Convert a Conformer checkpoint (original, TransCAM, OpenMMLab) for mmcabl, and report on every key."""

import argparse
from pathlib import Path

import torch

from mmcabl.conversion import UnknownCheckpointError, convert_keys, match
from mmcabl.registry import MODELS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='checkpoint to convert')
    parser.add_argument('target', help='checkpoint to write')
    parser.add_argument('--arch', default='small', help='tiny, small or base (default: small)')
    parser.add_argument('--num-classes', type=int, default=1, help='of the head it is for (default: 1)')
    parser.add_argument('--verbose', action='store_true', help='list all keys, not the first five of a kind')
    return parser.parse_args()


def build(arch: str, num_classes: int) -> torch.nn.Module:
    """The model that the checkpoint is for, random weights."""
    backbone = MODELS.build(dict(type='mmcabl.ConformerCABL', arch=arch))
    channels = backbone.conv_trans_12.fusion_block.bn3.num_features
    head = MODELS.build(dict(type='mmcabl.WeakLabelHead', in_channels=channels,
                             embed_dims=backbone.embed_dims, num_classes=num_classes))
    return torch.nn.ModuleDict(dict(backbone=backbone, head=head))


def main() -> None:
    args = parse_args()
    if not Path(args.source).is_file():
        raise SystemExit(f'{args.source} is not a file.')
    try:
        state, found = convert_keys(torch.load(args.source, map_location='cpu', weights_only=True))
    except UnknownCheckpointError as error:
        raise SystemExit(f'{args.source}: {error}') from None
    report = match(state, build(args.arch, args.num_classes).state_dict())
    print(f'{args.source}: {found} checkpoint with {len(state)} keys')
    for kind, keys in report.items():
        print(f'  {kind}: {len(keys)}')
        shown = keys if args.verbose else [] if kind == 'used' else keys[:5]
        for key in shown:
            print(f'    {key}')
        if len(keys) > len(shown) and kind != 'used':
            print(f'    ... {len(keys) - len(shown)} more (--verbose lists all)')
    lost = [k for k in report['mismatched'] + report['missing'] if k.startswith('backbone.')]
    if lost:
        raise SystemExit(f'{len(lost)} backbone parameters would stay random, {lost[0]} among them: is the '
                         f'checkpoint of another arch than {args.arch!r}? Nothing was written.')
    torch.save(dict(state_dict={k: state[k] for k in report['used']}), args.target)
    print(f'Wrote {len(report["used"])} parameters to {args.target}.')


if __name__ == '__main__':
    main()
