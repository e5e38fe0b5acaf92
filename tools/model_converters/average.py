"""The average of checkpoints of one network, parameter by parameter, as of one training's stages (model soup).

    python tools/model_converters/average.py STAGE1.pth STAGE2.pth AVERAGE.safetensors

Checkpoints of trainings that began differently do not average: give those of one training, or of trainings from it.
"""

import argparse
from pathlib import Path

from mmcabl.checkpoints import read_checkpoint, write_checkpoint
from mmcabl.checkpoints.averaging import average
from mmcabl.checkpoints.matching import parameters_of
from mmcabl.conversion.report import check_target, run_converter


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('sources', nargs='+', type=Path, help='two checkpoints or more, .pth or .safetensors')
    parser.add_argument('target', type=Path, help='checkpoint to write: .safetensors, or .pth')
    parser.add_argument('--trust', action='store_true', help='load sources that may run code: some of your own')
    return parser.parse_args()


def convert(args: argparse.Namespace) -> None:
    for source in args.sources:
        check_target(source, args.target)
    states = {str(path): parameters_of(read_checkpoint(path, trust=args.trust), str(path)) for path in args.sources}
    write_checkpoint(average(states), args.target)
    print(f'Wrote the average of {len(states)} checkpoints to {args.target}.')


if __name__ == '__main__':
    run_converter(convert, parse_args())
