"""A trained model from a config and a checkpoint, applied to image files."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import MODELS, TRANSFORMS, init_default_scope

from mmcabl.checkpoints import load_exactly
from mmcabl.models.segmentors.refined_segmentor import refined_config
from mmcabl.records.chunk_results import Job
from mmcabl.records.fields import base_record
from mmcabl.records.journal import Record
from mmcabl.records.store import fingerprint
from mmcabl.structures import ForensicSample, forensic_sample
from mmcabl.structures.prompts import columns_of
from mmcabl.utils.data_configs import TRUTH_STEPS, type_name
from mmcabl.utils.failures import Failures, ImageFailed, one_line
from mmcabl.utils.names import to_text

#: A packed image, or why there is none.
Loaded = Union[Dict[str, Any], ImageFailed]
#: A record and a mask, if there is one.
Finished = Tuple[Record, Optional[np.ndarray]]


class Predictor:
    """Load in one thread, go forward in another, finish in a third.

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
        cfg = read_config(config) if isinstance(config, str) else config
        self.device = existing_device(device)
        init_default_scope(cfg.get('default_scope', 'mmpretrain'))
        cfg.model = refined_config(cfg.model, cfg.get('custom_hooks'))  # no runner here, so no hooks
        if not compare and 'postprocessor' in cfg.model:
            cfg.model.postprocessor.compare = []
        self.model = MODELS.build(cfg.model)
        load_exactly(self.model, checkpoint, trust)
        self.model.to(self.device).eval()
        self.refines = getattr(self.model, 'refines', False)
        self.model.refines = False  # in test_step: finish does it
        dataset = cfg.test_dataloader.dataset
        steps = dataset.get('datasets', [dataset])[0].pipeline
        self.steps = [TRANSFORMS.build(step) for step in steps if type_name(step) not in TRUTH_STEPS]
        self.fingerprint = fingerprint(self.model, str(cfg.model))
        self.failures = Failures(max_failures)

    def load(self, jobs: Sequence[Job]) -> List[Loaded]:
        """Read and pack images; those that cannot be read are marked, one that fails otherwise costs itself alone."""
        found: List[Loaded] = []
        for job in jobs:
            try:
                found.append(self.failures.attempt(self._load, *job))
            except ImageFailed as error:
                found.append(error)
        return found

    def predict(self, jobs: Sequence[Job], loaded: Sequence[Loaded]) -> List[Finished]:
        """(record, mask (H, W) bool) of each image; the record's fields are the columns of the table."""
        return self.finish(jobs, self.forward(loaded))

    @torch.no_grad()
    def forward(self, loaded: Sequence[Loaded]) -> List[Any]:
        """The first half of :meth:`predict`, the network's: data samples without masks, or why there is none."""
        return self._each(self._step, loaded)

    @torch.no_grad()
    def finish(self, jobs: Sequence[Job], found: Sequence[Any]) -> List[Finished]:
        """The second half, refinement, of what :meth:`forward` gave; for a thread beside the next forward."""
        return [self._result(job, sample) for job, sample in zip(jobs, self._each(self._refined, found))]

    def _load(self, index: int, path: str) -> Dict[str, Any]:
        results: Any = dict(img_path=path, sample_idx=index)
        for step in self.steps:
            results = step(results)
        return results

    def _each(self, function: Callable[[List[Any]], List[Any]], items: Sequence[Any]) -> List[Any]:
        """What a function makes of those that have not failed; where it fails on all of them, one by one."""
        good = [i for i, x in enumerate(items) if not isinstance(x, ImageFailed)]
        found = list(items)
        if good:
            try:
                results = self.failures.attempt(function, [items[i] for i in good])
            except ImageFailed as error:
                results = [error] if len(good) == 1 else [x for i in good for x in self._each(function, [items[i]])]
            for i, result in zip(good, results):
                found[i] = result
        return found

    def _step(self, loaded: List[Dict[str, Any]]) -> List[Any]:
        batch = dict(inputs=[x['inputs'] for x in loaded], data_samples=[x['data_samples'] for x in loaded])
        return self.model.test_step(batch)

    def _refined(self, samples: List[Any]) -> List[ForensicSample]:
        if self.refines:
            self.model.refine(samples)
        return [forensic_sample(sample) for sample in samples]

    def _result(self, job: Job, sample: Union[ForensicSample, ImageFailed]) -> Finished:
        try:
            if isinstance(sample, ImageFailed):
                raise sample
            found = self.failures.attempt(record_of, *job, sample)
        except ImageFailed as error:
            self.failures.note(to_text(job[1]), str(error))
            return dict(base_record(*job, failed=True), reason=str(error)), None
        self.failures.succeeded()
        return found


def record_of(index: int, path: str, sample: ForensicSample) -> Finished:
    """(record, mask) of one predicted image.

    Raises:
        ValueError: its score is not finite.
    """
    record = base_record(index, path, sample.unreadable)
    if sample.unreadable:
        return dict(record, reason=one_line(sample.reason) or None), None
    score, mask = sample.required('score'), sample.required('mask')
    if not np.isfinite(score):
        raise ValueError(f'its score is {score}')
    record.update(score=score, height=mask.shape[0], width=mask.shape[1], area=float(mask.mean()),
                  orientation=sample.orientation, **columns_of(sample.prompts))
    return record, mask


def read_config(path: str) -> Config:
    """The config of a model and its test data."""
    if not Path(path).is_file():
        raise ValueError(f'{path} is not a file; scoring needs the config that the model was trained with.')
    try:
        cfg = Config.fromfile(path)
    except Exception as error:  # a config is code of the user's: it raises what it likes
        raise ValueError(f'{path} cannot be read as a config: {type(error).__name__}: '
                         f'{" ".join(str(error).split())}') from error
    for key in ('model', 'test_dataloader'):
        if not isinstance(cfg.get(key), dict):
            raise ValueError(f'{path} has no {key}; scoring needs the config that the model was trained with.')
    return cfg


def existing_device(name: str) -> torch.device:
    """A device that tensors can be made on; a GPU if there is one for an empty name."""
    try:
        device = torch.device(name or get_device())
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().split('\n')[0].split('. ')[0]
        raise ValueError(f"{name!r} is not a device that can be used here ({reason}); accepted are 'cpu', and 'cuda' "
                         "or 'cuda:<number>' where there is a GPU.") from None
    return device
