from pathlib import Path
from typing import Any, List, Optional, Sequence

import numpy as np
import torch

from mmcabl.checkpoints import load_exactly
from mmcabl.refinement.encoder_options import (
    check_types,
    compile_in_place,
    computing_in,
    current_device,
    encoder_dtype,
)
from mmcabl.refinement.encoding_cache import EncodingCache
from mmcabl.refinement.refiner import Refiner
from mmcabl.registry import MODELS
from mmcabl.structures.prompts import Prompts

#: model -> (file name as published, size in MB)
PUBLISHED = {
    'vit_b': ('sam_vit_b_01ec64.pth', 375),
    'vit_l': ('sam_vit_l_0b3195.pth', 1250),
    'vit_h': ('sam_vit_h_4b8939.pth', 2560),
}
PUBLISHED_AT = 'https://dl.fbaipublicfiles.com/segment_anything/'


@MODELS.register_module()
class SAMRefiner(Refiner):
    """segment-anything's predictor with one image encoding for all prompts of an image.

    Args:
        model: ``vit_b``, ``vit_l`` or ``vit_h`` (the paper does not say which; ours is ``vit_h``).
        checkpoint: path of the published weights.
        device: where SAM runs. None: where the model runs that it serves (each rank's own GPU), or without
            one on this process's current GPU, or a CPU.
        dtype: of the image encoder on a GPU: ``float32``, ``float16`` or ``bfloat16``. A CPU computes in
            float32 whatever is asked, and the mask decoder always does.
        batch_size: images encoded at a time.
        multimask_output: let SAM propose three masks and take the one it rates best. False: its single
            mask, which segment-anything recommends for several prompts.
        cache_dir: keep image encodings in this folder (4 MiB an image) and use those that are there: all prompt
            kinds, tables and checkpoints share them. None: nothing is kept.
        sam: a ready ``segment_anything.modeling.Sam`` in place of ``model`` and ``checkpoint``.
        precision: of the image encoder, on any device: ``float32``, ``float16``, ``bfloat16``, or ``auto``, which is
            bfloat16 where the device has instructions for it. None: as ``dtype`` says.
        fused: attend through torch's fused kernel; equal up to rounding, and a ViT-B on a CPU takes 0.7 of the time.
        compile: the image encoder through ``torch.compile``, which takes minutes at the first image.

    Raises:
        ValueError: an unknown model or dtype.
        FileNotFoundError: the checkpoint is not there; the sentence names the published file.
        CheckpointError: it is not that model's, or no plain data.
        ImportError: segment-anything is not installed.
    """

    def __init__(self, model: str = 'vit_h', checkpoint: Optional[str] = None,
                 device: Optional[str] = None, dtype: str = 'float32', batch_size: int = 4,
                 multimask_output: bool = False, cache_dir: Optional[str] = None,
                 sam: Optional[torch.nn.Module] = None, precision: Optional[str] = None, fused: bool = False,
                 compile: bool = False) -> None:
        try:
            from segment_anything import SamPredictor, sam_model_registry
        except ImportError as error:
            raise ImportError('SAMRefiner needs the package segment-anything: '
                              'pip install segment-anything.') from error
        check_types('SAMRefiner', dtype, precision)
        if sam is None:
            path = _existing(model, checkpoint)
            sam = sam_model_registry[model]()
            load_exactly(sam, path)
        self.sam: Any = sam
        self.sam.eval().requires_grad_(False)
        if fused:
            from mmcabl.refinement.sam_attention import fuse
            fuse(self.sam)
        if compile:
            encoder: Any = self.sam.image_encoder
            compile_in_place(encoder)
        self.predictor = SamPredictor(self.sam)
        self.batch_size, self.multimask_output = max(1, batch_size), multimask_output
        self._asked, self._types, self._cache_dir = device, (dtype, precision), cache_dir
        self._place(torch.device(device) if device else current_device())

    def to(self, device: torch.device) -> 'SAMRefiner':
        """As :meth:`Refiner.to`; where a device was asked for in so many words, SAM stays on it."""
        if not self._asked and torch.device(device) != self.device:
            self._place(torch.device(device))
        return self

    def _place(self, device: torch.device) -> None:
        self.device = device
        self.dtype = encoder_dtype(device, *self._types)
        self.sam.to(device)
        # encodings differ with the type they are computed in
        self.cache = None if self._cache_dir is None else EncodingCache(
            self._cache_dir, self.sam.image_encoder, self.dtype)

    @torch.no_grad()
    def encode(self, images: Sequence[np.ndarray]) -> torch.Tensor:
        """Embeddings (B, 256, 64, 64) of (H, W, 3) uint8 RGB images of any sizes, float32."""
        resized = map(self.predictor.transform.apply_image, images)
        inputs = [self.sam.preprocess(torch.as_tensor(x, device=self.device).permute(2, 0, 1)) for x in resized]
        with computing_in(self.device, self.dtype):
            return self.sam.image_encoder(torch.stack(inputs)).float()

    @torch.no_grad()
    def refine(self, images: Sequence[np.ndarray], prompts: Sequence[Prompts],
               kinds: Sequence[str]) -> List[List[np.ndarray]]:
        results = []
        for start in range(0, len(images), self.batch_size):
            part = images[start:start + self.batch_size]
            embeddings = self.encode(part) if self.cache is None else self.cache.get(part, self.encode)
            for image, embedding, prompt in zip(part, embeddings, prompts[start:]):
                self._use(image, embedding.to(self.device))
                results.append([self._decode(prompt, kind) for kind in kinds])
        self.predictor.reset_image()
        return results

    def _use(self, image: np.ndarray, embedding: torch.Tensor) -> None:
        """Put the predictor into the state that its own ``set_image`` leaves behind."""
        predictor = self.predictor
        predictor.reset_image()
        predictor.original_size = image.shape[:2]
        predictor.input_size = predictor.transform.get_preprocess_shape(
            *image.shape[:2], predictor.transform.target_length)
        predictor.features = embedding[None]
        predictor.is_image_set = True

    def _decode(self, prompts: Prompts, kind: str) -> np.ndarray:
        box, points, labels = prompts.select(kind)
        masks, quality, _ = self.predictor.predict(
            point_coords=points if len(points) else None, point_labels=labels if len(points) else None,
            box=None if box is None else np.array(box), multimask_output=self.multimask_output)
        return masks[int(quality.argmax())]


def _existing(model: str, checkpoint: Optional[str]) -> str:
    if model not in PUBLISHED:
        raise ValueError(f'Unknown SAM model {model!r}; accepted are {", ".join(PUBLISHED)}.')
    name, size = PUBLISHED[model]
    if checkpoint is None or not Path(checkpoint).is_file():
        raise FileNotFoundError(f'SAM {model} weights: {checkpoint or "no checkpoint path"} is not a file; '
                                f'download {name} ({size} MB) from {PUBLISHED_AT}{name} and give its path '
                                'as refiner.checkpoint.')
    return str(checkpoint)
