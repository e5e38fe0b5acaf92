"""The metrics of a test again, from its per-image records; no model, no images.

    mmcabl summarize work_dirs/RUN/results/<fingerprint>
    mmcabl summarize work_dirs/RUN/results/<fingerprint> --threshold 0.4
    mmcabl summarize work_dirs/RUN/results/<fingerprint> --sweep

With a threshold: accuracy and F1 of image scores cut there, and P-F1 of the maps cut there without a refiner.
"""

import argparse
import json
from pathlib import Path
from typing import Optional, Sequence

from mmcabl.utils.outputs import new_file


def main(arguments: Optional[Sequence[str]] = None, prog: Optional[str] = None) -> None:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='holds images.*.jsonl')
    parser.add_argument('--csv', type=Path, help='also write the records as one table')
    parser.add_argument('--overwrite', action='store_true', help='replace the table where it exists')
    parser.add_argument('--threshold', type=float, help='0.01 to 0.99, of scores and maps')
    parser.add_argument('--sweep', action='store_true', help='a table of thresholds from 0.05 to 0.95')
    args = parser.parse_args(arguments)
    from mmcabl.records import ResultStore, summarize_store, write_table
    from mmcabl.records.summary import table_one_row
    from mmcabl.records.thresholds import at_thresholds, sweep_table
    try:
        if args.csv:
            new_file(args.csv, args.overwrite)
        found = summarize_store(args.folder)
        one = {} if args.threshold is None else at_thresholds(args.folder, [args.threshold])[0]
        swept = at_thresholds(args.folder) if args.sweep else []
        if args.csv:
            write_table(ResultStore(args.folder).read(), args.csv)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    print(json.dumps(found, indent=1))
    print(table_one_row(found))
    if one:
        print(json.dumps(one, indent=1))
    if swept:
        print(sweep_table(swept))
