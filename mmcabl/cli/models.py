"""``mmcabl models``: the cards of :mod:`mmcabl.zoo`."""

from typing import List, Optional

import typer

from mmcabl.cli.output import print_json
from mmcabl.zoo import ModelCard, find_card, model_cards


def models(name: Optional[str] = typer.Argument(None, help='One model, in full.'),
           as_json: bool = typer.Option(False, '--json', help='For machines: every field of every card.')) -> None:
    """Which models there are: weights, licences, SHA-256, figures, and what they cannot do."""
    cards = [find_card(name)] if name else list(model_cards().values())
    if as_json:
        print_json([card.as_dict() for card in cards])
        return
    shipped = [card for card in cards if card.weights or card.url or name]
    for card in shipped:
        print('\n'.join(card_lines(card)), end='\n\n')
    recipes = [card for card in cards if card not in shipped]
    if recipes:
        print('Configs of the paper without published weights (train them, or give a checkpoint of your own):')
        for card in recipes:
            print(f'  configs/{card.config}')


def card_lines(card: ModelCard) -> List[str]:
    """A card as text."""
    where = 'with the package' if card.weights else card.url or 'none published'
    size = f', {card.size / 1e6:.1f} MB' if card.size else ''
    facts = {'weights': where + size, 'config': f'configs/{card.config}', 'licence': card.licence,
             'SHA-256': card.sha256, 'parameters': f'{card.parameters:,}' if card.parameters else '',
             'trained on': card.trained_on, 'NOT FOR': card.not_for}
    lines = [card.name, *(f'  {key:11} {value}' for key, value in facts.items() if value)]
    for data, metrics in card.figures.items():
        lines.append(f'  measured on {data}: ' + ', '.join(f'{k} {v:g}' for k, v in metrics.items()))
    return lines
