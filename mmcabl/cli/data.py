"""Where the benchmarks are to be had; whether a folder is one of them, and whole.

    mmcabl data                                            the benchmarks, their terms and sizes
    mmcabl data data/CASIAv1 --against data/CASIAv2        counts, masks, broken files, duplicates, leakage
    mmcabl data data/CASIAv1 --headers                     do the files give the label away? Seconds
    mmcabl data data/CASIAv1 --json casiav1.json           the whole report as a file; without a name on stdout

Exit status: 0 usable, 1 recognized but not usable as it is (broken files, masks that mark nothing, or less than 99%
of what was published, unless --partial; with --headers: the headers tell the classes apart), 2 not recognized.
"""

import argparse
import json
from pathlib import Path
from typing import List, Optional, Sequence

from mmcabl.cli.benchmarks import BENCHMARKS, REMARK, Benchmark
from mmcabl.cli.output import print_json, say
from mmcabl.images import shown

#: ``--json`` without a name of a file.
STDOUT = Path('-')


def parse_args(arguments: Optional[Sequence[str]], prog: Optional[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', nargs='?', help='folder of a data set as it unpacks; without it the list')
    parser.add_argument('--type', help='CASIAv1, CASIAv2, ...; recognized if not given')
    parser.add_argument('--against', help='another root, to find authentic images that both have')
    parser.add_argument('--max-bits', type=int, default=4, help='of 64, by which near duplicates may differ')
    parser.add_argument('--json', type=Path, nargs='?', const=STDOUT, metavar='FILE',
                        help='file for the whole report; stdout without a name')
    parser.add_argument('--overwrite', action='store_true', help='replace the report where it exists')
    parser.add_argument('--workers', type=int, help='threads; all cores by default')
    parser.add_argument('--partial', action='store_true', help='a part of the published images will do')
    parser.add_argument('--max-pixels', type=int, help='of a readable image; 100 megapixels by default')
    parser.add_argument('--headers', action='store_true', help='decode nothing: only say whether quantisation '
                        'tables, sizes, formats and subsampling tell the classes apart')
    parser.add_argument('--quiet', action='store_true', help='no progress bar')
    args = parser.parse_args(arguments)
    if args.root is None and args.json is not None and args.json.is_dir():  # --json FOLDER: no report is a folder
        args.root, args.json = str(args.json), STDOUT
    return args


def say_shortcut(root: str, name: Optional[str]) -> int:
    """One sentence; the exit status."""
    from mmcabl.lab.checks import check_headers
    name, found = check_headers(root, name)
    print(f'{name} at {shown(root)}: ' + (found.sentence if found else 'too few files of a class to compare headers'))
    return int(bool(found and found.found))


def main(arguments: Optional[Sequence[str]] = None, prog: Optional[str] = None) -> int:
    args = parse_args(arguments, prog)
    if args.root is not None:
        return check(args)
    if args.json:
        print_json(dict(remark=REMARK, benchmarks=[vars(benchmark) for benchmark in BENCHMARKS]))
        return 0
    print(REMARK)
    for benchmark in BENCHMARKS:
        print('\n'.join(['', *benchmark_lines(benchmark)]))
    return 0


def check(args: argparse.Namespace) -> int:
    """Read a root, print what was found; the exit status."""
    if not Path(args.root).is_dir():
        say(f'{shown(args.root)} is not a folder.')
        return 2
    if not args.quiet:
        say(f'Reading {shown(args.root)} ...')
    from mmcabl.lab.checks import as_dict, check_root, find_leakage, report_text
    from mmcabl.lab.checks.check import KNOWN
    from mmcabl.utils.files import write_whole
    from mmcabl.utils.outputs import new_file
    progress, to_file = not args.quiet and args.json != STDOUT, args.json and args.json != STDOUT
    try:
        if args.type and args.type not in KNOWN:
            raise ValueError(f'{args.type!r} is no data set that is known; accepted are {", ".join(KNOWN)}.')
        if args.headers:
            return say_shortcut(args.root, args.type)
        if to_file:
            new_file(args.json, args.overwrite)
        found = check_root(args.root, args.type, args.workers, progress, args.partial, args.max_pixels)
        leakage = None
        if args.against:
            other = check_root(args.against, None, args.workers, progress, True, args.max_pixels)
            leakage = find_leakage(found.images, other.images, args.max_bits)
    except (OSError, ValueError) as error:
        say(shown(str(error)))
        return 2
    report = as_dict(found, leakage, args.against or '')
    if args.json == STDOUT:
        print_json(report)
    else:
        print(report_text(found, leakage, args.against or ''))
    if to_file:
        write_whole(args.json, json.dumps(report, indent=1) + '\n')
    return 1 if found.problems else 0


def benchmark_lines(benchmark: Benchmark) -> List[str]:
    """A benchmark as text."""
    facts = {'images': benchmark.images, 'where': benchmark.where, 'masks': benchmark.masks, 'terms': benchmark.terms,
             'size': benchmark.size, 'paper': benchmark.paper, 'note': benchmark.note,
             'lay out as': f'data/{benchmark.name}, then: mmcabl data data/{benchmark.name}'}
    return [f'{benchmark.name} ({benchmark.role})', *(f'  {key:10} {value}' for key, value in facts.items() if value)]
