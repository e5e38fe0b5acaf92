"""What stands beside every result: which model, trained on what, good for what not, and what was decided how."""

from dataclasses import dataclass
from typing import Any, Dict, Tuple

from mmcabl.version import __version__
from mmcabl.zoo import ModelCard

#: What each kind of picture is, for those who look at it.
HEADINGS = {
    'photo': 'photograph',
    'map': 'map',
    'mask': 'mask',
}
MAP_FLAGGED = ('Map: where the model sees traces, red most. It is stretched to its own range in each photograph, so '
               'red alone says nothing.')
MAP_OTHER = ('Map: below the threshold, so it marks nothing. White is only the place that the model minds most, and '
             'there is one in every photograph.')


@dataclass(frozen=True)
class About:
    """Of a check.

    Attributes:
        card: of the model.
        sha256: of the file of its weights.
        threshold: of the image score, from which a photograph is flagged.
        refiner: what made the masks, in a word.
        evidence: what was looked for beside the network, by the names of its finders.
    """

    card: ModelCard
    sha256: str
    threshold: float
    refiner: str = ''
    evidence: Tuple[str, ...] = ()

    def model(self) -> Dict[str, Any]:
        """The model for tables: no path of this machine."""
        card = self.card
        return dict(name=card.name, weights_sha256=self.sha256, trained_on=card.trained_on, not_for=card.not_for,
                    licence=card.licence, url=card.url, figures=card.figures)

    def settings(self) -> Dict[str, Any]:
        return dict(mmcabl=__version__, threshold=self.threshold, refiner=self.refiner,
                    evidence=list(self.evidence))

    def limit(self) -> str:
        """The first sentence of what the model is not good for, to stand beside every verdict."""
        first = self.card.not_for.split('. ')[0].rstrip('.')
        return f'Not good for: {first}.' if first else ''

    def lines(self) -> str:
        """One paragraph for an overlay."""
        return (f'Model {self.card.name} (mmcabl {__version__}), trained on: {self.card.trained_on} Not good for: '
                f'{self.card.not_for}')
