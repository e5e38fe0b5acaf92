"""Convert a published checkpoint of a comparison system (Table I) for mmcabl, and report on every key."""

import argparse
from pathlib import Path
from typing import Optional, Sequence

from mmcabl.conversion import match
from mmcabl.conversion.arrays import read_state
from mmcabl.conversion.report import add_options, check_target, keys_report, naming, run_converter, write_used
from mmcabl.conversion.table1 import CONVERSIONS, convert_system
from mmcabl.registry import MODELS


def parse_args(arguments: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=f'{__doc__} The source may be an .npz of arrays by name, too.',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='systems:\n' + '\n'.join(f'  {name}: {found.source}' for name, found in sorted(CONVERSIONS.items())))
    parser.add_argument('system', choices=sorted(CONVERSIONS), help='which network the checkpoint is of')
    add_options(parser)
    return parser.parse_args(arguments)


def convert(args: argparse.Namespace) -> None:
    """Read, rename, report, write; raises ValueError, one sentence, where something does not fit."""
    source, target = Path(args.source), Path(args.target)
    check_target(source, target, args.overwrite)
    with naming(source):
        published = read_state(source, args.trust)
        state, dropped = convert_system(args.system, published)
    model = MODELS.build(CONVERSIONS[args.system].model)
    report = dict(match(state, model.state_dict()), dropped=dropped)
    print(f'{source}: {args.system} checkpoint with {len(published)} keys')
    print(keys_report(report, args.verbose))
    lost = report['mismatched'] + [k for k in report['missing'] if not k.endswith('num_batches_tracked')]
    write_used(source, target, model, state, report['used'], lost, f'is it a checkpoint of {args.system}?')


if __name__ == '__main__':
    run_converter(convert, parse_args())
