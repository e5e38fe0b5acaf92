"""Read a file of weights as data: tensors, plain containers, numbers, text, and what mmengine logs."""

import re
import tarfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Optional, Union

import torch
from mmengine.utils import digit_version
from safetensors.torch import load_file

from mmcabl.checkpoints.plain import ALLOWED, unwrapped

#: Configs that mmengine would run as Python when it resumes, or builds a model from a checkpoint alone.
CODE = ('config', 'cfg')
_trusted = False


class CheckpointError(ValueError):
    """A file of weights that cannot be used; the message is one sentence that names it."""


def trust_checkpoints(trusted: bool = True) -> None:
    """Whether files may run code in this process when they are loaded: for files of one's own, made elsewhere."""
    global _trusted
    _trusted = bool(trusted)


def read_checkpoint(path: Union[str, Path], map_location: Union[str, torch.device, None] = 'cpu',
                    trust: Optional[bool] = None, name: str = '') -> Dict[str, Any]:
    """A ``.pth`` as it was saved, or a ``.safetensors`` under ``state_dict``.

    Args:
        path: the file; its ending tells the two formats apart.
        map_location: as of ``torch.load``.
        trust: load anything, as ``torch.load(weights_only=False)`` does, code included. By default what
            :func:`trust_checkpoints` was told, False at first.
        name: what to call the file in messages; its path by default.

    Returns:
        A dict. Where it has a ``state_dict`` it has ``meta`` too. Unless trusted, ``meta`` has no config: mmengine
        would run that text.

    Raises:
        CheckpointError: it is missing, empty, cut short, of another format, or holds more than data.
    """
    path, name = str(path), name or str(path)
    trust = _trusted if trust is None else trust
    try:
        size = Path(path).stat().st_size if Path(path).is_file() else -1
    except (OSError, ValueError):  # a name that no file can have
        size = -1
    if size < 0:
        raise CheckpointError(f'{name} is not a file; give the path of a checkpoint (.pth or .safetensors).')
    if size == 0:
        raise CheckpointError(f'{name} is empty (0 bytes); a checkpoint (.pth or .safetensors) is needed.')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # torch's own remarks on formats
            content = _content(path, map_location, trust)
    except Exception as error:  # whatever a hostile file can make the readers raise
        raise CheckpointError(_reason(name, size, error)) from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise CheckpointError(f'{name} holds a {type(content).__name__}; a checkpoint is a dict with parameters by '
                              'name, or with such a dict under state_dict.')
    if isinstance(content.get('state_dict'), dict):
        content.setdefault('meta', {})
    if not trust and isinstance(content.get('meta'), dict):
        for key in CODE:
            content['meta'].pop(key, None)
    return content


def _content(path: str, map_location: Any, trust: bool) -> Any:
    if path.endswith('.safetensors'):
        device = str(map_location) if isinstance(map_location, (str, torch.device)) else 'cpu'
        return dict(state_dict=load_file(path, device=device), meta={})
    if trust:
        return torch.load(path, map_location=map_location, weights_only=False)
    with suppress(OSError):
        if tarfile.is_tarfile(path):
            raise ValueError('a tar archive, as torch wrote before 2017')
    if digit_version(torch.__version__) >= digit_version('2.6'):
        with torch.serialization.safe_globals([(value, key) for key, value in ALLOWED.items()]):
            return unwrapped(torch.load(path, map_location=map_location, weights_only=True))
    from mmcabl.checkpoints.old_torch import load_plain
    return unwrapped(load_plain(path, map_location))


def _reason(name: str, size: int, error: Exception) -> str:
    text = str(error)
    code = re.search(r'GLOBAL (\S+)|(TorchScript)', text)
    if code:
        found = (code.group(1) or code.group(2))[:80]
        return (f'{name} holds more than data ({found}) and could run code, so it is not loaded; if it is your own, '
                'give --trust (tools of mmcabl) or --cfg-options trust_checkpoints=True (train.py, test.py).')
    said = ' '.join(text.split())[:120]
    return (f'{name} cannot be read as a checkpoint ({size} bytes): it is cut short, damaged or of another format '
            f'({type(error).__name__}{": " + said if said else ""}).')
