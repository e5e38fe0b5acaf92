"""The best, the median and the worst tenth of a test's images, by name and, where overlays were written, as pictures.

    python tools/ranked_pictures.py RUN/results/<fingerprint> RUN/ranked --overlays RUN/overlays

For all of the pictures the test needs --cfg-options default_hooks.overlays.max_images=None.
"""

import argparse
from pathlib import Path

from mmcabl.lab.tables.ranked import write_ranked
from mmcabl.utils.outputs import own_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='holds images.*.jsonl')
    parser.add_argument('out', type=Path, help='new folder, or one of an earlier call')
    parser.add_argument('--number', default='p_f1', help='that ranks, of the columns of per_image.csv')
    parser.add_argument('--overlays', type=Path, help='folder of the overlays that the test wrote')
    parser.add_argument('--rows', type=int, default=8, help='of each picture')
    args = parser.parse_args()
    try:
        out = own_folder(args.out, ['ranked.md'])
        written = write_ranked(args.folder, out, args.number, args.overlays, args.rows)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    print('\n'.join(map(str, written)))


if __name__ == '__main__':
    main()
