"""What converters of checkpoints say and what they refuse to write over."""

from pathlib import Path
from typing import Dict, List

#: Kinds whose names are of interest only in a full list.
QUIET = ('used', 'dropped')


def check_target(source: Path, target: Path, overwrite: bool = False) -> None:
    """Raise ValueError, one sentence, unless a converted checkpoint may be written there."""
    if not target.parent.is_dir():
        raise ValueError(f'{target} cannot be written: {target.parent} is not a folder.')
    if target.exists() and (not overwrite or target.is_dir() or (source.exists() and target.samefile(source))):
        raise ValueError(f'{target} exists and is not overwritten; give another name'
                         f'{"" if overwrite else " or --overwrite"}.')


def report_text(report: Dict[str, List[str]], verbose: bool = False) -> str:
    """Lines: how many keys of each kind, and the first five names of the kinds that matter, or all names."""
    lines = []
    for kind, keys in report.items():
        lines.append(f'  {kind}: {len(keys)}')
        shown = keys if verbose else [] if kind in QUIET else keys[:5]
        lines += [f'    {key}' for key in shown]
        if len(keys) > len(shown) and kind not in QUIET:
            lines.append(f'    ... {len(keys) - len(shown)} more (--verbose lists all)')
    return '\n'.join(lines)
