"""Exports of cabl-mini against PyTorch: the table of docs/export.md.

    python benchmarks/export_parity.py --formats onnx torchscript pt2
"""

import argparse
import tempfile
import time
import warnings
from pathlib import Path

from mmcabl.apis import ForensicInferencer
from mmcabl.export.network import ExportedNetwork
from mmcabl.export.parity import SIZES, differences, exported, reference
from mmcabl.export.writing import FORMATS, write_network

#: name -> settings of the model
SETTINGS = {'no attention': {}, 'Eq. (2)': dict(attention='auto'),
            'Eq. (2), three scales': dict(attention='auto', scales=[(96, 96), 'native', (256, 192)])}
FIXED = ((160, 160), (97, 131))


def main() -> None:
    warnings.simplefilter('ignore')
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--formats', nargs='+', choices=FORMATS, default=['onnx', 'torchscript'])
    formats = parser.parse_args().formats
    model = ForensicInferencer('cabl-mini', device='cpu').model
    before = {name: getattr(model, name) for settings in SETTINGS.values() for name in settings}
    print('| format | size | model | sizes | score | map | CPU seconds to export | MB |')
    print('|---|---|---|---|---|---|---|---|')
    for kind in formats:
        for name, settings in SETTINGS.items():
            for key, value in {**before, **settings}.items():
                setattr(model, key, value)
            for size in (None, *FIXED) if kind != 'pt2' else FIXED:
                with tempfile.TemporaryDirectory() as folder:
                    path, start = Path(folder, 'model'), time.process_time()
                    write_network(ExportedNetwork(model), path, kind, size, dict(mmcabl='{}'))
                    seconds = time.process_time() - start
                    rows = differences(reference(model), exported(path, kind), [size] if size else SIZES)
                    where = ', '.join(f'{row["height"]} x {row["width"]}' for row in rows)
                    worst = [max(row[key] for row in rows) for key in ('score', 'map')]
                    print(f'| {kind} | {"fixed" if size else "free"} | {name} | {where} | {worst[0]:.1e} '
                          f'| {worst[1]:.1e} | {seconds:.1f} | {path.stat().st_size / 1e6:.1f} |', flush=True)


if __name__ == '__main__':
    main()
