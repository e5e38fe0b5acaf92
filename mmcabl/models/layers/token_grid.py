"""How a backbone's patch tokens lie on its input. The backbone is asked; nothing is guessed."""

from typing import Optional, Tuple

from mmcv.cnn.bricks.transformer import PatchEmbed
from torch import nn

Shape = Tuple[int, int]


def token_grid(backbone: nn.Module, shape: Shape) -> Optional[Shape]:
    """(rows, columns) of the patch tokens of an input (H, W); None where the backbone cannot say.

    Those that can: a backbone with a method ``token_grid``, such as ``ConformerCABL``, and mmpretrain's ViTs, whose
    ``patch_embed`` is mmcv's.
    """
    asked = getattr(backbone, 'token_grid', None)
    if asked is not None:
        rows, columns = asked(shape)
        return rows, columns
    embed = _patch_embed(backbone)
    if embed is None:
        return None
    conv, padded = embed.projection, _padded(embed, shape)
    rows, columns = ((side + 2 * p - d * (k - 1) - 1) // s + 1 for side, p, d, k, s in zip(
        padded, conv.padding, conv.dilation, conv.kernel_size, conv.stride))
    return rows, columns


def covered_shape(backbone: nn.Module, shape: Shape) -> Shape:
    """(height, width) in px from the input's top left corner that its tokens or map span, padding included.

    The input's own shape where the backbone does not say.
    """
    asked = getattr(backbone, 'covered_shape', None)
    if asked is not None:
        height, width = asked(shape)
        return height, width
    embed = _patch_embed(backbone)
    if embed is not None and getattr(embed.adaptive_padding, 'padding', None) == 'corner':
        return _padded(embed, shape)
    return shape[0], shape[1]


def only_grid(count: int, shape: Shape) -> Shape:
    """(rows, columns) of ``count`` tokens of square patches on an input (H, W).

    Whatever the patches' side, and whether a last row or column that is not whole was padded or dropped: at most one
    grid has the number of tokens.

    Raises:
        ValueError: none has it.
    """
    height, width = shape
    for side in range(1, max(shape) + 1):
        for grid in ((-(-height // side), -(-width // side)), (height // side, width // side)):
            if grid[0] * grid[1] == count:
                return grid
    raise ValueError(f'{count} patch tokens of a {height} x {width} px input (height x width) form no grid of square '
                     'patches, and the backbone does not say which they form; give it a method '
                     'token_grid((height, width)) that returns (rows, columns).')


def _patch_embed(backbone: nn.Module) -> Optional[PatchEmbed]:
    """mmcv's patch embedding, where its grid is that of the last tokens too."""
    embed = getattr(backbone, 'patch_embed', None)
    # a hierarchical backbone merges patches later on, and its tokens are none of the embedding's
    merges = hasattr(backbone, 'stages') or hasattr(backbone, 'downsample_layers')
    return embed if isinstance(embed, PatchEmbed) and not merges else None


def _padded(embed: PatchEmbed, shape: Shape) -> Shape:
    more = embed.adaptive_padding.get_pad_shape(shape) if embed.adaptive_padding else (0, 0)
    return shape[0] + more[0], shape[1] + more[1]
