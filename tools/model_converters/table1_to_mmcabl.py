"""Convert a published checkpoint of a comparison system (Table I) for mmcabl, and report on every key."""

import argparse
from pathlib import Path
from typing import Optional, Sequence

from mmcabl.checkpoints import write_checkpoint
from mmcabl.checkpoints.matching import not_finite
from mmcabl.conversion import match
from mmcabl.conversion.arrays import read_state
from mmcabl.conversion.report import check_target, report_text
from mmcabl.conversion.table1 import CONVERSIONS, convert_system
from mmcabl.registry import MODELS


def parse_args(arguments: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='systems:\n' + '\n'.join(f'  {name}: {found.source}' for name, found in sorted(CONVERSIONS.items())))
    parser.add_argument('system', choices=sorted(CONVERSIONS), help='which network the checkpoint is of')
    parser.add_argument('source', help='checkpoint to convert: .pth, .safetensors, or .npz of arrays by name')
    parser.add_argument('target', help='checkpoint to write: .safetensors, or .pth')
    parser.add_argument('--verbose', action='store_true', help='list all keys, not the first five of a kind')
    parser.add_argument('--overwrite', action='store_true', help='replace the target where it exists')
    parser.add_argument('--trust', action='store_true', help='load a source that may run code: one of your own')
    return parser.parse_args(arguments)


def convert(args: argparse.Namespace) -> None:
    """Read, rename, report, write; raises ValueError, one sentence, where something does not fit."""
    source, target = Path(args.source), Path(args.target)
    check_target(source, target, args.overwrite)
    try:
        published = read_state(source, args.trust)
        state, dropped = convert_system(args.system, published)
    except ValueError as error:
        raise ValueError(str(error) if str(source) in str(error) else f'{source}: {error}') from None
    model = MODELS.build(CONVERSIONS[args.system].model)
    report = dict(match(state, model.state_dict()), dropped=dropped)
    print(f'{source}: {args.system} checkpoint with {len(published)} keys')
    print(report_text(report, args.verbose))
    lost = report['mismatched'] + [k for k in report['missing'] if not k.endswith('num_batches_tracked')]
    if lost:
        raise ValueError(f'{source}: {len(lost)} parameters would stay random, {lost[0]} among them: is it a '
                         f'checkpoint of {args.system}? Nothing was written.')
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
