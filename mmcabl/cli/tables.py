"""The paper's Tables I to VI and Figures 4 and 5: runs what is missing, collects what is there, prints them.

    mmcabl tables --data data                        all of the paper, from data/CASIAv2, data/CASIAv1, ...
    mmcabl tables --data data --only table6 fig5     what these need
    mmcabl tables --collect                          nothing is run
    mmcabl tables --family rehearsal --seeds 0 1 2   the same code path on embedded data (`make tables`)
    mmcabl tables --family real --data data          small networks on real images (`make real`)
"""

import argparse
import time
from pathlib import Path
from typing import List, Optional, Sequence

from mmcabl.lab.tables.bench import Bench
from mmcabl.lab.tables.definitions import FIGURES, PAPER_TABLES, TABLES
from mmcabl.lab.tables.families import FAMILIES, Family
from mmcabl.lab.tables.rehearsal import find_sets, make_sets
from mmcabl.lab.tables.render import require_pandas
from mmcabl.lab.tables.systems import SYSTEMS
from mmcabl.lab.tables.tables_report import write_report


def parse_args(arguments: Optional[Sequence[str]], prog: Optional[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--family', choices=FAMILIES, default='paper')
    parser.add_argument('--out', type=Path, help='folder for runs and reports; work_dirs/tables/<family> by default')
    parser.add_argument('--data', type=Path, help='holds CASIAv2, CASIAv1, Columbia, COVERAGE, IMD2020; for the '
                        'rehearsal it is made')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--only', nargs='+', choices=[*TABLES, *FIGURES],
                        help="the paper's by default; mixes: weak and full supervision in one table; cgsr: what it "
                        'adds to each system; equation2: the map with and without the attention')
    parser.add_argument('--systems', nargs='+', choices=['all', *SYSTEMS], default=[], metavar='SYSTEM',
                        help=f"of Table I, run too: all, or some of {', '.join(SYSTEMS)}")
    parser.add_argument('--collect', action='store_true', help='run nothing')
    parser.add_argument('--jobs', type=int, help='runs at a time; by default one for each GPU, each on its own, '
                        'or one')
    parser.add_argument('--threads', type=int, default=0, help='of each run; all cores by default')
    parser.add_argument('--train-images', type=int, default=2400, help='of the rehearsal')
    parser.add_argument('--test-images', type=int, default=60, help="of each of the rehearsal's four sets")
    parser.add_argument('--cfg-options', nargs='*', default=[], help='for every run, as of the upstream scripts')
    parser.add_argument('--test-options', nargs='*', default=[], help='for tests alone')
    return parser.parse_args(arguments)


def systems_of(names: Sequence[str], family: Family) -> List[str]:
    """The systems that were asked for; ``all`` means those that the family has."""
    if 'all' in names:
        return [name for name in SYSTEMS if family.has(name)]
    lacking = [name for name in names if not family.has(name)]
    if lacking:
        raise SystemExit(f'The family {family.name} has no {", ".join(lacking)}; it has '
                         f'{", ".join(name for name in SYSTEMS if family.has(name))}.')
    return list(names)


def shown(only: Optional[Sequence[str]], family: Family) -> List[str]:
    """What was asked for; by default all that the family can show of the paper, and its own tables."""
    figures = FIGURES if family.robustness else FIGURES[:1]
    if only is None:
        return [name for name in family.tables if name in (*PAPER_TABLES, *family.extra)] + list(figures)
    lacking = [name for name in only if name not in family.tables and name not in figures]
    if lacking:
        raise SystemExit(f'The family {family.name} has no {", ".join(lacking)}; it has '
                         f'{", ".join((*family.tables, *figures))}.')
    return list(only)


def main(arguments: Optional[Sequence[str]] = None, prog: Optional[str] = None) -> None:
    args, start = parse_args(arguments, prog), time.time()
    require_pandas()
    family = FAMILIES[args.family]
    only = shown(args.only, family)
    out = args.out or Path('work_dirs/tables') / family.name
    data = args.data or (out / 'data' if family.name == 'rehearsal' else Path('data'))
    if family.name == 'rehearsal':
        data = (find_sets if args.collect else make_sets)(data, args.train_images, args.test_images)
    # all tables and prompts share one encoding of each image
    bench = Bench(family, out, data, args.threads, tuple(args.cfg_options), tuple(args.test_options),
                  encodings=out / 'sam_encodings')
    variants = list(dict.fromkeys(v for name in only for v in (
        TABLES[name].variants if name in TABLES else ['cabl'])))
    variants += systems_of(args.systems, family)
    # what is not trained here is the same for every seed
    runs = [(variant, seed) for seed in args.seeds for variant in variants
            if seed == args.seeds[0] or family.given_weights(variant) is None]
    curves = [('cabl', seed) for seed in args.seeds] if 'fig5' in only else []
    if not args.collect:
        bench.run(runs, curves, args.jobs)
    text = write_report(bench, only, args.seeds, time.time() - start)
    print(text)
    print(f'Report: {out / "report"}')
