"""Photographs in, :class:`mmcabl.structures.ForensicSample` out, in three lines of Python."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from torch import nn

from mmcabl.apis.building import build_model, build_pipeline
from mmcabl.apis.deciding import decided, tested
from mmcabl.apis.devices import existing_device
from mmcabl.apis.image_stream import ImageStream, checked_threshold
from mmcabl.apis.inputs import Given, pixels_and_orientation
from mmcabl.apis.model_choice import DEFAULT, Choice, choose_model, with_data_of
from mmcabl.apis.model_configs import read_config
from mmcabl.records.store import fingerprint
from mmcabl.structures import ForensicSample, forensic_sample
from mmcabl.utils.failures import Failures
from mmcabl.utils.files import write_png
from mmcabl.utils.names import file_name
from mmcabl.visualization.overlays import overlay_of

#: A packed image and the network's data sample of it, None for one that could not be read.
Forwarded = Tuple[Dict[str, Any], Any]


class ForensicInferencer(ImageStream, BaseInferencer):
    """A model that says of images whether and where they were manipulated: mmengine's inferencer for this package.

    ::

        inferencer = ForensicInferencer('cabl-mini')
        sample = inferencer('photograph.jpg')[0]
        sample.score, sample.flagged, sample.cam, sample.mask

    Args:
        model: name of a model card (``mmcabl models`` lists them), path of a config or a config, of either toolbox;
            an exported ``.onnx`` file gives a :class:`mmcabl.apis.exported.ExportedInferencer`, which has the same
            methods and needs no torch.
        weights: path of the weights, .pth or .safetensors, read as data; the card's by default, or those beside the
            config.
        device: a GPU if there is one by default.
        refiner: ``grabcut``, ``sam`` or the config of one, see :func:`refiner_settings`; the config's by default.
        threshold: of the image score, 0 to 1. An image below it is not ``flagged`` and has no mask, and no refiner
            sees it; 0 gives every image a mask, as the paper's protocol has it. 0.5 by default.
        compare: keep the config's further prompt kinds; only the final mask is computed otherwise.
        trust: load a checkpoint that may run code; for one of your own.

    Raises:
        ValueError, FileNotFoundError: no such model, weights, device, refiner; the config is of no such model.
        CheckpointError: the weights are not the model's.
    """

    visualize_kwargs = {'out_dir', 'show'}
    backend_args: Optional[Dict[str, Any]] = None  # of mmengine's file backends, for images given by path

    def __new__(cls, model: Union[str, Config, Choice] = DEFAULT, *args: Any, **kwargs: Any) -> Any:
        if isinstance(model, str) and model.endswith('.onnx'):
            from mmcabl.apis.exported import ExportedInferencer
            return ExportedInferencer(model, *args, **kwargs)
        return super().__new__(cls)

    def __init__(self, model: Union[str, Config, Choice] = DEFAULT, weights: Optional[str] = None,
                 device: Optional[str] = None, refiner: Union[str, Dict, None] = None,
                 threshold: Optional[float] = None, *, compare: bool = False, trust: bool = False) -> None:
        choice = model if isinstance(model, Choice) else choose_model(model, weights)
        self.threshold = checked_threshold(threshold, choice.card.threshold)
        self.device = existing_device(device or '')
        self.failures = Failures(limit=0)
        self._refiner, self._compare, self._trust = refiner, compare, trust
        cfg = read_config(choice.config)
        self.card = with_data_of(choice.card, cfg)
        super().__init__(cfg, choice.weights, str(self.device), cfg.get('default_scope', 'mmpretrain'),
                         show_progress=False)
        self.refines = bool(getattr(self.model, 'refines', False))

    def __call__(self, inputs: Any, batch_size: int = 1, **kwargs: Any) -> List[ForensicSample]:
        """The samples of all that is given, in its order; :meth:`stream` gives them one by one.

        Args:
            inputs: a path (image, folder, .txt list), an (H, W, 3) RGB or (H, W) uint8 array, an (N, H, W, 3) batch,
                a PIL image, or lists of these.
            batch_size: images in memory at a time; those of one size share a pass.
            **kwargs: ``out_dir`` and ``show`` of :meth:`visualize`.

        Returns:
            One sample an image; ``unreadable`` or ``failed`` ones say why and have nothing else.
        """
        _, _, drawing, _ = self._dispatch_kwargs(**kwargs)
        found = list(self.stream(inputs, batch_size))
        if any(drawing.values()):
            self.visualize(found, **drawing)
        return found

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits of weights and model settings."""
        return fingerprint(self.model, str(self.cfg.model))

    def load_one(self, index: int, given: Given) -> Dict[str, Any]:
        results: Dict[str, Any] = dict(img_path=given.source, sample_idx=index, backend_args=self.backend_args)
        if not isinstance(given.content, str):
            picture, orientation = pixels_and_orientation(given.content)
            results = self.pipeline(dict(results, img=np.ascontiguousarray(picture[..., ::-1])))
            results['data_samples'].set_metainfo(dict(orientation=orientation))
        return results if 'data_samples' in results else self.pipeline(results)

    def predict(self, loaded: Sequence[Dict[str, Any]]) -> List[ForensicSample]:
        return self.finish(self.forward(loaded))

    @torch.no_grad()
    def forward(self, loaded: Sequence[Dict[str, Any]]) -> List[Forwarded]:
        """The first half of :meth:`predict`, the network's."""
        readable = [part for part in loaded if not part['data_samples'].get('unreadable')]
        found = iter(tested(self.model, readable) if readable else ())
        return [(part, None if part['data_samples'].get('unreadable') else next(found)) for part in loaded]

    @torch.no_grad()
    def finish(self, forwarded: Sequence[Forwarded]) -> List[ForensicSample]:
        """The second half, refinement, of what :meth:`forward` gave; may run beside the next forward."""
        readable = [(part, sample) for part, sample in forwarded if sample is not None]
        parts, samples = [part for part, _ in readable], [sample for _, sample in readable]
        found = iter(decided(self.model, parts, samples, self.refines, self.decide) if parts else ())
        return [_unreadable(part['data_samples']) if sample is None else next(found) for part, sample in forwarded]

    def visualize(self, samples: Sequence[ForensicSample], out_dir: str = '', show: bool = False,
                  ) -> List[Optional[np.ndarray]]:
        """Pictures of image, truth (grey where unknown), map with its prompts, mask; None for what has no result.

        Args:
            out_dir: folder for ``<image name>-<digits>.png``.
            show: also show each in a window until it is closed.

        Returns:
            (H, 4 W + gaps, 3) uint8 RGB each.
        """
        drawn = [overlay_of(sample) if sample.usable else None for sample in samples]
        for sample, picture in zip(samples, drawn):
            if picture is not None and out_dir:
                name = file_name(sample.source or 'picture', f'{sample.index or 0:04d}')
                write_png(Path(out_dir, f'{name}.png'), picture[..., ::-1])
            if picture is not None and show:
                from mmengine.visualization import Visualizer  # makes a figure
                Visualizer().show(picture, win_name=sample.source or 'picture')
        return drawn

    def postprocess(self, preds: List[ForensicSample], *args: Any, **kwargs: Any) -> List[ForensicSample]:
        """The samples are the results."""
        return preds

    def _init_model(self, cfg: Config, weights: str, device: str = 'cpu') -> nn.Module:
        return build_model(cfg, weights, self._refiner, self._compare, self._trust).to(device)

    def _init_pipeline(self, cfg: Config) -> Callable:
        return build_pipeline(cfg)

    def _init_collate(self, cfg: Config) -> None:
        """Batches are lists: test images keep their sizes."""

    def _init_visualizer(self, cfg: Config) -> None:
        """A visualizer of mmengine makes a figure; one is made where a window is asked for."""


def _unreadable(sample: Any) -> ForensicSample:
    known = forensic_sample(sample)
    return ForensicSample(source=known.source, dataset=known.dataset, index=known.index, unreadable=True,
                          reason=known.reason)
