"""SAM's prompt encoder and mask decoder as ONNX: image encodings and prompts to a mask."""

import inspect
import warnings
from pathlib import Path
from typing import Any, Dict, Tuple

import torch
from torch import Tensor, nn

from mmcabl.export.writing import OPSET, require_onnx
from mmcabl.utils.files import replacing

INPUTS, OUTPUTS = ('encoding', 'points', 'labels'), ('logits', 'quality')


class SamDecoder(nn.Module):
    """What :class:`mmcabl.refinement.SAMRefiner` computes behind the encoder, by its single mask.

    Inputs: ``encoding`` (1, C, h, w) float32; ``points`` (1, N, 2) float32, (x, y) in px of SAM's input, whose longer
    side is 1024; ``labels`` (1, N) float32: 1 positive, 0 negative, 2 and 3 the corners of a box at the top left and
    the bottom right, -1 no point. Without a box one point of label -1 follows, as SAM was trained.
    Outputs: ``logits`` (1, 1, 4 h, 4 w) of the mask on SAM's padded square, above 0 inside; ``quality`` (1, 1).

    Args:
        sam: a ``segment_anything.modeling.Sam``.
    """

    def __init__(self, sam: nn.Module) -> None:
        super().__init__()
        from segment_anything.utils.onnx import SamOnnxModel
        self.traceable = SamOnnxModel(sam, return_single_mask=False)

    def forward(self, encoding: Tensor, points: Tensor, labels: Tensor) -> Tuple[Tensor, Tensor]:
        """See the class."""
        sam = self.traceable.model
        empty = sam.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1).expand(1, -1, *encoding.shape[-2:])
        logits, quality = sam.mask_decoder.predict_masks(
            image_embeddings=encoding, image_pe=sam.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=self.traceable._embed_points(points, labels), dense_prompt_embeddings=empty)
        return logits[:, :1], quality[:, :1]


def write_sam_decoder(sam: nn.Module, path: Path, metadata: Dict[str, str]) -> None:
    """Write :class:`SamDecoder` for any number of points, whole or not at all.

    Raises:
        ImportError: onnx is not installed.
    """
    onnx = require_onnx()
    side = sam.prompt_encoder.image_embedding_size
    example = (torch.rand(1, sam.prompt_encoder.embed_dim, *side), torch.tensor([[[9., 7.], [0., 0.], [30., 20.]]]),
               torch.tensor([[1., 2., 3.]]))
    options: Dict[str, Any] = dict(input_names=list(INPUTS), output_names=list(OUTPUTS), opset_version=OPSET,
                                   dynamic_axes=dict(points={1: 'points'}, labels={1: 'points'}))
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        options['dynamo'] = False
    with warnings.catch_warnings(), torch.no_grad(), replacing(path) as part:
        warnings.simplefilter('ignore')
        torch.onnx.export(SamDecoder(sam).eval(), example, str(part), **options)
        model = onnx.load(str(part))
        onnx.helper.set_model_props(model, metadata)
        onnx.checker.check_model(model)
        onnx.save(model, str(part))


def decoder_differences(sam: nn.Module, path: Path) -> Dict[str, float]:
    """``logits`` (as a part of their largest value) and ``quality``: the largest differences from ``Sam``'s own
    prompt encoder and mask decoder, over points, boxes and both."""
    from mmcabl.apis.exported import open_session
    session, worst = open_session(str(path)), dict(logits=0., quality=0.)
    generator = torch.Generator().manual_seed(0)
    encoding = torch.randn(1, sam.prompt_encoder.embed_dim, *sam.prompt_encoder.image_embedding_size,
                           generator=generator)
    width = sam.prompt_encoder.input_image_size[1]
    box = torch.tensor([[0.1, 0.2, 0.7, 0.8]]) * width
    points = torch.tensor([[[0.3, 0.4], [0.9, 0.1]]]) * width
    for labels, corners in ((torch.tensor([[1., 0.]]), None), (None, box), (torch.tensor([[1., 0.]]), box)):
        with torch.no_grad():
            sparse, dense = sam.prompt_encoder(None if labels is None else (points, labels), corners, None)
            logits, quality = sam.mask_decoder(encoding, sam.prompt_encoder.get_dense_pe(), sparse, dense, False)
        parts = [] if labels is None else [(points, labels)]
        parts.append((torch.zeros(1, 1, 2), -torch.ones(1, 1)) if corners is None else (
            corners.reshape(1, 2, 2), torch.tensor([[2., 3.]])))
        given = [torch.cat(part, 1).numpy() for part in zip(*parts)]
        found = session.run(list(OUTPUTS), dict(encoding=encoding.numpy(), points=given[0], labels=given[1]))
        worst['logits'] = max(worst['logits'], float(abs(found[0] - logits.numpy()).max() / abs(logits).max()))
        worst['quality'] = max(worst['quality'], float(abs(found[1] - quality.numpy()).max()))
    return worst
