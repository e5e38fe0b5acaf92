from functools import partial
from typing import Iterator, Optional, Sequence, Tuple, Union

import torch
from mmpretrain.models.backbones.conformer import Conformer
from torch import Tensor

from mmcabl.models.backbones.amplifying import Amplifying, AmplifyingInPlace
from mmcabl.models.backbones.blocks import Blocks, parse_blocks
from mmcabl.models.backbones.conformer_inference import inferred
from mmcabl.registry import MODELS

OUT_TYPES = ('raw', 'pooled', 'featmap')


@MODELS.register_module()
class ConformerCABL(Amplifying, Conformer):
    """mmpretrain's Conformer whose convolutional blocks end in CABL, Eq. (1).

    Block 1 is ``conv_1``, block i >= 2 is ``conv_trans_i``. ``F_i``, the amplified output of block i,
    is what block i + 1 convolves and what its feature coupling unit hands to the transformer.

    Args:
        arch: ``tiny``, ``small``, ``base``, or a dict with ``embed_dims``, ``channel_ratio``,
            ``num_heads`` and ``depths`` (a multiple of 3).
        cabl: config of the CABL layer, for example ``dict(operator='prewitt', structure='ii')``; see
            :class:`mmcabl.models.CABL`. Any registered layer with the same shape in and out will do.
        cabl_blocks: which blocks have it: ``'all'``, ``'none'``, ``'1-8'``, ``[1, 2, 5]`` (Table IV).
        cabl_on_coupling: also amplify the narrow map inside each block from which the feature coupling
            unit of the same block makes patch tokens (the other reading of "feeds the FCU").
        last_stride: stride of the last fusion block. 1 (TransCAM): the last map has the token grid's
            resolution, 1/16. 2: the ImageNet Conformer, 1/32.
        out_type: what each of ``out_indices`` returns. ``raw``: ``(map, tokens)``, (B, C, h, w) and the
            normed tokens (B, 1 + H/16 * W/16, D), class token first; ``pooled``: mmpretrain's own
            ``[pooled map, class token]``; ``featmap``: the map alone, a feature pyramid.
        high_pass: config of :class:`mmcabl.models.layers.HighPass`, ``dict()`` for its defaults: fixed residuals
            beside the image, a wider first convolution. None: the image alone, as the paper and every published
            weight have it.
        out_indices: blocks to return, 2 to ``depths``; -1 is the last.
        **kwargs: further arguments of mmpretrain's ``Conformer``.

    Inputs are (B, 3, H, W) with H, W >= 32. Sides that are not multiples of 16 are padded at the right
    and the bottom after the stem, as in mmpretrain, so the token grid is always ceil(H/16) x ceil(W/16).

    Raises:
        ValueError: an unknown arch, block, out_type or stride, or an input below 32 px.
    """

    def __init__(self, arch: Union[str, dict] = 'small', *, cabl: Optional[dict] = None,
                 cabl_blocks: Blocks = 'all', cabl_on_coupling: bool = False, last_stride: int = 1,
                 out_type: str = 'raw', out_indices: Union[int, Sequence[int]] = -1,
                 high_pass: Optional[dict] = None, **kwargs) -> None:
        _check_arch(arch, self.arch_zoo)
        if last_stride not in (1, 2):
            raise ValueError(f'last_stride={last_stride!r}; accepted are 1 (TransCAM) and 2 (ImageNet).')
        if out_type not in OUT_TYPES:
            raise ValueError(f'out_type={out_type!r}; accepted are {", ".join(OUT_TYPES)}.')
        indices = [out_indices] if isinstance(out_indices, int) else list(out_indices)
        super().__init__(arch=arch, out_indices=indices, **kwargs)
        if not all(2 <= i <= self.depths for i in self.out_indices):
            raise ValueError(f'out_indices={out_indices!r}; accepted are 2 to {self.depths}, or -1.')
        self.out_type = out_type
        self.last_stride = last_stride
        if last_stride == 1:
            last = self._stage(self.depths).fusion_block
            last.conv2.stride = last.residual_conv.stride = (1, 1)

        self.high_pass = None
        if high_pass is not None:
            self.high_pass = MODELS.build({'type': 'mmcabl.HighPass', **high_pass})
            first = self.conv1
            self.conv1 = torch.nn.Conv2d(self.high_pass.channels(first.in_channels), first.out_channels,
                                         first.kernel_size, first.stride, first.padding, bias=False)

        if out_type == 'featmap':  # nothing of the tokens is returned; DDP wants no parameter without a gradient
            self.trans_norm.requires_grad_(False)

        self.cabl_blocks = sorted(parse_blocks(cabl_blocks, self.depths))
        layer_cfg = {'type': 'mmcabl.CABL', **(cabl or {})}
        # No parameters, no buffers: checkpoints are those of the plain Conformer.
        self.cabl = torch.nn.ModuleDict({str(i): MODELS.build(layer_cfg) for i in self.cabl_blocks})
        if cabl_on_coupling:
            for i in set(self.cabl_blocks) - {1}:  # block 1 has no coupling unit
                self._stage(i).squeeze_block.register_forward_pre_hook(
                    partial(_amplify_first, self.cabl[str(i)]))

    def _stage(self, index: int) -> torch.nn.Module:
        return getattr(self, f'conv_trans_{index}')

    def _blocks(self, image: Tensor) -> Iterator[Tuple[int, Tensor, Tensor]]:
        """Number, map and tokens of every block from 2 on: the method's figure, left to right."""
        if self.high_pass is not None:
            image = self.high_pass(image)
        stem = self.auto_pad(self.maxpool(self.act1(self.bn1(self.conv1(image)))))
        x = self._amplify(self.conv_1(stem, out_conv2=False), 1)
        tokens = self.trans_patch_conv(stem).flatten(2).transpose(1, 2)
        if self.with_cls_token:
            tokens = torch.cat([self.cls_token.expand(len(image), -1, -1), tokens], dim=1)
        tokens = self.trans_1(tokens)
        for i in range(2, self.fin_stage):
            x, tokens = self._stage(i)(x, tokens)
            x = self._amplify(x, i)
            yield i, x, tokens

    def _output(self, x: Tensor, tokens: Tensor):
        if self.out_type == 'featmap':
            return x
        tokens = self.trans_norm(tokens)
        if self.out_type == 'raw':
            return x, tokens
        summary = tokens[:, 0] if self.with_cls_token else tokens.mean(dim=1)
        return [self.pooling(x).flatten(1), summary]

    def forward(self, x: Tensor) -> tuple:
        """(B, 3, H, W) to a tuple with one entry for each of ``out_indices``; see ``out_type``."""
        if min(x.shape[-2:]) < 32:
            raise ValueError(f'ConformerCABL was given {x.shape[-2]} x {x.shape[-1]} px (height x width); '
                             'it accepts 32 px and more on each side.')
        return tuple(self._output(x, tokens) for i, x, tokens in self._blocks(x)
                     if i in self.out_indices)

    def token_grid(self, shape: Tuple[int, int]) -> Tuple[int, int]:
        """(rows, columns) of the patch tokens of an input (H, W)."""
        return (shape[0] + 15) // 16, (shape[1] + 15) // 16

    def covered_shape(self, shape: Tuple[int, int]) -> Tuple[int, int]:
        """(height, width) in px that the token grid of an input (H, W) spans, padding included."""
        rows, columns = self.token_grid(shape)
        return 16 * rows, 16 * columns

    def train(self, mode: bool = True) -> 'ConformerCABL':
        """As ``nn.Module``: returns the module (mmpretrain's base class forgets to)."""
        super().train(mode)
        return self

    def folded(self) -> 'ConformerCABL':
        """A copy for inference, see :mod:`mmcabl.models.backbones.conformer_inference`."""
        clone = inferred(self)
        clone.__class__ = _Inferred
        return clone


