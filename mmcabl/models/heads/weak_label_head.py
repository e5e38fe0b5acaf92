from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn import functional as F

from mmcabl.models.heads.labels import label_targets, set_prediction
from mmcabl.models.layers.thin_conv import ThinConv2d
from mmcabl.models.layers.token_grid import only_grid
from mmcabl.registry import MODELS

#: Which classifiers' biases the class maps carry.
MAP_BIASES = ('both', 'none', 'conv')
#: How a map of logits becomes one logit, and which tokens the transformer's classifier looks at.
POOLINGS, SUMMARIES = ('mean', 'lse'), ('class', 'patches')


@MODELS.register_module()
class WeakLabelHead(BaseModule):
    """Image-level classifiers on a convolutional map, on transformer tokens, or on both; Eq. (3).

    The convolutional classifier is TransCAM's: a convolution to class maps, then global average pooling.
    The transformer classifier is a linear layer on the class token. The loss is the sum of one binary
    cross-entropy for each branch.

    Args:
        in_channels: channels of the convolutional map; None: the backbone has none (a ViT).
        embed_dims: channels of the tokens; None: the backbone has none (a ResNet).
        num_classes: 1, the default, is the paper's: one logit, "manipulated". More classes are
            independent labels, each with its own BCE.
        kernel_size: of the convolutional classifier.
        with_cls_token: whether the first token is a class token; otherwise patch tokens are averaged.
        loss: config of the loss of each branch.
        map_bias: whose bias the class maps carry. ``both``: each map is in units of its branch's logit, 0 is
            undecided in either, and a maximum of the two compares like with like; ``none``: neither; ``conv``:
            the convolutional map alone, as TransCAM has it, which unites no maps. In a maximum, ``conv`` favours
            one branch by its bias everywhere; in a sum or without a second branch, all three differ by a constant.
        pooling: how the convolutional class map becomes its branch's logit. ``mean``: TransCAM's global average;
            ``lse``: log-mean-exp, between mean and maximum, so that a small region is not outvoted (ours).
        sharpness: of ``lse``: near 0 the mean, at infinity the maximum.
        token_summary: what the transformer's classifier looks at. ``class``: the class token (without one, the mean
            of the patch tokens); ``patches``: every patch token, pooled as ``pooling`` says, so that the map of the
            patch tokens is trained and not only read off (ours).
        init_cfg: as of any mmengine module.

    The features it takes are a backbone's tuple; its last entry is a map (B, C, h, w), tokens
    (B, 1 + N, D), or the pair of both, as ``ConformerCABL(out_type='raw')`` returns.
    """

    def __init__(self, in_channels: Optional[int] = None, embed_dims: Optional[int] = None,
                 num_classes: int = 1, kernel_size: int = 3, with_cls_token: bool = True,
                 loss: Optional[dict] = None, map_bias: str = 'both',
                 pooling: str = 'mean', sharpness: float = 3., token_summary: str = 'class',
                 init_cfg: Optional[dict] = dict(type='TruncNormal', layer=['Conv2d', 'Linear'],
                                                 std=0.02)) -> None:
        super().__init__(init_cfg)
        if in_channels is None and embed_dims is None:
            raise ValueError('WeakLabelHead needs in_channels (a convolutional map), embed_dims (tokens) '
                             'or both; neither was given.')
        if num_classes < 1:
            raise ValueError(f'WeakLabelHead was given num_classes={num_classes}; it accepts 1 and more.')
        for given, accepted, name in ((map_bias, MAP_BIASES, 'map_bias'), (pooling, POOLINGS, 'pooling'),
                                      (token_summary, SUMMARIES, 'token_summary')):
            if given not in accepted:
                raise ValueError(f'Unknown {name} {given!r} of WeakLabelHead; accepted are {", ".join(accepted)}.')
        if not sharpness > 0:
            raise ValueError(f'WeakLabelHead was given sharpness={sharpness}; it accepts positive numbers.')
        self.map_bias, self.pooling, self.sharpness, self.token_summary = map_bias, pooling, sharpness, token_summary
        self.num_classes = num_classes
        self.with_cls_token = with_cls_token
        self.conv_cls_head = None if in_channels is None else ThinConv2d(in_channels, num_classes, kernel_size)
        self.trans_cls_head = None if embed_dims is None else nn.Linear(embed_dims, num_classes)
        self.loss_module = MMPRETRAIN_MODELS.build(
            loss or dict(type='mmpretrain.CrossEntropyLoss', use_sigmoid=True))

    def pre_logits(self, feats: Sequence) -> Tuple[Optional[Tensor], Optional[Tensor]]:
        """The last stage's ``(map, tokens)``, None for a branch that this head does not have."""
        last = feats[-1]
        entries = [last] if isinstance(last, Tensor) else list(last)
        maps = [e for e in entries if e.ndim == 4]
        tokens = [e for e in entries if e.ndim == 3]
        for branch, found, option in ((self.conv_cls_head, maps, 'in_channels'),
                                      (self.trans_cls_head, tokens, 'embed_dims')):
            if branch is not None and not found:
                shapes = [tuple(e.shape) for e in entries]
                raise ValueError(f'WeakLabelHead has {option} set, but the backbone returned {shapes}; set '
                                 f'{option}=None or the backbone\'s out_type to one that keeps positions '
                                 "(Conformer and ViT: 'raw').")
        return (maps[0] if self.conv_cls_head is not None else None,
                tokens[0] if self.trans_cls_head is not None else None)

    def forward(self, feats: Sequence) -> Dict[str, Tensor]:
        """Logits (B, num_classes) of each branch, under ``conv`` and ``trans``."""
        x, tokens = self.pre_logits(feats)
        logits = {}
        if x is not None:
            logits['conv'] = self._pool(self.conv_cls_head(x).flatten(2))
        if tokens is not None and self.token_summary == 'patches':
            patches = tokens[:, int(self.with_cls_token):]
            logits['trans'] = self._pool(self.trans_cls_head(patches).transpose(1, 2))
        elif tokens is not None:
            summary = tokens[:, 0] if self.with_cls_token else tokens.mean(1)
            logits['trans'] = self.trans_cls_head(summary)
        return logits

    def _pool(self, scores: Tensor) -> Tensor:
        """(B, num_classes, N) logits of positions to (B, num_classes)."""
        if self.pooling == 'mean':
            return scores.mean(-1)
        scaled = scores.float() * self.sharpness
        # the second is log N, which a tracer would take for a constant
        return (scaled.logsumexp(-1) - torch.zeros_like(scaled).logsumexp(-1)) / self.sharpness

    def class_maps(self, feats: Sequence, input_shape: Tuple[int, int],
                   grid: Optional[Tuple[int, int]] = None) -> Dict[str, Tensor]:
        """Class maps of each branch, ``M_C`` and ``M_T`` of Eq. (2).

        Args:
            feats: as in :meth:`forward`.
            input_shape: (H, W) of the network's input.
            grid: (rows, columns) of the patch tokens, as the backbone has it; see
                :func:`mmcabl.models.layers.token_grid.token_grid`. None: the only one that fits.

        Returns:
            ``conv``: (B, num_classes, h, w), the convolutional classifier before pooling: with its bias, its mean
            is the logit; ``trans``: (B, num_classes, rows, columns), the transformer's classifier on every patch
            token: with its bias, the logit if that token were the class token. Unbounded.

        Raises:
            ValueError: the tokens do not form the grid, or without one, no grid or several.
        """
        x, tokens = self.pre_logits(feats)
        maps = {}
        if x is not None:
            maps['conv'] = self.conv_cls_head(x, with_bias=self.map_bias != 'none')
        if tokens is not None:
            patches = tokens[:, int(self.with_cls_token):]
            bias = self.trans_cls_head.bias if self.map_bias == 'both' else None
            scores = F.linear(patches, self.trans_cls_head.weight, bias).transpose(1, 2)
            rows, columns = grid or only_grid(patches.size(1), input_shape)
            if rows * columns != patches.size(1):
                raise ValueError(f'The backbone returned {patches.size(1)} patch tokens where its grid is {rows} x '
                                 f'{columns}; with_cls_token={self.with_cls_token} leaves out '
                                 f'{int(self.with_cls_token)} token before them.')
            maps['trans'] = scores.unflatten(2, (rows, columns))
        return maps

    def score(self, logits: Dict[str, Tensor]) -> Tensor:
        """Mean probability over the branches, (B, num_classes) in [0, 1], float32."""
        return torch.stack([v.float().sigmoid() for v in logits.values()]).mean(0)

    def loss(self, feats: Sequence, data_samples: List[DataSample], **kwargs) -> Dict[str, Tensor]:
        """``loss_conv`` and ``loss_trans``, whose sum is Eq. (3). Reads image-level labels only."""
        target = label_targets(data_samples, self.num_classes)
        return {f'loss_{branch}': self.loss_module(v.float(), target.to(v.device), **kwargs)
                for branch, v in self(feats).items()}

    def predict(self, feats: Sequence, data_samples: Optional[List[DataSample]] = None,
                ) -> List[DataSample]:
        """Set ``pred_score`` and ``pred_label`` of each sample, see :func:`set_prediction`."""
        scores = self.score(self(feats)).detach()
        samples = data_samples or [DataSample() for _ in scores]
        for sample, score in zip(samples, scores):
            set_prediction(sample, score)
        return samples
