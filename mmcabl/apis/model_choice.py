"""Which model is meant: the name of a card, a config, or an exported file. Imports no torch: it answers at once."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional, Union

from mmengine.config import Config

from mmcabl.utils.data_configs import type_name
from mmcabl.utils.names import to_text
from mmcabl.zoo import ModelCard, model_cards

#: The model of those who name none: the one whose weights come with the package.
DEFAULT = 'lite-real'
EXPORTED = '.onnx'
WEIGHTS = ('.safetensors', '.pth', '.pt')
#: What is said of weights that nobody has described.
UNKNOWN = ('not stated: these weights have no model card. Try them on photographs whose truth you know before you '
           'believe them.')


@dataclass(frozen=True)
class Choice:
    """A model that is wanted.

    Attributes:
        card: its card, or what is known of it in the form of one.
        config: path of its config, or the config; None for an exported file.
        weights: path of the file of its weights; of the exported model itself.
    """

    card: ModelCard
    config: Union[str, Config, None]
    weights: str

    @property
    def exported(self) -> bool:
        return self.config is None


def choose_model(model: Union[str, os.PathLike, Config] = DEFAULT, weights: Optional[str] = None) -> Choice:
    """The model of a card's name, of a config (a path, or one that is read), or an exported file.

    Weights that are not given are those of the card, or of a config those beside it: mmengine's ``last_checkpoint``,
    or the only file of weights in the config's folder.

    Raises:
        ValueError: no such model; no weights of it.
        FileNotFoundError: a path that is not there.
    """
    if weights is not None and not os.path.isfile(weights):
        raise FileNotFoundError(f'{to_text(str(weights))} is not a file of weights.')
    if isinstance(model, Config):
        return _of_config(model, str(model.filename or 'a config'), weights)
    name = os.fspath(model)
    if name.endswith(('.py', EXPORTED)):
        if not os.path.isfile(name):
            raise FileNotFoundError(f'{to_text(name)} is not a file; accepted are a config (.py), an exported model '
                                    f'({EXPORTED}) and the name of a model: {_names()}.')
        if name.endswith(EXPORTED):
            from mmcabl.apis.exported import exported_card  # onnxruntime, an extra
            return Choice(exported_card(os.path.abspath(name)), None, os.path.abspath(name))
        return _of_config(name, name, weights)
    card = model_cards().get(name)
    if card is None:
        raise ValueError(f'{name!r} is no model that is known here; there are {_names()}, and a config (.py) or an '
                         f'exported model ({EXPORTED}) by its path.')
    if weights is not None:
        return Choice(described(Path(weights), f'{card.name} with {Path(weights).name}', card.config),
                      card.config_path, os.path.abspath(weights))
    return Choice(card, card.config_path, card.checked_weights())


def _names() -> str:
    return ', '.join(sorted(name for name, card in model_cards().items() if card.weights)) or 'no models with weights'


def _of_config(config: Union[str, Config], name: str, weights: Optional[str]) -> Choice:
    found = Path(weights) if weights else _beside(Path(name))
    for card in model_cards().values():  # a copy of published weights has its card, wherever it lies
        if card.weights and found.is_file() and found.stat().st_size == card.size and (
                hashlib.sha256(found.read_bytes()).hexdigest() == card.sha256) and _same_network(config, card):
            return Choice(card, config, str(found.absolute()))
    return Choice(described(found, Path(name).stem, name), config, str(found.absolute()))


def _same_network(config: Union[str, Config], card: ModelCard) -> bool:
    """Whether a config has the card's backbone and head: CABL has no weights, so a file fits with it and without."""
    from mmcabl.apis.model_configs import read_config
    mine, its = (read_config(cfg, imports=False).get('model', {}) for cfg in (config, card.config_path))
    parts = [[{k: v for k, v in dict(model.get(part) or {}).items() if k != 'init_cfg'}
              for part in ('backbone', 'head')] for model in (mine, its)]
    return parts[0] == parts[1]


def described(weights: Union[str, Path], name: str, config: str = '') -> ModelCard:
    """What is known of weights that have no card, in the form of one."""
    size = os.path.getsize(weights) if os.path.isfile(weights) else 0
    return ModelCard(name=name, config=config, weights=str(weights), trained_on=UNKNOWN, not_for=UNKNOWN, size=size)


def _beside(config: Path) -> Path:
    folder = config.parent
    pointer = folder / 'last_checkpoint'
    if pointer.is_file():  # the path in it may be of before a move
        named = folder / Path(pointer.read_text(errors='replace').strip()).name
        if named.is_file():
            return named
    there = sorted(p for p in folder.glob('*') if p.suffix in WEIGHTS and p.is_file())
    same = [p for p in there if p.stem == config.stem]
    for found in (same, there):
        if len(found) == 1:
            return found[0]
    what = f'{len(there)} files of weights' if there else 'no weights'
    raise ValueError(f'{to_text(str(config))} has {what} beside it; give the path of its weights '
                     f'({", ".join(WEIGHTS)}).')


def with_data_of(card: ModelCard, cfg: Any) -> ModelCard:
    """What a config says of its training data, for a model that nobody has described."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    if card.trained_on != UNKNOWN or not dataset:
        return card
    what = ' '.join(filter(None, (type_name(dataset), str(dataset.get('data_root') or ''))))
    return replace(card, trained_on=f'by its config, {what}; nothing else is stated.')
