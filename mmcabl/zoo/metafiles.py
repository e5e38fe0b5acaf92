"""The metafiles of OpenMMLab (``model-index.yml`` and what it imports), read as data: the one source of the cards.

``mim`` reads the same files. A model is added by an entry in a ``metafile.yml`` and, if it has weights, by a file in
``mmcabl/zoo/weights``.
"""

from pathlib import Path
from typing import Any, Dict, List

import yaml

INDEX = 'model-index.yml'
_PACKAGE = Path(__file__).resolve().parents[1]


def root_folder() -> Path:
    """The folder that holds ``configs`` and ``model-index.yml``: inside an installed package, beside it in a clone.

    Raises:
        FileNotFoundError: the package was installed without them.
    """
    for folder in (_PACKAGE / '.mim', _PACKAGE.parent):
        if (folder / INDEX).is_file() and (folder / 'configs').is_dir():
            return folder
    raise FileNotFoundError(f'{_PACKAGE / ".mim" / INDEX} is missing: mmcabl was installed without its configs; '
                            'install it again from its wheel.')


def entries() -> List[Dict[str, Any]]:
    """The entries below ``Models`` of every metafile, with their ``Name`` and ``Config``.

    Raises:
        ValueError: a metafile is not what OpenMMLab's are.
    """
    root = root_folder()
    found: List[Dict[str, Any]] = []
    for name in _read(root / INDEX).get('Import') or ():
        found += _models(root / name)
    return found


def _models(path: Path) -> List[Dict[str, Any]]:
    models = _read(path).get('Models') or []
    for model in models:
        if not isinstance(model, dict) or not {'Name', 'Config'} <= model.keys():
            raise ValueError(f'{path} has a model without Name and Config.')
    return models


def _read(path: Path) -> Dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except yaml.YAMLError as error:
        raise ValueError(f'{path} is not YAML: {" ".join(str(error).split())}') from None
    if not isinstance(content, dict):
        raise ValueError(f'{path} holds a {type(content).__name__}; a metafile is a dict.')
    return content
