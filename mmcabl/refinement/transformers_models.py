"""Promptable segmentation models of Hugging Face's ``transformers``, from files that are data."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Optional, Tuple, Union

import torch
from torch import Tensor, nn

from mmcabl.checkpoints import CheckpointError, read_checkpoint
from mmcabl.checkpoints.matching import not_finite, parameters_of
from mmcabl.refinement.transformers_configs import KINDS, read_config, unusable

WEIGHTS = ('model.safetensors', 'pytorch_model.bin')


def load_model(path: Union[str, Path], config: Optional[str] = None) -> Tuple[nn.Module, Any]:
    """A model in evaluation mode, float32, and the image processor of its kind.

    Nothing is fetched and no code beside ``transformers``'s and ``timm``'s own is run, whatever the files say.

    Args:
        path: a folder with ``config.json`` and ``model.safetensors`` (or, second, ``pytorch_model.bin``), as
            ``save_pretrained`` writes it; or a file of weights.
        config: path of the ``config.json``; by default it lies beside the weights.

    Raises:
        FileNotFoundError: the weights or the config are not there.
        CheckpointError: they are of another model, damaged, or more than data.
        ImportError: ``transformers`` (or, for EdgeTAM, ``timm``) is lacking, or too old for the model.
    """
    weights, description = _files(Path(path), config)
    given = read_config(description)
    kind, transformers = KINDS[given['model_type']], _transformers()
    missing = [name for name in kind if not hasattr(transformers, name)]
    if missing:
        raise ImportError(f'transformers {transformers.__version__} has no {missing[0]}, which {description} needs; '
                          'a newer one may have it.')
    try:
        built = getattr(transformers, kind.config).from_dict(given)
    except ImportError as error:
        raise ImportError(f"{description} needs timm: pip install 'mmcabl[transformers]'.") from error
    except Exception as error:  # whatever hostile numbers can raise
        raise unusable(description, error) from None
    state = parameters_of(read_checkpoint(weights), str(weights))
    return _filled(getattr(transformers, kind.model), built, state, weights, description), _processor(
        getattr(transformers, kind.processor), built, weights.parent)


def _files(path: Path, config: Optional[str]) -> Tuple[Path, Path]:
    weights = path
    if path.is_dir():
        weights = next((path / name for name in WEIGHTS if (path / name).is_file()), path)
    if not weights.is_file():
        raise FileNotFoundError(f'{path} is not a file of weights, nor a folder with {" or ".join(WEIGHTS)}; '
                                'TransformersRefiner fetches nothing: download the model and give its folder.')
    found = Path(config) if config else weights.parent / 'config.json'
    if not found.is_file():
        raise FileNotFoundError(f'{found} is not a file; {weights} needs the config.json that it was published with, '
                                'beside it or as refiner.config.')
    return weights, found


def _transformers() -> ModuleType:
    try:
        import transformers
    except ImportError as error:
        raise ImportError("TransformersRefiner needs the package transformers: pip install 'mmcabl[transformers]'."
                          ) from error
    return transformers


def _filled(cls: Any, config: Any, state: Dict[str, Tensor], weights: Path, named: Path) -> nn.Module:
    from transformers.utils import logging
    level = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)  # its table of names; a sentence says what matters
    logging.disable_progress_bar()
    try:
        model, found = cls.from_pretrained(None, config=config, state_dict=dict(state), dtype=torch.float32,
                                           attn_implementation='sdpa', local_files_only=True,
                                           output_loading_info=True)
    except Exception as error:  # shapes that do not fit, whatever a hostile config can raise
        raise unusable(f'{weights} (with {named})', error) from None
    finally:
        logging.set_verbosity(level)
        logging.enable_progress_bar()
    for name, keys in (('missing', found['missing_keys']), ('unexpected', found['unexpected_keys'])):
        if keys:
            raise CheckpointError(f'{weights} is not a checkpoint of {cls.__name__} as {named} has it: {len(keys)} '
                                  f'{name} ({", ".join(sorted(keys)[:3])}).')
    bad = not_finite(nn.Module(), state)
    if bad:
        raise CheckpointError(f'{weights} is not usable: {bad} holds NaN or infinity.')
    return model.eval().requires_grad_(False)


def _processor(cls: Any, config: Any, folder: Path) -> Any:
    """The kind's own, for the model's input size, with the mean and deviation that lie beside the weights."""
    side, options = config.prompt_encoder_config.image_size, {}
    for name in ('preprocessor_config.json', 'processor_config.json'):
        if (folder / name).is_file():
            try:
                found = json.loads((folder / name).read_text(encoding='utf-8'))
                found = found.get('image_processor', found)
                options = {key: [float(v) for v in found[key]] for key in ('image_mean', 'image_std') if key in found}
                break
            except (ValueError, TypeError, AttributeError) as error:
                raise unusable(folder / name, error) from None
    square = dict(height=side, width=side)
    if cls.__name__ == 'SamImageProcessor':
        return cls(size=dict(longest_edge=side), pad_size=square, **options)
    return cls(size=square, **options)
