"""Convert a Conformer checkpoint (original, TransCAM, OpenMMLab) for mmcabl, and report on every key."""

import argparse
from pathlib import Path
from typing import Optional, Sequence

import torch

from mmcabl.checkpoints import read_checkpoint, write_checkpoint
from mmcabl.checkpoints.matching import not_finite
from mmcabl.conversion import convert_keys, match
from mmcabl.registry import MODELS


def parse_args(arguments: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='checkpoint to convert, .pth or .safetensors')
    parser.add_argument('target', help='checkpoint to write: .safetensors, or .pth')
    parser.add_argument('--arch', default='small', help='tiny, small or base (default: small)')
    parser.add_argument('--num-classes', type=int, default=1, help='of the head it is for (default: 1)')
    parser.add_argument('--verbose', action='store_true', help='list all keys, not the first five of a kind')
    parser.add_argument('--overwrite', action='store_true', help='replace the target where it exists')
    parser.add_argument('--trust', action='store_true', help='load a source that may run code: one of your own')
    return parser.parse_args(arguments)


def build(arch: str, num_classes: int) -> torch.nn.Module:
    """The model that the checkpoint is for, random weights."""
    backbone = MODELS.build(dict(type='mmcabl.ConformerCABL', arch=arch))
    channels = backbone.conv_trans_12.fusion_block.bn3.num_features
    head = MODELS.build(dict(type='mmcabl.WeakLabelHead', in_channels=channels,
                             embed_dims=backbone.embed_dims, num_classes=num_classes))
    return torch.nn.ModuleDict(dict(backbone=backbone, head=head))


def convert(args: argparse.Namespace) -> None:
    """Read, rename, report, write; raises ValueError, one sentence, where something does not fit."""
    source, target = Path(args.source), Path(args.target)
    if not target.parent.is_dir():
        raise ValueError(f'{target} cannot be written: {target.parent} is not a folder.')
    if target.exists() and (not args.overwrite or target.is_dir() or target.samefile(source)):
        raise ValueError(f'{target} exists and is not overwritten; give another name'
                         f'{"" if args.overwrite else " or --overwrite"}.')
    try:
        state, found = convert_keys(read_checkpoint(source, trust=args.trust))
    except ValueError as error:
        raise ValueError(str(error) if str(source) in str(error) else f'{source}: {error}') from None
    model = build(args.arch, args.num_classes)
    report = match(state, model.state_dict())
    print(f'{source}: {found} checkpoint with {len(state)} keys')
    for kind, keys in report.items():
        print(f'  {kind}: {len(keys)}')
        shown = keys if args.verbose else [] if kind == 'used' else keys[:5]
        for key in shown:
            print(f'    {key}')
        if len(keys) > len(shown) and kind != 'used':
            print(f'    ... {len(keys) - len(shown)} more (--verbose lists all)')
    lost = [k for k in report['mismatched'] + report['missing'] if k.startswith('backbone.')]
    if lost:
        raise ValueError(f'{source}: {len(lost)} backbone parameters would stay random, {lost[0]} among them: is the '
                         f'checkpoint of another arch than {args.arch!r}? Nothing was written.')
    used = {k: state[k] for k in report['used']}
    bad = not_finite(model, used)
    if bad:
        raise ValueError(f'{source}: {bad} holds NaN or infinity; nothing was written.')
    write_checkpoint(used, target)
    print(f'Wrote {len(used)} parameters to {target}.')


def main() -> None:
    try:
        convert(parse_args())
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from None


if __name__ == '__main__':
    main()
