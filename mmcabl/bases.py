"""``mmseg::`` and ``mmcabl::`` in a config's ``_base_``.

mmengine 0.10 knows which distribution a scope's configs are in from a table: it lacks ``mmcabl``, and for ``mmseg``
it asks for ``mmsegmentation``, which the maintained forks call ``onedl-mmsegmentation``. Here the module is asked.
"""

from importlib import util
from pathlib import Path
from typing import Any, Optional, Tuple

#: Scopes whose configs are found by their module.
SCOPES = ('mmcabl', 'mmseg', 'mmpretrain')


def base_path(base: str) -> str:
    """Path of ``<scope>::<path below configs>``, for configs that upstream's own scripts read::

        _base_ = [__import__('mmcabl').base_path('mmseg::_base_/models/fcn_r50-d8.py')]

    Raises:
        ValueError: another form or scope.
        FileNotFoundError: the package is not installed, or has no such config.
    """
    scope, separator, name = base.partition('::')
    if not separator or scope not in SCOPES:
        raise ValueError(f'{base!r} is no config of a package; accepted is <scope>::<path below configs> with one of '
                         f'the scopes {", ".join(SCOPES)}.')
    spec = util.find_spec(scope)
    if spec is None or not spec.origin:
        raise FileNotFoundError(f'{base} is not there: {scope} is not installed.')
    package = Path(spec.origin).parent
    for folder in (package / '.mim', package.parent):  # as installed; in a clone
        if (folder / 'configs' / name).is_file():
            return str(folder / 'configs' / name)
    raise FileNotFoundError(f'{base} is not there: {package / ".mim/configs"} has no {name}.')


def know_bases() -> None:
    """From here on in this process, ``mmseg::`` and ``mmcabl::`` in ``_base_`` are found by :func:`base_path`."""
    from mmengine.config import Config
    upstream = Config._get_cfg_path
    if getattr(upstream, 'by_module', False):
        return

    def get_cfg_path(cfg_path: str, filename: str) -> Tuple[str, Optional[str]]:
        scope, separator, _ = cfg_path.partition('::')
        if separator and scope in ('mmcabl', 'mmseg'):
            # types of mmcabl carry their scope already
            return base_path(cfg_path), None if scope == 'mmcabl' else scope
        return upstream(cfg_path, filename)

    found: Any = get_cfg_path
    found.by_module = True
    Config._get_cfg_path = staticmethod(found)
