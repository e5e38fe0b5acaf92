"""What every inferencer does alike, of whatever its network is made. Imports no torch."""

from itertools import islice
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np

from mmcabl.apis.inputs import Given, given_images
from mmcabl.utils.failures import Failures, ImageFailed

#: A packed image, or why there is none.
Loaded = Union[Any, ImageFailed]


class ImageStream:
    """Images in, ``ForensicSample``s out, a batch in memory at a time.

    A subclass has :meth:`load_one`, which reads one image, and :meth:`predict`, which makes samples of several. An
    image that fails costs itself alone: its sample is ``unreadable`` or ``failed`` and says why.

    Attributes:
        card: what is known of the model, a :class:`mmcabl.zoo.ModelCard`.
        threshold: of the image score; below it a sample has no mask.
        failures: which errors are an image's own.
    """

    card: Any
    threshold: float
    failures: Failures

    def load_one(self, index: int, given: Given) -> Any:
        """One image as the model takes it. Raises what odd pixels raise."""
        raise NotImplementedError

    def predict(self, loaded: Sequence[Any]) -> List[Any]:
        """A sample for each image. Raises what odd pixels raise; then each is tried alone."""
        raise NotImplementedError

    def failed(self, index: int, given: Given, reason: str) -> Any:
        """The sample of an image that failed."""
        from mmcabl.structures.forensic_sample import ForensicSample  # its package imports torch
        return ForensicSample(source=given.source, index=index, failed=reason)

    def load(self, index: int, given: Given) -> Loaded:
        """Read one image; what fails is returned, not raised."""
        try:
            return self.failures.attempt(self.load_one, index, given)
        except ImageFailed as error:
            return error

    def samples(self, jobs: Sequence[Tuple[int, Given]], loaded: Sequence[Loaded]) -> List[Any]:
        """The samples of images that :meth:`load` gave; where a batch fails, it is done image by image."""
        return [self.failed(*job, str(found)) if isinstance(found, ImageFailed) else found
                for job, found in zip(jobs, self.each(self.predict, loaded))]

    def each(self, function: Callable[[List[Any]], List[Any]], items: Sequence[Any]) -> List[Any]:
        """What a function makes of those that have not failed; where it fails on all of them, one by one."""
        found = list(items)
        good = [i for i, item in enumerate(items) if not isinstance(item, ImageFailed)]
        if good:
            try:
                results = self.failures.attempt(function, [items[i] for i in good])
            except ImageFailed as error:
                results = [error] if len(good) == 1 else [x for i in good for x in self.each(function, [items[i]])]
            for i, result in zip(good, results):
                found[i] = result
        return found

    def stream(self, inputs: Any, batch_size: int = 1) -> Iterator[Any]:
        """Sample after sample, in the order of what is given; see :func:`mmcabl.apis.inputs.given_images`.

        Raises:
            ValueError: a batch size below 1; as ``given_images``, before anything is computed.
        """
        if batch_size < 1:
            raise ValueError(f'An inferencer was given batch_size={batch_size}; it accepts 1 or more.')
        return self._batches(enumerate(given_images(inputs)), batch_size)

    def _batches(self, jobs: Iterator[Tuple[int, Given]], batch_size: int) -> Iterator[Any]:
        while batch := list(islice(jobs, batch_size)):
            yield from self.samples(batch, [self.load(*job) for job in batch])

    def decide(self, score: Optional[float]) -> bool:
        """Whether a score reaches the threshold; a score that is not finite does not."""
        return score is not None and bool(np.isfinite(score)) and score >= self.threshold


def checked_threshold(threshold: Optional[float], default: float) -> float:
    """A decision threshold, the default for None; 0 flags every image.

    Raises:
        ValueError: not in [0, 1].
    """
    found = default if threshold is None else float(threshold)
    if not 0 <= found <= 1:
        raise ValueError(f'The decision threshold is {threshold}; accepted is 0 to 1, of the image score.')
    return found