class _Inferred(AmplifyingInPlace, ConformerCABL):
    """An output that a later block would overwrite is copied."""

    def _output(self, x: Tensor, tokens: Tensor):
        return super()._output(x.clone() if len(self.out_indices) > 1 else x, tokens)


def _amplify_first(layer: torch.nn.Module, module: torch.nn.Module, args: tuple) -> tuple:
    """A forward pre-hook: pass the first argument through ``layer``."""
    return (layer(args[0]), *args[1:])


def _check_arch(arch: Union[str, dict], zoo: dict) -> None:
    keys = {'embed_dims', 'channel_ratio', 'num_heads', 'depths'}
    if isinstance(arch, dict):
        if set(arch) != keys:
            raise ValueError(f'arch has the keys {sorted(arch)}; a custom arch needs exactly {sorted(keys)}.')
        if arch['depths'] < 3 or arch['depths'] % 3:
            raise ValueError(f'arch has depths={arch["depths"]}; a Conformer has three stages of equal '
                             'depth, so depths is a positive multiple of 3.')
        if arch['embed_dims'] % arch['num_heads']:
            raise ValueError(f'arch has embed_dims={arch["embed_dims"]}, which num_heads='
                             f'{arch["num_heads"]} does not divide.')
    elif not isinstance(arch, str) or arch.lower() not in zoo:
        raise ValueError(f'Unknown arch {arch!r}; accepted are {", ".join(sorted(zoo))}, or a dict with '
                         f'{sorted(keys)}.')
