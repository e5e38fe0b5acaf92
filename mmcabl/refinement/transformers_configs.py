"""``config.json`` of Hugging Face's models as data: nothing in it may fetch or run anything."""

import json
import re
from pathlib import Path
from typing import Any, Dict, NamedTuple, Union

from mmcabl.checkpoints.reading import CheckpointError


class Kind(NamedTuple):
    """The classes that a ``model_type`` stands for."""

    config: str
    model: str
    processor: str


#: ``model_type`` of a ``config.json`` -> its classes. Published SAM 2 and EdgeTAM files name their video models,
#: of which the image model is a part.
KINDS = {
    'sam': Kind('SamConfig', 'SamModel', 'SamImageProcessor'),
    'sam_hq': Kind('SamHQConfig', 'SamHQModel', 'SamImageProcessor'),
    'sam2': Kind('Sam2Config', 'Sam2Model', 'Sam2ImageProcessor'),
    'edgetam': Kind('EdgeTamConfig', 'EdgeTamModel', 'Sam2ImageProcessor'),
}
KINDS.update(sam2_video=KINDS['sam2'], edgetam_video=KINDS['edgetam'])
#: What the parts of such a model may be; others are models of other libraries or of other kinds.
PARTS = re.compile(r'(sam|sam_hq|sam2|edgetam)(_\w+)?|timm_wrapper')
#: Keys that would fetch code, kernels or files, or choose how weights are read.
DROPPED = {'auto_map', 'attn_implementation', '_attn_implementation', 'experts_implementation', 'quantization_config',
           'transformers_weights', '_name_or_path', 'dtype', 'torch_dtype', 'pretrained_cfg'}
#: Arguments of timm's models that change their shape alone.
TIMM_ARGUMENTS = {'in_chans', 'features_only', 'out_indices'}


def read_config(path: Path) -> Dict[str, Any]:
    """What a ``config.json`` says of the shapes of a model of :data:`KINDS`.

    Raises:
        CheckpointError: it is no JSON, or of another model.
    """
    try:
        given = json.loads(path.read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:
        raise unusable(path, error) from None
    name = given.get('model_type') if isinstance(given, dict) else None
    if not isinstance(name, str) or name not in KINDS:
        raise CheckpointError(f'{path} is of model_type {str(name)[:40]!r}; accepted are {", ".join(KINDS)}.')
    given = {key: value for key, value in given.items() if key in (
        'model_type', 'vision_config', 'prompt_encoder_config', 'mask_decoder_config')}
    return _plain(given, path)


def _plain(node: Any, path: Path) -> Any:
    """The config without what could fetch or run anything."""
    if isinstance(node, list):
        return [_plain(value, path) for value in node]
    if not isinstance(node, dict):
        return node
    name = node.get('model_type')
    if name is not None and not (isinstance(name, str) and PARTS.fullmatch(name)):
        raise CheckpointError(f'{path} has a part of model_type {str(name)[:40]!r}, which is none of SAM\'s.')
    timm = node.get('architecture', '')
    if not isinstance(timm, str) or not re.fullmatch(r'[\w.]*', timm):  # timm fetches `hf-hub:...`
        raise CheckpointError(f"{path} names the architecture {str(timm)[:40]!r}; a model of timm's is needed.")
    if isinstance(node.get('model_args'), dict):
        node = {**node, 'model_args': {k: v for k, v in node['model_args'].items() if k in TIMM_ARGUMENTS}}
    return {key: _plain(value, path) for key, value in node.items() if key not in DROPPED}


def unusable(path: Union[str, Path], error: Exception) -> CheckpointError:
    """A sentence that names the file and what was raised."""
    said = ' '.join(str(error).split())[:160]
    return CheckpointError(f'{path} cannot be used ({type(error).__name__}{": " + said if said else ""}).')
