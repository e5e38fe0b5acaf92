"""What converters of checkpoints have in common: their options, what they say, what they refuse to write."""

from argparse import ArgumentParser, Namespace
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, List

from torch import Tensor, nn

from mmcabl.checkpoints import write_checkpoint
from mmcabl.checkpoints.matching import not_finite

#: Kinds whose names are of interest only in a full list.
QUIET = ('used', 'dropped')


def check_target(source: Path, target: Path, overwrite: bool = False) -> None:
    """Raise ValueError, one sentence, unless a converted checkpoint may be written there."""
    if not target.parent.is_dir():
        raise ValueError(f'{target} cannot be written: {target.parent} is not a folder.')
    if target.exists() and (not overwrite or target.is_dir() or (source.exists() and target.samefile(source))):
        raise ValueError(f'{target} exists and is not overwritten; give another name'
                         f'{"" if overwrite else " or --overwrite"}.')


def keys_report(report: Dict[str, List[str]], verbose: bool = False) -> str:
    """Lines: how many keys of each kind, and the first five names of the kinds that matter, or all names."""
    lines = []
    for kind, keys in report.items():
        lines.append(f'  {kind}: {len(keys)}')
        shown = keys if verbose else [] if kind in QUIET else keys[:5]
        lines += [f'    {key}' for key in shown]
        if len(keys) > len(shown) and kind not in QUIET:
            lines.append(f'    ... {len(keys) - len(shown)} more (--verbose lists all)')
    return '\n'.join(lines)


def add_options(parser: ArgumentParser) -> None:
    """What every converter asks for."""
    parser.add_argument('source', help='checkpoint to convert, .pth or .safetensors')
    parser.add_argument('target', help='checkpoint to write: .safetensors, or .pth')
    parser.add_argument('--verbose', action='store_true', help='list all keys, not the first five of a kind')
    parser.add_argument('--overwrite', action='store_true', help='replace the target where it exists')
    parser.add_argument('--trust', action='store_true', help='load a source that may run code: one of your own')


def run_converter(convert: Callable[[Namespace], None], arguments: Namespace) -> None:
    """Raises SystemExit with the sentence of whatever was wrong."""
    try:
        convert(arguments)
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from None


@contextmanager
def naming(source: Path) -> Iterator[None]:
    """A ``ValueError`` inside names the source."""
    try:
        yield
    except ValueError as error:
        raise ValueError(str(error) if str(source) in str(error) else f'{source}: {error}') from None


def write_used(source: Path, target: Path, model: nn.Module, state: Dict[str, Tensor], used: List[str],
               lost: List[str], question: str) -> None:
    """Write the parameters that fit, unless some would stay random or are not finite.

    Args:
        source, target: files.
        model: what the checkpoint is for.
        state: converted parameters by name.
        used: names of those that fit.
        lost: names of the model's that nothing fits.
        question: what may be wrong then.

    Raises:
        ValueError: nothing was written; one sentence.
    """
    if lost:
        raise ValueError(f'{source}: {len(lost)} parameters would stay random, {lost[0]} among them: {question} '
                         'Nothing was written.')
    kept = {key: state[key] for key in used}
    bad = not_finite(model, kept)
    if bad:
        raise ValueError(f'{source}: {bad} holds NaN or infinity; nothing was written.')
    write_checkpoint(kept, target)
    print(f'Wrote {len(kept)} parameters to {target}.')
