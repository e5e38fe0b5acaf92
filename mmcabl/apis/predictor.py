"""Records and masks of image files by their place in a list: what large inference keeps of samples."""

from typing import Any, List, NamedTuple, Optional, Sequence, Union

import numpy as np
from mmengine.config import Config

from mmcabl.apis.image_stream import Loaded
from mmcabl.apis.inferencer import ForensicInferencer
from mmcabl.apis.inputs import Given
from mmcabl.apis.model_choice import Choice, described
from mmcabl.images.backends import Backend
from mmcabl.records.chunk_results import Job
from mmcabl.records.fields import base_record
from mmcabl.records.journal import Record
from mmcabl.structures import ForensicSample
from mmcabl.structures.prompts import columns_of
from mmcabl.utils.failures import Failures, ImageFailed, one_line
from mmcabl.utils.names import to_text


class Scored(NamedTuple):
    """An image's record, whose fields are the columns of the table; mask (H, W) bool; map (H, W) in [0, 1]."""

    record: Record
    mask: Optional[np.ndarray] = None
    cam: Optional[np.ndarray] = None


class Predictor:
    """Load in one thread, go forward in another, finish in a third.

    A :class:`ForensicInferencer` that gives every image a mask.

    Args:
        config: path or config of a model of this package, of either toolbox; its test pipeline loads the images.
        checkpoint: path of its weights, .pth or .safetensors, all of them and finite.
        device: a GPU if there is one by default.
        compare: keep the config's further prompt kinds; only the final mask is computed otherwise.
        max_failures: images that may fail one after the other before scoring ends; 0: any number.
        trust: load a checkpoint that may run code; for one of your own.
        backend_args: of mmengine's file backends, by which images are read; addresses need none.

    Raises:
        ValueError: what is given is no config of such a model, or no device of this machine.
    """

    def __init__(self, config: Union[str, Config], checkpoint: str, device: str = '', compare: bool = False,
                 max_failures: int = 50, trust: bool = False, backend_args: Backend = None) -> None:
        choice = Choice(described(checkpoint, str(config)), config, checkpoint)
        self.inferencer = ForensicInferencer(choice, device=device, threshold=0, compare=compare, trust=trust)
        self.model = self.inferencer.model
        self.device = self.inferencer.device
        self.fingerprint = self.inferencer.fingerprint
        self.backend_args = self.inferencer.backend_args = dict(backend_args) if backend_args else None
        self.failures = self.inferencer.failures = Failures(max_failures)

    def load(self, jobs: Sequence[Job]) -> List[Loaded]:
        """Read and pack images; those that cannot be read are marked, one that fails otherwise costs itself alone."""
        return [self.inferencer.load(index, Given(path, path)) for index, path in jobs]

    def predict(self, jobs: Sequence[Job], loaded: Sequence[Loaded]) -> List[Scored]:
        """What is kept of each image."""
        return self.finish(jobs, self.forward(loaded))

    def forward(self, loaded: Sequence[Loaded]) -> List[Any]:
        """The first half of :meth:`predict`, the network's, or why there is none."""
        return self.inferencer.each(self.inferencer.forward, loaded)

    def finish(self, jobs: Sequence[Job], found: Sequence[Any]) -> List[Scored]:
        """The second half, refinement, of what :meth:`forward` gave; for a thread beside the next forward."""
        return [self._result(job, sample)
                for job, sample in zip(jobs, self.inferencer.each(self.inferencer.finish, found))]

    def _result(self, job: Job, sample: Union[ForensicSample, ImageFailed]) -> Scored:
        try:
            if isinstance(sample, ImageFailed):
                raise sample
            found = self.failures.attempt(record_of, *job, sample)
        except ImageFailed as error:
            self.failures.note(to_text(job[1]), str(error))
            return Scored(dict(base_record(*job, failed=True), reason=str(error)))
        self.failures.succeeded()
        return found


def record_of(index: int, path: str, sample: ForensicSample) -> Scored:
    """What is kept of one predicted image.

    Raises:
        ValueError: its score is not finite.
    """
    record = base_record(index, path, sample.unreadable)
    if sample.unreadable:
        return Scored(dict(record, reason=one_line(sample.reason) or None))
    score = sample.required('score')
    if not np.isfinite(score):
        raise ValueError(f'its score is {score}')
    mask = sample.required('mask')
    record.update(score=score, height=mask.shape[0], width=mask.shape[1], area=float(mask.mean()),
                  orientation=sample.orientation, note=one_line(sample.note) or None,
                  **columns_of(sample.prompts))
    return Scored(record, mask, sample.cam)
