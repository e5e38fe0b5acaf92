"""Parameter names of Conformer checkpoints, old and new."""

from typing import Dict, List, Tuple

from torch import Tensor

#: From the original Conformer's names to OpenMMLab's, inside the backbone.
RENAMES = (('.norm1.', '.ln1.'), ('.norm2.', '.ln2.'), ('.mlp.fc1.', '.ffn.layers.0.0.'),
           ('.mlp.fc2.', '.ffn.layers.1.'))
CLASSIFIERS = ('conv_cls_head', 'trans_cls_head')
NAMINGS = ('original', 'transcam', 'openmmlab', 'mmcabl')


class UnknownCheckpointError(ValueError):
    """A checkpoint whose keys are those of no known Conformer."""


def strip_wrappers(state: Dict) -> Dict:
    """The parameters themselves: without ``model``/``state_dict`` nesting and ``module.`` prefixes."""
    seen: List[Dict] = []
    while not any(isinstance(v, Tensor) for v in state.values()):
        seen.append(state)
        inner = next((state[k] for k in ('state_dict', 'model', 'model_state') if isinstance(state.get(k), dict)),
                     None)
        if inner is None or any(inner is one for one in seen):
            raise UnknownCheckpointError('The checkpoint holds no parameters: its top level has '
                                         f'{sorted(map(str, state))[:6]}; accepted are a state dict, or one '
                                         'under state_dict or model.')
        state = inner
    odd = [key for key, value in state.items() if not isinstance(key, str) or not isinstance(value, Tensor)]
    if odd:
        raise UnknownCheckpointError(f'The checkpoint has a {type(state[odd[0]]).__name__} in place of the parameter '
                                     f'{str(odd[0])[:80]!r}.')
    return {k[len('module.'):] if k.startswith('module.') else k: v for k, v in state.items()}


def recognise(state: Dict) -> str:
    """Which of :data:`NAMINGS` the keys of a flat state dict are.

    ``original``: the published Conformer's names, linear classifiers; ``transcam``: the same names, a
    convolutional classifier; ``openmmlab``: mmpretrain's ``backbone.`` and ``head.``; ``mmcabl``: ours.

    Raises:
        UnknownCheckpointError: none of them.
    """
    conv = [v for k, v in state.items() if k.endswith('conv_cls_head.weight')]
    convolutional = bool(conv) and len(conv[0].shape) == 4
    if any(k.startswith('backbone.conv_trans_2.') for k in state):
        return 'mmcabl' if convolutional else 'openmmlab'
    if any('conv_trans_2.trans_block.attn.qkv' in k for k in state):
        return 'transcam' if convolutional else 'original'
    raise UnknownCheckpointError('The checkpoint is of no known Conformer: none of its keys contains '
                                 f'conv_trans_2.trans_block (first keys: {list(state)[:3]}).')


def convert_keys(state: Dict) -> Tuple[Dict, str]:
    """Rename a checkpoint's parameters to those of ``WeaklySupervisedLocalizer``.

    Classifiers are kept under ``head.``; whether they fit is for :func:`match` to tell.

    Returns:
        The renamed state dict, and the format that was recognised.
    """
    state = strip_wrappers(state)
    found = recognise(state)
    if found in ('openmmlab', 'mmcabl'):
        return dict(state), found
    renamed = {}
    for key, value in state.items():
        for old, new in RENAMES:
            key = key.replace(old, new)
        renamed[f'{"head" if key.startswith(CLASSIFIERS) else "backbone"}.{key}'] = value
    return renamed, found


def match(state: Dict, target: Dict) -> Dict[str, List[str]]:
    """Compare a converted state dict with a model's.

    Returns:
        ``used``: in both, same shape; ``unused``: not in the model; ``mismatched``: another shape;
        ``missing``: in the model only.
    """
    used = [k for k in state if k in target and tuple(state[k].shape) == tuple(target[k].shape)]
    mismatched = [k for k in state if k in target and tuple(state[k].shape) != tuple(target[k].shape)]
    return dict(used=used, mismatched=mismatched, unused=[k for k in state if k not in target],
                missing=[k for k in target if k not in state])
