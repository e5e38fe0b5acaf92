"""How the numbers of NOII and CFA1 in ``table1`` were cut from the whole references:
``python tests/data/cut_untrained.py REFERENCES``. The synthetic images alone: photographs stay outside."""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / 'table1'
SYNTHETIC = ('s_', 'o_')
#: Large float32 maps, of which a corner is kept; what is made of them is whole, in float64.
LARGE = ('diagonal', 'prediction_error', 'variance_map')

if __name__ == '__main__':
    HERE.mkdir(exist_ok=True)
    images = set()
    for system in ('noii', 'cfa1'):
        numbers = np.load(Path(sys.argv[1]) / f'golden/table1/{system}.npz')
        kept = {name: numbers[name][:24, :32] if name.endswith(LARGE) else numbers[name]
                for name in numbers.files if name.startswith(SYNTHETIC)}
        np.savez_compressed(HERE / f'{system}.npz', **{k: v for k, v in kept.items() if k not in images})
        images |= {name for name in kept if name.endswith('image')}  # both have the same ones
