"""How the files of this folder were cut from the whole references: ``python tests/data/cut.py REFERENCES``."""

import lzma
import re
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def transcam(source: Path) -> None:
    """All weights, as they are (another rounding would be another network), in two files; one of two images."""
    numbers = np.load(source / 'golden/conformer_stride1_reference.npz')
    weights = {k: numbers[k] for k in numbers.files if k.startswith('weight/')}
    ends = np.cumsum([a.nbytes for a in weights.values()])
    for part in (1, 2):
        chosen = {k: a for (k, a), end in zip(weights.items(), ends) if (2 * end > ends[-1]) == (part == 2)}
        np.savez_compressed(HERE / f'golden/transcam_weights_{part}.npz', **chosen)
    np.savez_compressed(HERE / 'golden/transcam_outputs.npz',
                        **{k: numbers[k][:1] for k in numbers.files if k not in weights})


def metrics(source: Path) -> None:
    """Maps (float32, as they are: some values are exactly the threshold) of the manipulated images alone."""
    numbers = dict(np.load(source / 'golden/metrics_reference.npz'))
    forged = numbers['label'] == 1
    numbers.update(pred=numbers['pred'][forged], gt=numbers['gt'][forged].astype(bool))
    np.savez_compressed(HERE / 'golden/metrics.npz', **numbers)


def compress(file: Path, target: Path) -> None:
    packed = lzma.compress(file.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    target.with_name(f'{target.name}.xz').write_bytes(packed)


def tables(source: Path) -> None:
    """Every run of five or more numbers in the paper's text, a line each: the rows of its tables."""
    text = ' '.join((source / 'paper/paper.txt').read_text().replace('|', ' ').split())
    rows = re.findall(r'\d\.\d{3}(?: \d\.\d{3}){4,}', text)
    (HERE / 'paper_tables.txt').write_text('\n'.join(rows) + '\n')


if __name__ == '__main__':
    root = Path(sys.argv[1])
    transcam(root)
    metrics(root)
    compress(root / 'golden/conformer_small_original_keys.json', HERE / 'golden/conformer_small_original_keys.json')
    for path in sorted((root / 'layouts').glob('*.*')):
        if path.suffix in ('.txt', '.json'):
            compress(path, HERE / 'layouts' / path.name)
    tables(root)
