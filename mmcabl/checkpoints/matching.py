"""Whether weights are those of a model: every name, every shape, every number finite."""

import hashlib
import re
from collections import OrderedDict
from typing import Any, Dict, Optional, Union

import torch
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import Tensor, nn

from mmcabl.checkpoints.reading import CheckpointError, read_checkpoint


def parameters_of(checkpoint: Dict[str, Any], name: str = 'The checkpoint') -> Dict[str, Tensor]:
    """Parameters by name, without the ``module.`` of a wrapped model.

    Raises:
        CheckpointError: there are none, or something else is among them.
    """
    state = checkpoint.get('state_dict', checkpoint)
    if not isinstance(state, dict) or not any(isinstance(value, Tensor) for value in state.values()):
        raise CheckpointError(f'{name} holds no parameters; its top level has {sorted(map(str, checkpoint))[:6]}.')
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, Tensor) or value.layout != torch.strided:
            raise CheckpointError(f'{name} has a {type(value).__name__} in place of the parameter {str(key)[:80]!r}.')
    found = OrderedDict((re.sub(r'^module\.', '', key), value) for key, value in state.items())
    versions = getattr(state, '_metadata', None)  # of modules, some of which read older ones differently
    if isinstance(versions, dict) and all(isinstance(value, dict) for value in versions.values()):
        found._metadata = versions
    return found


def bare(model: nn.Module) -> nn.Module:
    """The model inside DDP and test-time augmentation, whose parameters a checkpoint names."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


def weights_digest(model: nn.Module, first: bytes) -> str:
    """SHA-256 of some bytes, and of every parameter and buffer, name by name, bit by bit."""
    digest = hashlib.sha256(first)
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        if isinstance(value, Tensor):
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def not_finite(model: nn.Module, state: Dict[str, Tensor]) -> Optional[str]:
    """The first entry with a NaN or an infinity where the model's own has none; None without one."""
    own = model.state_dict()
    for key, value in state.items():
        bad = value.is_floating_point() and not bool(torch.isfinite(value).all())
        if bad and (key not in own or bool(torch.isfinite(own[key]).all())):  # some models have masks of -inf
            return key
    return None


def misfit(model: nn.Module, state: Dict[str, Tensor]) -> Optional[str]:
    """Load what fits, by the model's own rules (its hooks may rename or resize), and say what does not.

    Returns:
        Part of a sentence; None where everything fits.
    """
    own, shapes = model.state_dict(), []
    try:
        found = model.load_state_dict(state, strict=False)
        missing, unexpected = list(found.missing_keys), list(found.unexpected_keys)
    except RuntimeError as error:  # torch goes through all entries before it raises
        shapes = re.findall(r'size mismatch for (\S+?):', str(error))
        if not shapes:
            return ' '.join(str(error).split())[:300]
        missing, unexpected = [k for k in own if k not in state], [k for k in state if k not in own]
    # older files lack the counters of batch norms, which nothing reads
    missing = [key for key in missing if not key.endswith('num_batches_tracked')]
    problems = {'missing': missing, 'unexpected': unexpected, 'of another shape': shapes}
    parts = [f'{len(keys)} {kind} ({", ".join(keys[:3])}{", ..." if len(keys) > 3 else ""})'
             for kind, keys in problems.items() if keys]
    count = len(state) - len(unexpected) - len(shapes)
    return f'{count} of its {len(state)} entries fit, {", ".join(parts)}' if parts else None


def load_exactly(model: nn.Module, path: str, trust: Optional[bool] = None,
                 map_location: Union[str, torch.device, None] = 'cpu') -> Dict[str, Any]:
    """Load a file, see :func:`mmcabl.checkpoints.read_checkpoint`, into a model: all of it or an error.

    The model may be in DDP or test-time augmentation. Returns the whole checkpoint.

    Raises:
        CheckpointError: it cannot be read, its names or shapes are not the model's, or a number is not finite.
    """
    checkpoint = read_checkpoint(path, map_location, trust)
    check(bare(model), parameters_of(checkpoint, path), path)
    return checkpoint


def check(model: nn.Module, state: Dict[str, Tensor], name: str, exact: bool = True) -> Optional[str]:
    """Load what fits and say what does not, as :func:`misfit` does.

    Raises:
        CheckpointError: a number is not finite; where ``exact``, also when anything does not fit.
    """
    bad = not_finite(model, state)
    if bad:
        raise CheckpointError(f'{name} is not usable: {bad} holds NaN or infinity.')
    problem = misfit(model, state)
    if problem and exact:
        raise CheckpointError(f'{name} is not a checkpoint of this model: {problem}.')
    return problem
