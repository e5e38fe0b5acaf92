"""The words of the page: what it is, what the weights are, what becomes of photographs. All of it escaped."""

from html import escape
from typing import Any, Dict

from mmcabl.web.limits import Limits

UNKNOWN = 'not known, for these weights come without a card. Do not rely on what they say.'
TITLE = 'Where was this photograph edited?'


def title_html(about: Dict[str, Any]) -> str:
    """The head of the page: title, and what the weights cannot do, which stands above every result."""
    name = escape(str(about.get('name') or 'a model of your own'))
    warning = about.get('not_for') or UNKNOWN
    return (f'<div class="mm-title"><h1>{TITLE}</h1><p>mmcabl with the weights <strong>{name}</strong>. A score is a '
            'hint, no proof: look at the map, and ask for the original.</p></div>'
            f'<p class="mm-warning"><strong>Not good for:</strong> {escape(str(warning))}</p>')


def card_html(about: Dict[str, Any], limits: Limits) -> str:
    """The model card, the limits, and what is kept."""
    lines = [('Model', about.get('name')), ('Trained on', about.get('trained_on')),
             ('Not good for', about.get('not_for')), ('Measured', _figures(about.get('figures') or {})),
             ('Licence', about.get('licence')), ('Weights', about.get('url')),
             ('SHA-256', about.get('weights_sha256')), ('Refiner', about.get('refiner')), ('Limits', limits.told()),
             ('Your photographs', kept(limits))]
    rows = ''.join(f'<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>' for name, value in lines if value)
    return f'<div class="mm-card"><dl>{rows}</dl></div>'


def kept(limits: Limits) -> str:
    """What becomes of photographs, in sentences."""
    return ('They stay in the memory of the computer that runs this page until you close or reload it, or for '
            f'{limits.keep_minutes:g} minutes after you last used them; then they and all results are gone. No file '
            'of yours is kept, and nothing is sent anywhere else.')


def _figures(figures: Dict[str, Dict[str, float]]) -> str:
    return '; '.join(f'{data}: ' + ', '.join(f'{metric} {value:g}' for metric, value in found.items())
                     for data, found in figures.items())
