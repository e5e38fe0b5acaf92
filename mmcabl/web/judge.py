"""The inferencer as the page uses it: a sample for a file, and what changes without the network."""

from copy import copy
from dataclasses import asdict, replace
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from mmcabl.apis.inputs import Given
from mmcabl.refinement import CGSR
from mmcabl.reports.about import About
from mmcabl.structures import ForensicSample, Prompts

#: Prompt kind (Table VI) -> what of the prompts it uses.
USED = {'null': (), 'point': ('positive',), 'box': ('box',), 'box_point': ('box', 'positive', 'negative')}
#: What is said of masks that are not the model's alone, and what was drawn for each kind.
BY_HAND = 'The mask answers {} that a person drew.'
DRAWN = {'point': 'a point', 'box': 'a box', 'box_point': 'a box or points'}
MOVED = 'A person has moved the threshold of the map to {:.2f}.'


class Judge:
    """A model, and CGSR apart from it, so that thresholds and drawings need no forward pass.

    Args:
        inferencer: :class:`mmcabl.apis.inferencer.ForensicInferencer`, or one with its methods. Its ``cgsr``
            or its model's ``postprocessor`` is the CGSR that is used; a model without one gets CGSR's default on a
            map that is a probability.
        about: of the model, for reports.
    """

    def __init__(self, inferencer: Any, about: About) -> None:
        self.inferencer, self.about = inferencer, about
        self.forwards = 0
        model = getattr(inferencer, 'model', None)
        own = getattr(inferencer, 'cgsr', None) or getattr(model, 'postprocessor', None)
        self.cgsr = own if isinstance(own, CGSR) else CGSR(normalize='none')
        self._encodings = LastEncodings()
        if hasattr(self.cgsr.refiner, 'encode') and self.cgsr.refiner.cache is None:
            self.cgsr.refiner.cache = self._encodings

    def __call__(self, path: str) -> ForensicSample:
        """What the model says of a file, whatever its name."""
        self.forwards += 1
        given = Given(path, path)
        return self.inferencer.samples([(0, given)], [self.inferencer.load(0, given)])[0]

    @property
    def refiner_name(self) -> str:
        """For people: ``GrabCut``, ``SAM``."""
        return type(self.cgsr.refiner).__name__.replace('Refiner', '')

    def at(self, sample: ForensicSample, threshold: float) -> ForensicSample:
        """The sample with a threshold of the map: prompts and masks anew."""
        cgsr = copy(self.cgsr)
        cgsr.threshold = threshold
        found = cgsr(sample.required('picture'), sample.required('raw_map'))
        note = '' if threshold == self.cgsr.threshold else MOVED.format(threshold)
        return replace(sample, cam=found.cam, prompts=asdict(found.prompts), masks=found.masks,
                       mask=found.masks[found.kind], note=note)

    def asked(self, sample: ForensicSample, prompts: Prompts, kind: str) -> ForensicSample:
        """The sample with the refiner's mask for a person's prompts."""
        mask = self.cgsr.refiner.refine([sample.required('picture')], [prompts], [kind])[0][0]
        return replace(sample, prompts=asdict(prompts), masks={kind: mask}, mask=mask,
                       note=BY_HAND.format(DRAWN[kind]))

    def forget(self) -> None:
        """Keep nothing of any picture."""
        self._encodings.clear()

    def told(self) -> Dict[str, Any]:
        """What the page says of the model: no path of this machine is in it."""
        return dict(self.about.model(), refiner=self.refiner_name, threshold=self.about.threshold)


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
