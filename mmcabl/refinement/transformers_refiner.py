from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch
from torch import Tensor

from mmcabl.refinement.encoder_options import (
    check_types,
    compile_in_place,
    computing_in,
    current_device,
    encoder_dtype,
)
from mmcabl.refinement.refiner import Refiner
from mmcabl.refinement.transformers_models import load_model
from mmcabl.registry import MODELS
from mmcabl.structures.prompts import Prompts


@MODELS.register_module()
class TransformersRefiner(Refiner):
    """SAM, SAM-HQ, SAM 2, SAM 2.1 or EdgeTAM as Hugging Face's ``transformers`` has them.

    Images are encoded in batches, each once for all its prompts. Prompts and masks are as of :class:`SAMRefiner`;
    for one prompt the mask is that of the library's own processor and model.

    Args:
        path: folder or file of weights on this machine; see :func:`transformers_models.load_model`, also for errors.
        config: path of the ``config.json`` where it does not lie beside the weights.
        device, dtype, batch_size, multimask_output: as of :class:`SAMRefiner`. Single masks of SAM 2 and EdgeTAM are
            the library's: where theirs is unstable, the best of three.
        precision, compile: as of :class:`SAMRefiner`.
        model, processor: ready ones in place of ``path``.
    """

    def __init__(self, path: Optional[str] = None, config: Optional[str] = None, device: Optional[str] = None,
                 dtype: str = 'float32', batch_size: int = 4, multimask_output: bool = False,
                 precision: Optional[str] = None, compile: bool = False,
                 model: Optional[torch.nn.Module] = None, processor: Any = None) -> None:
        check_types('TransformersRefiner', dtype, precision)
        if model is None:
            if not path:
                raise ValueError('TransformersRefiner was given no path; it takes a folder or file of weights.')
            model, processor = load_model(path, config)
        self.model: Any = model.eval().requires_grad_(False)
        self.processor = processor
        self.batch_size, self.multimask_output = max(1, batch_size), multimask_output
        self._asked, self._types = device, (dtype, precision)
        if compile:
            encoder: Any = self.model.vision_encoder
            compile_in_place(encoder)
        self._place(torch.device(device) if device else current_device())

    def to(self, device: torch.device) -> 'TransformersRefiner':
        """As :meth:`Refiner.to`; where a device was asked for in so many words, the model stays on it."""
        if not self._asked and torch.device(device) != self.device:
            self._place(torch.device(device))
        return self

    def _place(self, device: torch.device) -> None:
        self.device, self.dtype = device, encoder_dtype(device, *self._types)
        self.model.to(device)

    def encode(self, images: Sequence[np.ndarray]) -> Dict[str, Any]:
        """What the model's ``forward`` takes in place of pixels, for (H, W, 3) uint8 RGB images of any sizes."""
        pixels = self.processor(list(images), input_data_format='channels_last', return_tensors='pt')
        pixels = pixels['pixel_values'].to(self.device)
        with computing_in(self.device, self.dtype):
            found = self.model.get_image_embeddings(pixels)
        if isinstance(found, tuple):  # SAM-HQ
            return dict(image_embeddings=found[0].float(), intermediate_embeddings=[x.float() for x in found[1]])
        return dict(image_embeddings=[x.float() for x in found] if isinstance(found, list) else found.float())

    @torch.no_grad()
    def refine(self, images: Sequence[np.ndarray], prompts: Sequence[Prompts],
               kinds: Sequence[str]) -> List[List[np.ndarray]]:
        results = []
        for start in range(0, len(images), self.batch_size):
            part = images[start:start + self.batch_size]
            encoding = self.encode(part)
            shapes = [image.shape[:2] for image in part]
            found = [self._decode(encoding, shapes, prompts[start:start + len(part)], kind) for kind in kinds]
            results += [list(masks) for masks in zip(*found)] if kinds else [[] for _ in part]
        return results

    def _decode(self, encoding: Dict[str, Any], shapes: List[tuple], prompts: Sequence[Prompts],
                kind: str) -> List[np.ndarray]:
        """One mask for each image of a batch."""
        sizes = [self._input_size(shape) for shape in shapes]
        given: Dict[str, List] = {'input_boxes': [], 'input_points': [], 'input_labels': []}
        for prompt, (height, width), (new_height, new_width) in zip(prompts, shapes, sizes):
            box, points, labels = prompt.select(kind)
            factors = np.array([new_width / width, new_height / height])
            if box is not None:
                given['input_boxes'].append([np.array(box) * np.tile(factors, 2)])
            if len(points):
                given['input_points'].append([points * factors])
                given['input_labels'].append([labels])
        inputs = {name: torch.from_numpy(np.array(values)) for name, values in given.items() if values}
        inputs = {name: (value if name == 'input_labels' else value.float()).to(self.device)
                  for name, value in inputs.items()}
        out = self.model(**encoding, **inputs, multimask_output=self.multimask_output)
        best = out.iou_scores[:, 0].argmax(-1)
        logits = [masks[0, i] for masks, i in zip(out.pred_masks, best)]
        return [self._to_image(x, shape, size) for x, shape, size in zip(logits, shapes, sizes)]

    def _input_size(self, shape: tuple) -> tuple:
        """(height, width) that an image has in the model's square input."""
        side = self.processor.size
        if side.get('longest_edge'):  # SAM and SAM-HQ pad, the others stretch
            longest = side['longest_edge'] / max(shape)
            return tuple(int(x * longest + .5) for x in shape)
        return side['height'], side['width']

    def _to_image(self, logits: Tensor, shape: tuple, size: tuple) -> np.ndarray:
        """The library's own enlargement of low-resolution logits, at threshold 0."""
        masks = [logits[None, None]]
        if self.processor.size.get('longest_edge'):
            found = self.processor.post_process_masks(masks, [shape], [size])
        else:
            found = self.processor.post_process_masks(masks, [shape])
        return found[0][0, 0].cpu().numpy()
