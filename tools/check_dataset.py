"""Which data set is this, and is it whole? Counts, masks, broken files, duplicates, leakage, shortcuts.

    python tools/check_dataset.py data/CASIAv1 --against data/CASIAv2 --json casiav1.json
    python tools/check_dataset.py data/CASIAv1 --headers      do the files give the label away? Seconds

Exit status: 0 usable, 1 recognized but not usable as it is (broken files, masks that mark nothing, or less than 99%
of what was published, unless --partial; with --headers: a shortcut), 2 not recognized.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Optional

from mmcabl.images import shown
from mmcabl.lab.checks import as_dict, check_headers, check_root, find_leakage, report_text
from mmcabl.lab.checks.check import KNOWN
from mmcabl.utils.files import write_whole
from mmcabl.utils.outputs import new_file


def say_shortcut(root: str, name: Optional[str]) -> int:
    name, found = check_headers(root, name)
    print(f'{name} at {shown(root)}: ' + (found.sentence if found else 'too few files of a class to compare headers'))
    return int(bool(found and found.found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='folder of the data set as it unpacks')
    parser.add_argument('--type', choices=KNOWN, help='recognized if not given')
    parser.add_argument('--against', help='another root, to find authentic images that both have')
    parser.add_argument('--max-bits', type=int, default=4, help='of 64, by which near duplicates may differ')
    parser.add_argument('--json', type=Path, help='file for the whole report')
    parser.add_argument('--overwrite', action='store_true', help='replace the report where it exists')
    parser.add_argument('--workers', type=int, help='threads; all cores by default')
    parser.add_argument('--partial', action='store_true', help='a part of the published images will do')
    parser.add_argument('--max-pixels', type=int, help='of a readable image; 100 megapixels by default')
    parser.add_argument('--headers', action='store_true', help='decode nothing: only say whether quantisation '
                        'tables, sizes, formats and subsampling tell the classes apart')
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    args = parser.parse_args()
    try:
        if args.json:
            new_file(args.json, args.overwrite)
        if args.headers:
            return say_shortcut(args.root, args.type)
        found = check_root(args.root, args.type, args.workers, not args.quiet, args.partial, args.max_pixels)
        leakage = None
        if args.against:
            other = check_root(args.against, None, args.workers, not args.quiet, True, args.max_pixels)
            leakage = find_leakage(found.images, other.images, args.max_bits)
    except (OSError, ValueError) as error:
        print(shown(str(error)), file=sys.stderr)
        return 2
    print(report_text(found, leakage, args.against or ''))
    if args.json:
        write_whole(args.json, json.dumps(as_dict(found, leakage, args.against or ''), indent=1) + '\n')
    return 1 if found.problems else 0


if __name__ == '__main__':
    sys.exit(main())
