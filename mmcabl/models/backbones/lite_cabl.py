from typing import Optional, Sequence, Tuple, Union

import torch
from mmengine.model.weight_init import trunc_normal_
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from torch import Tensor, nn

from mmcabl.models.backbones.amplifying import Amplifying, AmplifyingInPlace
from mmcabl.models.backbones.blocks import Blocks, parse_blocks
from mmcabl.models.backbones.efficientnet_lite import EfficientNetLite
from mmcabl.models.backbones.lite_inference import inferred
from mmcabl.registry import MODELS

#: The stage whose map has the tokens' grid, 1/16; the two behind it are at 1/32 and are not built.
LAST = 4
#: Pixels of an image that a token stands for, a side.
STRIDE = 16


@MODELS.register_module()
class LiteCABL(Amplifying, EfficientNetLite):
    """A small network with both of the method's branches whose convolutions can start from ImageNet (ours).

    The four convolutional stages of EfficientNet-Lite0 up to 1/16, each ending in CABL, Eq. (1); their last map, as
    patch tokens beside a class token, passes a few transformer layers whose attention Eq. (2) takes. Unlike in a
    Conformer nothing goes back from the tokens to the map. For those who have no ImageNet weights of a
    Conformer-S or no machine for one; 0.9 million parameters.

    Args:
        embed_dims, num_heads, depth, mlp_ratio: of the transformer layers.
        cabl: config of the CABL layer, as of ``ConformerCABL``.
        cabl_blocks: which of the four stages have it: ``'all'``, ``'none'``, ``'1-2'``, ``[1, 4]`` (Table IV).
        drop_path_rate: of the convolutional stages.
        init_cfg: as of mmpretrain's ``EfficientNet``; ``dict(type='Pretrained', checkpoint=FILE)`` starts from a file
            of ``tools/model_converters/table1_to_mmcabl.py efficientnet-lite0``.
        **kwargs: further arguments of ``EfficientNetLite``, such as ``frozen_stages`` and ``norm_eval``.

    Inputs are (B, 3, H, W) with H, W >= 32; the token grid is ceil(H/16) x ceil(W/16). Returns a tuple of one pair:
    the map (B, 112, h, w) and the normed tokens (B, 1 + h w, embed_dims), class token first.

    Raises:
        ValueError: an unknown stage, ``embed_dims`` that ``num_heads`` does not divide, or an input below 32 px.
    """

    #: Narrow and depthwise convolutions gain nothing: 35 ms an image of 384 x 256 where bfloat16 takes 26.
    infers_int8 = False

    def __init__(self, arch: str = 'lite0', *, embed_dims: int = 96, num_heads: int = 3, depth: int = 3,
                 mlp_ratio: float = 2., cabl: Optional[dict] = None, cabl_blocks: Blocks = 'all',
                 out_indices: Union[int, Sequence[int]] = -1, **kwargs) -> None:
        if out_indices not in (-1, (LAST, ), [LAST]):
            raise ValueError(f'out_indices={out_indices!r} of LiteCABL; accepted is -1, its last stage.')
        if embed_dims % num_heads:
            raise ValueError(f'LiteCABL was given embed_dims={embed_dims}, which num_heads={num_heads} does not '
                             'divide.')
        super().__init__(arch, out_indices=(LAST, ), **kwargs)
        del self.layers[LAST + 1:]
        self.cabl_blocks = sorted(parse_blocks(cabl_blocks, LAST))
        layer_cfg = {'type': 'mmcabl.CABL', **(cabl or {})}
        # No parameters, no buffers: checkpoints are those of the plain network.
        self.cabl = nn.ModuleDict({str(i): MODELS.build(layer_cfg) for i in self.cabl_blocks})
        channels = self.layers[LAST][-1].linear_conv.conv.out_channels
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dims))
        self.token_conv = nn.Conv2d(channels, embed_dims, 1)
        self.trans = nn.ModuleList(TransformerEncoderLayer(embed_dims, num_heads, int(embed_dims * mlp_ratio))
                                   for _ in range(depth))
        self.trans_norm = nn.LayerNorm(embed_dims)

    def init_weights(self) -> None:
        super().init_weights()
        trunc_normal_(self.cls_token, std=0.02)

    def _map(self, x: Tensor) -> Tensor:
        """Through the stem (0) and the stages, 1 to 4."""
        for i, layer in enumerate(self.layers):
            x = self._amplify(layer(x), i)
        return x

    def forward(self, x: Tensor) -> tuple:
        """(B, 3, H, W) to ``((map, tokens), )``."""
        if min(x.shape[-2:]) < 32:
            raise ValueError(f'LiteCABL was given {x.shape[-2]} x {x.shape[-1]} px (height x width); '
                             'it accepts 32 px and more on each side.')
        x = self._map(x)
        tokens = self.token_conv(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1).to(tokens.dtype), tokens], dim=1)
        for layer in self.trans:
            tokens = layer(tokens)
        return (x, self.trans_norm(tokens)),

    def token_grid(self, shape: Tuple[int, int]) -> Tuple[int, int]:
        """(rows, columns) of the patch tokens of an input (H, W)."""
        return (shape[0] + STRIDE - 1) // STRIDE, (shape[1] + STRIDE - 1) // STRIDE

    def covered_shape(self, shape: Tuple[int, int]) -> Tuple[int, int]:
        """(height, width) in px that the token grid of an input (H, W) spans, padding included."""
        rows, columns = self.token_grid(shape)
        return STRIDE * rows, STRIDE * columns

    def folded(self) -> 'LiteCABL':
        """A copy for inference, see :mod:`mmcabl.models.backbones.lite_inference`."""
        clone = inferred(self)
        clone.__class__ = _Inferred
        return clone


class _Inferred(AmplifyingInPlace, LiteCABL):
    pass
