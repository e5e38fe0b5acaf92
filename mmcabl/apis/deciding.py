"""Scores first, then masks, and those only for the images whose scores ask for one: refiners are slow."""

from contextlib import contextmanager
from copy import copy
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from mmcabl.structures import ForensicSample, forensic_sample
from mmcabl.structures.pictures import loaded_pixels


def tested(model: Any, loaded: Sequence[Dict[str, Any]]) -> List[Any]:
    """The network's half: the data samples of packed images, not refined yet."""
    with _set(model, 'refines', False):
        return model.test_step(_batch(loaded))


def _batch(loaded: Sequence[Dict[str, Any]]) -> Dict[str, List[Any]]:
    return {key: [part[key] for part in loaded] for key in ('inputs', 'data_samples')}


def decided(model: Any, loaded: Sequence[Dict[str, Any]], samples: Sequence[Any], refines: bool,
            decide: Callable[[Optional[float]], bool]) -> List[ForensicSample]:
    """The second half: what a model says of packed images, ``flagged`` or without a mask.

    A model that refines (``refines``, ``refine``, ``postprocessor``) does so for flagged images; the maps of the
    others are normalised and get their prompts, but no refiner sees them. One that weighs evidence does so before.

    Args:
        loaded: ``inputs`` and ``data_samples`` of each image.
        samples: what :func:`tested` gave of them.
        refines: whether the model does; asked before any network is at work beside this.
        decide: whether a score flags an image.
    """
    if refines and hasattr(model, 'weigh'):
        model.weigh(samples)
    # of a copy: what is made of a sample is kept on it, and its mask is not there yet
    flagged = [decide(forensic_sample(sample.to_dict()).score) for sample in samples]
    if refines:
        _refine(model, [sample for sample, yes in zip(samples, flagged) if yes])
        with _set(model, 'postprocessor', _without_refiner(model.postprocessor)):
            _refine(model, [sample for sample, yes in zip(samples, flagged) if not yes])
    found = [forensic_sample(sample) for sample in samples]
    for i, (sample, yes) in enumerate(zip(found, flagged)):
        sample.flagged = yes
        if not yes:
            sample.mask, sample.masks = None, {}
        if sample.picture is None:  # of a toolbox's own model
            sample.picture = loaded_pixels(_batch(loaded), i)
    return found


def _refine(model: Any, samples: Sequence[Any]) -> None:
    if samples:
        model.refine(samples)


def _without_refiner(postprocessor: Any) -> Any:
    """CGSR that normalises maps and finds prompts alone."""
    found = copy(postprocessor)
    found.prompt, found.kinds = 'null', ['null']
    return found


@contextmanager
def _set(owner: Any, name: str, value: Any) -> Iterator[None]:
    """An attribute that is there has another value inside."""
    if not hasattr(owner, name):
        yield
        return
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
