"""Write ``onedl.lock``: every package that pip would install for the default stack, with its version.

    python constraints/lock.py          from the root of the repository; nothing is installed

Python 3.11 and newer. ``web`` is not in it: Gradio wants another Pillow than the figures were measured with.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXTRAS = 'onedl,dev,docs,types'
#: What PyTorch brings on Linux alone.
LINUX = ('nvidia-', 'cuda-', 'triton')
MARKER = '; platform_system == "Linux" and platform_machine == "x86_64"'


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, 'report.json')
        subprocess.run([sys.executable, '-m', 'pip', 'install', '--quiet', '--dry-run', '--ignore-installed',
                        '--constraint', str(HERE / 'onedl.txt'), '--report', str(report), f'{HERE.parent}[{EXTRAS}]'],
                       check=True)
        found = [package['metadata'] for package in json.loads(report.read_text())['install']]
    pins = {re.sub('[-_.]+', '-', package['name']).lower(): package['version'] for package in found}
    pins.pop('mmcabl')
    lines = [f'# mmcabl[{EXTRAS}] on Python 3.11 and newer; written by constraints/lock.py.']
    for name, version in sorted(pins.items()):
        lines.append(f'{name}=={version}{MARKER if name.startswith(LINUX) else ""}')
    (HERE / 'onedl.lock').write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
