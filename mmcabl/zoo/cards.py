"""Model cards, one for each entry of the metafiles. Imports neither torch nor mmengine."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Tuple

from mmcabl.zoo.metafiles import entries, root_folder

PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model.

    Attributes:
        name: by which it is found; the first ``Alias`` of its metafile entry, else its ``Name``.
        config: path below ``configs``.
        weights: path of the weights that come with the package, '' where none do.
        url: where weights can be had that do not come with the package, '' where none are published.
        sha256: of the file of weights, 64 hexadecimal digits.
        licence: of the weights, by its SPDX identifier.
        trained_on: data and supervision.
        not_for: what the weights cannot do; shown wherever a result is.
        figures: data set -> metric -> value, as measured with this very file where it has one.
        size: of the file of weights in bytes; 0 without one.
        parameters: of the network; 0 where not stated.
        threshold: of the image score, from which a photograph is flagged unless its user wants another; the metafile
            says how it was chosen.
    """

    name: str
    config: str
    weights: str = ''
    url: str = ''
    sha256: str = ''
    licence: str = ''
    trained_on: str = ''
    not_for: str = ''
    figures: Dict[str, Dict[str, float]] = field(default_factory=dict)
    size: int = 0
    parameters: int = 0
    threshold: float = 0.5

    @property
    def config_path(self) -> str:
        """Path of the config file, in the installed package or in the clone."""
        return str(root_folder() / 'configs' / self.config)

    def checked_weights(self) -> str:
        """:attr:`weights`, after its SHA-256 was found to be :attr:`sha256`.

        Raises:
            ValueError: the model has no weights here, or the file is not the one that was published.
            FileNotFoundError: the file is missing.
        """
        if not self.weights:
            where = f'they are at {self.url}' if self.url else 'none are published'
            raise ValueError(f'No weights of {self.name} come with mmcabl ({where}); give the path of a checkpoint.')
        if not Path(self.weights).is_file():
            raise FileNotFoundError(f'{self.weights}, the weights of {self.name}, is missing: install mmcabl again.')
        with open(self.weights, 'rb') as file:
            found = hashlib.sha256(file.read()).hexdigest()
        if found != self.sha256:
            raise ValueError(f'{self.weights} is not the file of weights that {self.name} was published with: its '
                             f'SHA-256 is {found}, not {self.sha256 or "given"}; install mmcabl again.')
        return self.weights

    def as_dict(self) -> Dict[str, Any]:
        """For JSON, without a path of this machine: ``weights`` is relative to the package, or a file's name."""
        path = Path(self.weights)
        inside = PACKAGE in path.parents
        return dict(vars(self), weights=(path.relative_to(PACKAGE).as_posix() if inside else path.name)
                    if self.weights else '')


@lru_cache(maxsize=1)
def _cards() -> Tuple[ModelCard, ...]:
    return tuple(_card(entry) for entry in entries())


def model_cards() -> Dict[str, ModelCard]:
    """All cards by name: those with weights in the package first."""
    return {card.name: card for card in sorted(_cards(), key=lambda card: not card.weights)}


def find_card(name: str) -> ModelCard:
    """The card of a name.

    Raises:
        ValueError: there is none; the sentence lists those that have weights here.
    """
    cards = model_cards()
    if name not in cards:
        shipped = ', '.join(key for key, card in cards.items() if card.weights) or 'none'
        raise ValueError(f'{name!r} is no model of mmcabl; with weights there is {shipped}, and `mmcabl models` '
                         'lists all.')
    return cards[name]


def _card(entry: Dict[str, Any]) -> ModelCard:
    known, weights = entry.get('Metadata') or {}, str(entry.get('Weights') or '')
    aliases = entry.get('Alias') or [entry['Name']]
    remote = '://' in weights
    return ModelCard(
        name=aliases if isinstance(aliases, str) else aliases[0],
        config=entry['Config'].split('configs/', 1)[-1],
        weights='' if remote or not weights else str(PACKAGE.parent / weights),
        url=weights if remote else '',
        sha256=str(known.get('SHA-256', '')),
        licence=str(known.get('Licence', '')),
        trained_on=' '.join(str(known.get('Trained On', '')).split()),
        not_for=' '.join(str(known.get('Not For', '')).split()),
        figures={result['Dataset']: dict(result['Metrics']) for result in entry.get('Results') or ()},
        size=int(known.get('Bytes', 0)),
        parameters=int(known.get('Parameters', 0)),
        threshold=float(known.get('Threshold', 0.5)))
