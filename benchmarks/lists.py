"""Long lists: CPU time and peak memory of reading one in CAT-Net's text, beside the time to parse it.

    python benchmarks/lists.py --lines 10000000

The lines name 20,000 files in 100 folders, which are made and looked up; every other line has a mask.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

from mmcabl.datasets import ForgeryList


def make_list(root: Path, lines: int) -> Path:
    rows = []
    for number in range(20_000):
        name = f'a_folder_with_a_longish_name_{number % 100:03d}/Tp_D_NRN_S_N_sec00064_cha00052_{number:05d}'
        (root / name).parent.mkdir(exist_ok=True)
        files = [f'{name}.jpg', f'{name}_gt.png'] if number % 2 else [f'{name}.jpg']
        for file in files:
            (root / file).touch()
        rows.append(f'{files[0]},{files[1] if number % 2 else None},x')
    text = '\n'.join(rows) + '\n'
    with open(root / 'list.txt', 'w') as file:
        for _ in range(-(-lines // len(rows))):
            file.write(text)
    return root / 'list.txt'


def parse(path: Path) -> int:
    with open(path) as file:
        return sum(len(line.split(',')) > 1 for line in file)


def timed(function, *args, **kwargs):
    start = time.process_time()
    found = function(*args, **kwargs)
    return found, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--lines', type=int, default=100_000, help='rounded up to a multiple of 20,000')
    lines = parser.parse_args().lines
    with tempfile.TemporaryDirectory() as folder:
        path = make_list(Path(folder), lines)
        count, least = timed(parse, path)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        data, taken = timed(ForgeryList, data_root=folder, ann_file=str(path), pipeline=[])
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
        print(f'{len(data):,} of {count:,} lines, {path.stat().st_size / 1e6:.0f} MB: {taken:.2f} s of CPU time '
              f'(parsing alone {least:.2f}), {memory:.0f} MiB more at the peak')


if __name__ == '__main__':
    main()
