"""The inferencer as the page uses it: a sample for a file, and what changes without the network."""

from copy import copy
from dataclasses import asdict, replace
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from mmcabl.refinement import CGSR
from mmcabl.structures import ForensicSample, Prompts

#: Prompt kind (Table VI) -> what of the prompts it uses.
USED = {'null': (), 'point': ('positive',), 'box': ('box',), 'box_point': ('box', 'positive', 'negative')}
BY_HAND = 'The mask answers what a person drew, not the prompts of the model.'


class Judge:
    """A model, and CGSR apart from it, so that thresholds and drawings need no forward pass.

    Args:
        inferencer: as :class:`mmcabl.apis.inferencer.ForensicInferencer`: ``inferencer([path])`` gives a list with
            one sample. Its model's ``postprocessor`` is the CGSR that is used; a model without one gets CGSR's
            default on a map that is a probability.
    """

    def __init__(self, inferencer: Any) -> None:
        self.inferencer = inferencer
        self.forwards = 0
        own = getattr(getattr(inferencer, 'model', None), 'postprocessor', None)
        self.cgsr = own if isinstance(own, CGSR) else CGSR(normalize='none')
        self._encodings = LastEncodings()
        if hasattr(self.cgsr.refiner, 'encode') and self.cgsr.refiner.cache is None:
            self.cgsr.refiner.cache = self._encodings

    def __call__(self, path: str) -> ForensicSample:
        """What the model says of a file."""
        self.forwards += 1
        return self.inferencer([path])[0]

    @property
    def map_threshold(self) -> float:
        """Of the map, as the model's config has it."""
        return self.cgsr.threshold

    @property
    def refiner_name(self) -> str:
        """For people: ``GrabCut``, ``SAM``."""
        return type(self.cgsr.refiner).__name__.replace('Refiner', '')

    def at(self, sample: ForensicSample, threshold: float) -> ForensicSample:
        """The sample with another threshold of the map: prompts and masks anew."""
        cgsr = copy(self.cgsr)
        cgsr.threshold = threshold
        found = cgsr(sample.required('picture'), sample.required('raw_map'))
        return replace(sample, cam=found.cam, prompts=asdict(found.prompts), masks=found.masks,
                       mask=found.masks[found.kind], note=sample.note.replace(BY_HAND, '').strip())

    def asked(self, sample: ForensicSample, prompts: Prompts, kind: str) -> ForensicSample:
        """The sample with the refiner's mask for a person's prompts."""
        mask = self.cgsr.refiner.refine([sample.required('picture')], [prompts], [kind])[0][0]
        note = f'{sample.note.replace(BY_HAND, "")} {BY_HAND}'.strip()
        return replace(sample, prompts=asdict(prompts), masks={kind: mask}, mask=mask, note=note)

    def forget(self) -> None:
        """Keep nothing of any picture."""
        self._encodings.clear()

    def about(self) -> Dict[str, Any]:
        """The model's card as a dict, and ``threshold``, its decision threshold."""
        card = getattr(self.inferencer, 'card', None)
        known = card.as_dict() if hasattr(card, 'as_dict') else dict(name=str(card or ''))
        return dict(known, threshold=float(getattr(self.inferencer, 'threshold', None) or 0.5),
                    refiner=self.refiner_name)


class LastEncodings:
    """SAM's encodings of the pictures that were refined last, 4 MiB each: a second box costs the decoder alone."""

    def __init__(self, most: int = 16) -> None:
        self.most = most
        self._kept: Dict[Tuple[Any, ...], Any] = {}

    def clear(self) -> None:
        """Keep none."""
        self._kept.clear()

    def get(self, images: Sequence[np.ndarray], encode: Any) -> List[Any]:
        """As :meth:`mmcabl.refinement.encoding_cache.EncodingCache.get`."""
        keys = [(image.shape, hash(np.ascontiguousarray(image).tobytes())) for image in images]
        missing = [i for i, key in enumerate(keys) if key not in self._kept]
        found = {key: self._kept[key] for key in keys if key in self._kept}
        if missing:
            found.update({keys[i]: made.cpu() for i, made in zip(missing, encode([images[i] for i in missing]))})
        self._kept.update(found)
        while len(self._kept) > self.most:
            del self._kept[next(iter(self._kept))]
        return [found[key] for key in keys]

