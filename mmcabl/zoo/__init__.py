"""Models that have a name: where their weights are, what they were trained on, what they cannot do."""

from mmcabl.zoo.cards import ModelCard, find_card, model_cards

__all__ = ['ModelCard', 'find_card', 'model_cards']
