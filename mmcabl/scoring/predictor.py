"""A trained model from a config and a checkpoint, applied to image files."""

from typing import Any, Dict, List, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import MODELS, TRANSFORMS, init_default_scope

from mmcabl.checkpoints import load_exactly
from mmcabl.evaluation.segmentation_view import forensic_view
from mmcabl.results.store import fingerprint

#: Steps of a test pipeline that read the truth.
TRUTH = ('LoadForgeryMask', 'LoadForgerySegMap')
Job = Tuple[int, str]


class Predictor:
    """Load in one thread, predict in another.

    Args:
        config: path or config of a model of this package, of either toolbox; its test pipeline loads the images.
        checkpoint: path of its weights, .pth or .safetensors, all of them and finite.
        device: a GPU if there is one by default.
        compare: keep the config's further prompt kinds; only the final mask is computed otherwise.
        trust: load a checkpoint that may run code; for one of your own.
    """

    def __init__(self, config: Union[str, Config], checkpoint: str, device: str = '', compare: bool = False,
                 trust: bool = False) -> None:
        cfg = Config.fromfile(config) if isinstance(config, str) else config
        init_default_scope(cfg.get('default_scope', 'mmpretrain'))
        if not compare and 'postprocessor' in cfg.model:
            cfg.model.postprocessor.compare = []
        self.device = torch.device(device or get_device())
        self.model = MODELS.build(cfg.model)
        load_exactly(self.model, checkpoint, trust)
        self.model.to(self.device).eval()
        dataset = cfg.test_dataloader.dataset
        steps = dataset.get('datasets', [dataset])[0].pipeline
        self.steps = [TRANSFORMS.build(step) for step in steps if step['type'].split('.')[-1] not in TRUTH]
        self.fingerprint = fingerprint(self.model, str(cfg.model))

    def load(self, jobs: Sequence[Job]) -> List[dict]:
        """Read and pack images; those that cannot be read are marked."""
        found = []
        for index, path in jobs:
            results: Any = dict(img_path=path, sample_idx=index)
            for step in self.steps:
                results = step(results)
            found.append(results)
        return found

    @torch.no_grad()
    def predict(self, jobs: Sequence[Job], loaded: Sequence[dict]) -> List[Tuple[Dict[str, Any], np.ndarray]]:
        """(record, mask (H, W) bool) of each image; the record's fields are the columns of the table."""
        samples = self.model.test_step(dict(inputs=[x['inputs'] for x in loaded],
                                            data_samples=[x['data_samples'] for x in loaded]))
        return [_record(index, path, forensic_view(sample.to_dict())) for (index, path), sample in zip(jobs, samples)]


def _record(index: int, path: str, sample: Dict[str, Any]) -> Tuple[Dict[str, Any], np.ndarray]:
    unreadable = bool(sample.get('unreadable', False))
    mask = np.asarray(sample['pred_mask'])
    record: Dict[str, Any] = dict(index=index, image=path, unreadable=unreadable)
    if unreadable:
        return record, mask
    record.update(score=float(torch.as_tensor(sample['pred_score']).flatten()[-1]), height=mask.shape[0],
                  width=mask.shape[1], area=float(mask.mean()))
    prompts = sample.get('prompts') or {}
    for name, corners in (('box', ('x0', 'y0', 'x1', 'y1')), ('positive', 'xy'), ('negative', 'xy')):
        for corner, value in zip(corners, prompts.get(name) or ()):
            record[f'{name}_{corner}'] = int(value)
    return record, mask
