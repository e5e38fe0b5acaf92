"""Convert a Conformer checkpoint (original, TransCAM, OpenMMLab) for mmcabl, and report on every key."""

import argparse
from pathlib import Path
from typing import Optional, Sequence

import torch

from mmcabl.checkpoints import read_checkpoint
from mmcabl.conversion import convert_keys, match
from mmcabl.conversion.report import add_options, check_target, keys_report, naming, run_converter, write_used
from mmcabl.registry import MODELS


def parse_args(arguments: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument('--arch', default='small', help='tiny, small or base (default: small)')
    parser.add_argument('--num-classes', type=int, default=1, help='of the head it is for (default: 1)')
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
    check_target(source, target, args.overwrite)
    with naming(source):
        state, found = convert_keys(read_checkpoint(source, trust=args.trust))
    model = build(args.arch, args.num_classes)
    report = match(state, model.state_dict())
    print(f'{source}: {found} checkpoint with {len(state)} keys')
    print(keys_report(report, args.verbose))
    lost = [k for k in report['mismatched'] + report['missing'] if k.startswith('backbone.')]
    write_used(source, target, model, state, report['used'], lost,
               f'is the checkpoint of another arch than {args.arch!r}?')


if __name__ == '__main__':
    run_converter(convert, parse_args())
