"""Records and masks of image files by their place in a list: what large inference keeps of an inferencer's samples."""

from typing import List, Optional, Sequence, Tuple, Union

import numpy as np
from mmengine.config import Config

from mmcabl.apis.image_stream import Loaded
from mmcabl.apis.inferencer import ForensicInferencer
from mmcabl.apis.inputs import Given
from mmcabl.apis.model_choice import Choice, described
from mmcabl.records.chunk_results import Job
from mmcabl.records.fields import base_record
from mmcabl.records.journal import Record
from mmcabl.structures import ForensicSample
from mmcabl.structures.prompts import columns_of
from mmcabl.utils.failures import Failures, ImageFailed, one_line
from mmcabl.utils.names import to_text


class Predictor:
    """Load in one thread, predict in another: a :class:`ForensicInferencer` that gives every image a mask.

    Args:
        config: path or config of a model of this package, of either toolbox; its test pipeline loads the images.
        checkpoint: path of its weights, .pth or .safetensors, all of them and finite.
        device: a GPU if there is one by default.
        compare: keep the config's further prompt kinds; only the final mask is computed otherwise.
        max_failures: images that may fail one after the other before scoring ends; 0: any number.
        trust: load a checkpoint that may run code; for one of your own.

    Raises:
        ValueError: what is given is no config of such a model, or no device of this machine.
    """

    def __init__(self, config: Union[str, Config], checkpoint: str, device: str = '', compare: bool = False,
                 max_failures: int = 50, trust: bool = False) -> None:
        choice = Choice(described(checkpoint, str(config)), config, checkpoint)
        self.inferencer = ForensicInferencer(choice, device=device, threshold=0, compare=compare, trust=trust)
        self.model = self.inferencer.model
        self.fingerprint = self.inferencer.fingerprint
        self.failures = self.inferencer.failures = Failures(max_failures)

    def load(self, jobs: Sequence[Job]) -> List[Loaded]:
        """Read and pack images; those that cannot be read are marked, one that fails otherwise costs itself alone."""
        return [self.inferencer.load(index, Given(path, path)) for index, path in jobs]

    def predict(self, jobs: Sequence[Job], loaded: Sequence[Loaded]) -> List[Tuple[Record, Optional[np.ndarray]]]:
        """(record, mask (H, W) bool) of each image; the record's fields are the columns of the table."""
        given = [(index, Given(path, path)) for index, path in jobs]
        return [self._result(job, sample) for job, sample in zip(jobs, self.inferencer.samples(given, loaded))]

    def _result(self, job: Job, sample: ForensicSample) -> Tuple[Record, Optional[np.ndarray]]:
        try:
            if sample.failed:
                raise ImageFailed(sample.failed)
            found = self.failures.attempt(record_of, *job, sample)
        except ImageFailed as error:
            self.failures.note(to_text(job[1]), str(error))
            return dict(base_record(*job, failed=True), reason=str(error)), None
        self.failures.succeeded()
        return found


def record_of(index: int, path: str, sample: ForensicSample) -> Tuple[Record, Optional[np.ndarray]]:
    """(record, mask) of one predicted image.

    Raises:
        ValueError: its score is not finite.
    """
    record = base_record(index, path, sample.unreadable)
    if sample.unreadable:
        return dict(record, reason=one_line(sample.reason) or None), None
    score = sample.required('score')
    if not np.isfinite(score):
        raise ValueError(f'its score is {score}')
    mask = sample.required('mask')
    record.update(score=score, height=mask.shape[0], width=mask.shape[1], area=float(mask.mean()),
                  orientation=sample.orientation, **columns_of(sample.prompts))
    return record, mask
