"""The metrics of a test again, from its per-image records; no model, no images.

    mmcabl summarize work_dirs/RUN/results/<fingerprint>
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
    args = parser.parse_args(arguments)
    from mmcabl.records import ResultStore, summarize_store, write_table
    from mmcabl.records.summary import table_one_row
    try:
        if args.csv:
            new_file(args.csv, args.overwrite)
        found = summarize_store(args.folder)
        if args.csv:
            write_table(ResultStore(args.folder).read(), args.csv)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    print(json.dumps(found, indent=1))
    print(table_one_row(found))
