"""A model's test step in which one image fails alone."""

from contextlib import contextmanager
from math import isfinite
from typing import Any, Iterator, List

from torch import nn

from mmcabl.structures import forensic_sample
from mmcabl.utils.failures import Failures, ImageFailed
from mmcabl.utils.names import to_text


@contextmanager
def tolerant(model: nn.Module, failures: Failures) -> Iterator[None]:
    """Inside, ``model.test_step`` marks the samples of images that fail, in place of raising.

    A batch that fails is done again image by image. A marked sample's form has ``failed``, the reason, and metrics
    and hooks pass over it; so has one whose score is not finite.
    """
    step = model.test_step
    model.test_step = lambda data: _step(step, data, failures)
    try:
        yield
    finally:
        del model.test_step  # the class's own is there again


def _step(step, data: dict, failures: Failures) -> List[Any]:
    try:
        outputs = failures.attempt(step, data)
    except ImageFailed as error:
        parts = singles(data)
        if len(parts) > 1:
            return [sample for part in parts for sample in _step(step, part, failures)]
        sample = parts[0]['data_samples'][0]
        outputs = [mark(sample[0] if isinstance(sample, (list, tuple)) else sample, str(error), failures)]
    else:
        for sample in outputs:
            score = forensic_sample(sample).score
            if score is None or isfinite(score):
                failures.succeeded()
            else:
                mark(sample, 'its score is not finite', failures)
    return outputs


def singles(data: dict) -> List[dict]:
    """A batch as batches of one image; those of mmengine's test-time augmentation hold one list for each version."""
    samples = data['data_samples']
    if samples and isinstance(samples[0], (list, tuple)):
        return [{key: [version[i:i + 1] for version in value] for key, value in data.items()}
                for i in range(len(samples[0]))]
    return [{key: value[i:i + 1] for key, value in data.items()} for i in range(len(samples))]


def mark(sample: Any, reason: str, failures: Failures) -> Any:
    """Note that a sample has failed."""
    failures.note(to_text(str(sample.get('img_path', 'an image'))), reason)
    forensic_sample(sample).failed = reason
    return sample
