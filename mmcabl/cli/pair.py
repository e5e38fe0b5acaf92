"""Windows of real forgeries beside the photographs they were made of, in CASIA v2's layout, for weak training.

With --whole the images themselves and masks of what was changed, to choose on; nothing like them belongs into
training.

Hosts are found by what both images show; no mask is read.
"""

import argparse
from pathlib import Path
from typing import Optional, Sequence

from mmcabl.images import shown
from mmcabl.lab.pairs import WindowRecipe, find_hosts, write_whole_pairs, write_windows
from mmcabl.lab.synthetic import find_photographs


def main(arguments: Optional[Sequence[str]] = None, prog: Optional[str] = None) -> None:
    default = WindowRecipe()
    parser = argparse.ArgumentParser(prog=prog, description=__doc__,
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('data', type=Path, help='holds Au and Tp, as CASIA v2 does')
    parser.add_argument('out_dir', help='new or empty folder')
    parser.add_argument('--keep-out', nargs='*', default=[], help='folders of images whose like is left out')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--size', type=int, default=default.size, help='side in px')
    parser.add_argument('--windows', type=int, default=default.windows, help='of each forgery')
    parser.add_argument('--least', type=float, default=0.6, help='agreement of a forgery with its host')
    parser.add_argument('--whole', action='store_true', help='whole images and masks in place of windows')
    parser.add_argument('--count', type=int, help='of whole forgeries at most, each of another host; all by default')
    args = parser.parse_args(arguments)
    try:
        kept_out = [p for folder in args.keep_out for p in find_photographs(folder)]
        pairs = find_hosts(find_photographs(args.data / 'Tp'), find_photographs(args.data / 'Au'), kept_out,
                           args.least)
        if args.whole:
            records = write_whole_pairs(pairs, args.out_dir, args.count, args.seed)
            print(f'{len(records)} forgeries with masks and their hosts in {args.out_dir}.')
            return
        records = write_windows(pairs, args.out_dir, WindowRecipe(size=args.size, windows=args.windows), args.seed)
    except (ValueError, OSError) as error:
        raise SystemExit(shown(str(error))) from None
    print(f'{len(pairs)} forgeries with their hosts; {len(records)} windows in {args.out_dir}, half of them forged.')
