"""What an exported file says of itself, as strings; read where there is no torch."""

import json
from dataclasses import fields
from typing import Any, Dict, Mapping, Sequence

from mmcabl.version import __version__
from mmcabl.zoo import ModelCard

#: Under this key; the values are JSON.
KEY = 'mmcabl'
INPUT = '(1, H, W, 3) uint8 RGB on the stored grid; normalisation is in the graph'
OUTPUT = {'score': '(1,) float32 in [0, 1], higher is more manipulated',
          'map': '(1, H, W) float32, unbounded, before min-max normalisation'}


def about_export(card: ModelCard, sha256: str, postprocessor: Mapping[str, Any],
                 evidence: Sequence[Mapping[str, Any]], stride: int, normalisation: Mapping[str, Any],
                 size: Any) -> Dict[str, str]:
    """Metadata of a file.

    Args:
        card: of the model.
        sha256: of the weights that went in.
        postprocessor: settings of :class:`mmcabl.refinement.CGSR`, which follows outside.
        evidence: settings of what looks at the pixels beside the network (``mmcabl.evidence``), outside too.
        stride: px of the input for a cell of the finest map.
        normalisation: mean and standard deviation of R, G, B in the graph.
        size: [H, W], or None where both are free.
    """
    about = dict(version=__version__, card=dict(card.as_dict(), weights=''), weights_sha256=sha256, input=INPUT,
                 output=OUTPUT, postprocessor=dict(postprocessor), evidence=[dict(each) for each in evidence],
                 stride=stride, normalisation=dict(normalisation), size=size, least_side=32)
    return {KEY: json.dumps(about)}


def read_about(metadata: Mapping[str, str], name: str) -> Dict[str, Any]:
    """What :func:`about_export` wrote.

    Raises:
        ValueError: the file is not one of these.
    """
    try:
        about = json.loads(metadata[KEY])
        if not isinstance(about['card'], dict) or not isinstance(about['postprocessor'], dict):
            raise TypeError
    except (KeyError, ValueError, TypeError):
        raise ValueError(f'{name} is not a model that `mmcabl export` wrote: it lacks the description of its card '
                         'and of its input.') from None
    return about


def card_of(about: Mapping[str, Any], weights: str) -> ModelCard:
    """The card in a description, ``weights`` being the exported file."""
    known = {field.name for field in fields(ModelCard)}
    found = {key: value for key, value in about['card'].items() if key in known}
    return ModelCard(**{**found, 'weights': weights})
