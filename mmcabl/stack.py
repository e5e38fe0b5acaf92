"""Which OpenMMLab packages are installed, and whether they work together."""

from contextlib import suppress
from importlib import metadata
from typing import Dict, Optional, Sequence, Tuple

from packaging.version import InvalidVersion, Version

from mmcabl.quiet import import_quietly

#: import name -> (distribution names, least version, first version that is not supported)
REQUIREMENTS: Dict[str, Tuple[Sequence[str], str, str]] = {
    'torch': (('torch',), '2.1', '3'),
    'mmengine': (('onedl-mmengine', 'mmengine', 'mmengine-lite'), '0.10.0', '1'),
    'mmcv': (('onedl-mmcv', 'mmcv', 'mmcv-lite'), '2.0.0', '3'),
    'mmpretrain': (('onedl-mmpretrain', 'mmpretrain'), '1.0.0', '2'),
}

INSTALL_HINT = (
    "Install one of the two stacks, never both: pip install 'mmcabl[onedl]' (the maintained "
    "forks, current torch) or pip install 'mmcabl[openmmlab]' (the official packages, torch 2.1)."
)


class StackError(ImportError):
    """The OpenMMLab packages that mmcabl needs are missing or do not fit together."""


def release(version: str) -> Version:
    """``'2.1.0rc1+cu118'`` -> 2.1.0: what matters for a version range (vendors build torch as ``2.1.0a0+...``)."""
    return Version(Version(version).base_version)


def installed(names: Sequence[str]) -> Dict[str, str]:
    """Version of each distribution in ``names`` that is installed."""
    found = {}
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def stack_problem(versions: Optional[Dict[str, Dict[str, str]]] = None) -> Optional[str]:
    """One sentence on what is wrong with the installed stack, or None.

    Args:
        versions: ``{import name: {distribution: version}}``; what is installed here by default.
    """
    if versions is None:
        versions = {key: installed(spec[0]) for key, spec in REQUIREMENTS.items()}
    for key, (names, least, below) in REQUIREMENTS.items():
        found = versions.get(key, {})
        if not found:
            return f'mmcabl needs {key} (distribution {" or ".join(names)}), which is not installed.'
        if len(found) > 1:
            return (f'{key} is installed twice, as {" and ".join(sorted(found))}, and their files '
                    'overwrite each other: uninstall both, then install one.')
        name, version = next(iter(found.items()))
        with suppress(InvalidVersion):
            if release(least) <= release(version) < release(below):
                continue
        return f'{name} {version} is installed, but mmcabl needs {key} >= {least}, < {below}.'
    return None


def check_stack() -> None:
    """Raise :class:`StackError` with one sentence when the stack cannot be used."""
    problem = stack_problem()
    if problem:
        raise StackError(f'{problem} {INSTALL_HINT}')


def require_mmseg() -> None:
    """Raise :class:`StackError` with one sentence where mmsegmentation cannot be imported.

    Official mmsegmentation needs mmcv's compiled operators and refuses mmcv-lite; only this part of mmcabl needs it.
    """
    try:
        import_quietly('mmseg.models', 'mmseg.datasets')
    except Exception as error:  # mmseg asserts versions, and a missing operator is any kind of error
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise StackError(
            f'mmcabl.segmentation needs mmsegmentation, which cannot be imported here ({reason}): install '
            'onedl-mmsegmentation, or official mmsegmentation with a compiled mmcv; the mmpretrain side of mmcabl '
            'works without it.') from error
