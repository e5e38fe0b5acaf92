"""The method's top class: backbone -> weak-label head -> CAM -> CGSR."""

from numbers import Integral
from typing import List, Optional, Sequence, Tuple, Union

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor

from mmcabl.evidence.evidence import EvidenceFinder, weigh
from mmcabl.models.backbones.blocks import Blocks
from mmcabl.models.heads.labels import set_prediction
from mmcabl.models.layers.token_grid import covered_shape, token_grid
from mmcabl.models.localizers.attention import METHODS, build_propagator
from mmcabl.models.localizers.class_map import UNIONS, localization_map
from mmcabl.models.localizers.folding import FoldedInference, fast_layout
from mmcabl.models.localizers.scales import Scale, batches, check_scales, to_image_size
from mmcabl.models.localizers.stock_inference import StockInference
from mmcabl.refinement.cgsr import CGSR
from mmcabl.registry import MODELS
from mmcabl.structures import unmirrored


@MODELS.register_module()
class WeaklySupervisedLocalizer(FoldedInference, StockInference, ImageClassifier):
    """Learns from image-level labels, predicts where an image was manipulated.

    An mmpretrain classifier: mmpretrain's Runner trains it with nothing but ``gt_label``. Its ``predict``
    adds the map of Eq. (2), averaged over test scales at the original size, and CGSR's masks.

    Args:
        backbone, neck, head: as of ``ImageClassifier``; the head is a ``mmcabl.WeakLabelHead``.
        postprocessor: config of the CAM-to-mask step, see :class:`mmcabl.refinement.CGSR`.
        scales: test scales: sides of squares in px, (height, width) pairs, ``'native'`` (each image's own size),
            ``'within N'`` (the same, the longer side at most N px).
        flip: also average over the mirrored images.
        union: ``max`` or ``sum``, how Eq. (2) unites the branches' maps; ``conv`` or ``trans``, one of them alone.
        attention: ``auto``, ``running``, ``stored_qk`` (equal results; speed and memory differ), or
            ``none``: the united map without attention, as for backbones that have none.
        attention_residual: r of ``(A + r I) M / (1 + r)`` in Eq. (2), as in attention rollout; 0, the default, is the
            paper's. Attention that is nearly uniform leaves but the mean of M, whose rest min-max then blows up;
            with a residual it leaves M itself (ours; ``docs/real.md``).
        attention_blocks: whose attention Eq. (2) averages; ``'all'``, the default, is the paper's.
        class_index: the class to localize; the last one by default.
        precision: in which numbers the backbone infers: ``float32``, the default, ``bfloat16``, ``float16``, ``int8``
            (convolutions and linear layers of a Conformer, on a CPU with instructions for it; the rest bfloat16), or
            ``auto``: bfloat16 on a CPU with instructions for it, float32 elsewhere (``docs/performance.md``).
        compile: infer with edge layers compiled by ``torch.compile``; needs a C++ compiler and, once, some seconds.
        scored_scales: how many of the scales, from the first on, the image score is the mean of; all by default, as
            in the paper. The map is always the mean of all.
        evidence: configs of finders that look at the pixels beside the network, such as ``mmcabl.KeypointCopyMove``;
            none by default, as in the paper. What they find raises the score and marks the map, see
            :func:`mmcabl.evidence.weigh`.
        data_preprocessor: ``mmcabl.ForensicDataPreprocessor`` by default.
        **kwargs: ``train_cfg``, ``pretrained``, ``init_cfg`` of ``ImageClassifier``.

    ``predict`` sets on each data sample, (H, W) being its original size:

    ==================  =====================================================================
    ``pred_score``      image scores in [0, 1], mean over branches and ``scored_scales``: (authentic, manipulated),
                        or (num_classes,) of several labels
    ``pred_label``      score >= 0.5
    ``cam_raw``         (H, W) float32, the averaged map before normalisation, unbounded
    ``cam``             (H, W) float32 in [0, 1], min-max normalised
    ``coarse_mask``     (H, W) bool, ``cam >= threshold``
    ``prompts``         dict: ``box`` XYXY, ``positive`` and ``negative`` (x, y), in pixels
    ``masks``           dict: final mask (H, W) bool for each prompt kind that was asked for
    ``pred_mask``       (H, W) bool, the mask of CGSR's own prompt kind
    ==================  =====================================================================

    An image that test-time augmentation mirrored (``flip``, ``flip_direction`` in its meta information) has all of
    these mirrored back. With ``refines=False`` evidence and CGSR are left out, and so is what follows from
    ``cam_raw``; :meth:`weigh` and then :meth:`refine` make up for it.
    """

    refines = True
    sample_type = DataSample

    def __init__(self, backbone: dict, head: dict, neck: Optional[dict] = None,
                 postprocessor: Optional[dict] = None, scales: Sequence[Scale] = (256, 512, 768),
                 flip: bool = False, union: str = 'max', attention: str = 'auto',
                 attention_residual: float = 0., attention_blocks: Blocks = 'all',
                 class_index: int = -1, precision: str = 'float32', compile: bool = False,
                 scored_scales: Optional[int] = None, evidence: Optional[Sequence[dict]] = None,
                 data_preprocessor: Optional[dict] = None, **kwargs) -> None:
        for given, accepted, name in ((union, UNIONS, 'union'),
                                      (attention, ('auto', 'none', *METHODS), 'attention')):
            if given not in accepted:
                raise ValueError(f'Unknown {name} {given!r}; accepted are {", ".join(accepted)}.')
        if not 0 <= attention_residual < float('inf'):
            raise ValueError(f'attention_residual={attention_residual!r}; accepted are 0 (the paper) and more.')
        if data_preprocessor is None or isinstance(data_preprocessor, dict):
            data_preprocessor = {'type': 'mmcabl.ForensicDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(backbone=backbone, neck=neck, head=head, data_preprocessor=data_preprocessor,
                         precision=precision, compile=compile, **kwargs)
        # Not a module on purpose: SAM's frozen weights belong neither to checkpoints nor to optimizers.
        self.postprocessor: CGSR = MODELS.build({'type': 'mmcabl.CGSR', **(postprocessor or {})})
        evidence = () if evidence is None else evidence
        if not isinstance(evidence, (list, tuple)) or not all(isinstance(each, dict) for each in evidence):
            raise ValueError(f'evidence={evidence!r}; accepted are lists of configs, and None for none.')
        self.evidence_configs = [dict(config) for config in evidence]
        self.evidence: List[EvidenceFinder] = [MODELS.build(dict(config)) for config in self.evidence_configs]
        self.scales = check_scales(scales)
        whole = isinstance(scored_scales, Integral) and not isinstance(scored_scales, bool)
        if scored_scales is not None and not (whole and 1 <= scored_scales <= len(self.scales)):
            raise ValueError(f'scored_scales={scored_scales!r}; accepted are 1 to the number of scales, '
                             f'{len(self.scales)} here, and None for all.')
        self.scored_scales = None if scored_scales is None else int(scored_scales)
        self.attention_residual, self.attention_blocks = attention_residual, attention_blocks
        self.flip, self.union, self.attention, self.class_index = flip, union, attention, class_index

    @property
    def judging_scales(self) -> int:
        """How many of the scales, from the first on, the image score is the mean of."""
        return min(self.scored_scales or len(self.scales), len(self.scales))

    @torch.no_grad()
    def score_and_map(self, batch: Tensor) -> Tuple[Tensor, Tensor]:
        """One forward pass at one scale of a normalised batch (B, 3, h, w).

        Returns:
            Image scores (B, num_classes) in [0, 1]; maps (B, gh, gw) of Eq. (2), float32, unbounded.
        """
        batch, propagator = fast_layout(batch), None
        if self.attention != 'none':
            tokens = batch.shape[-2] * batch.shape[-1] // 256
            propagator = build_propagator(self.attention, tokens, batch.device, self.attention_residual,
                                          self.attention_blocks)
        feats = self.infer(batch, propagator)
        if self.with_neck:
            feats = self.neck(feats)
        shape = tuple(batch.shape[-2:])
        maps = self.head.class_maps(feats, shape, token_grid(self.backbone, shape))
        cam = localization_map(maps, propagator, self.union)
        return self.head.score(self.head(feats)), cam[:, self.class_index]

    def localize(self, images: Sequence[Tensor], sizes: Sequence[Tuple[int, int]],
                 ) -> Tuple[Tensor, List[Tensor]]:
        """Scores and maps averaged over scales (and mirror images) at the images' own sizes.

        Args:
            images: normalised (3, h, w) tensors, any sizes.
            sizes: (H, W) of each map to return.

        Returns:
            Scores (B, num_classes); maps, one (H, W) each, float32 on the images' device.
        """
        scores, maps = [0] * len(images), [0] * len(images)
        flips = (False, True) if self.flip else (False,)
        judging = self.judging_scales
        for group, by_input, batch in batches(images, self.scales):
            inside = tuple(batch.shape[-2:])
            covered = covered_shape(self.backbone, inside)
            for flip in flips:
                score, cam = self.score_and_map(batch.flip(-1) if flip else batch)
                for (i, numbers), s, m in zip(group.items(), score, cam):
                    back = to_image_size(m[None], covered, inside, inside if by_input else sizes[i])
                    back = to_image_size(back, inside, inside, sizes[i])[0] if by_input else back[0]
                    share = len(self.scales) * len(flips) / len(numbers)
                    maps[i] = maps[i] + (back.flip(-1) if flip else back) / share
                    judged = sum(number < judging for number in numbers)
                    if judged:
                        scores[i] = scores[i] + s / (judging * len(flips) / judged)
        return torch.stack(scores), maps

    def predict(self, inputs: Union[Tensor, Sequence[Tensor]],
                data_samples: Optional[List[DataSample]] = None, **kwargs) -> List[DataSample]:
        """Set the fields of the class's docstring on samples, for normalised images (3, h, w) of any sizes.

        Their ``ori_shape``, if set, is the size of the results; CGSR looks at the ``pixels`` that the data
        preprocessor keeps.
        """
        samples = data_samples or [self.sample_type() for _ in inputs]
        sizes = [tuple(s.get('ori_shape', x.shape[-2:]))[:2] for s, x in zip(samples, inputs)]
        scores, maps = self.localize(list(inputs), sizes)
        for sample, score, cam in zip(samples, scores, maps):
            set_prediction(sample, score)
            sample.set_field(unmirrored(cam.cpu().numpy(), sample), 'cam_raw')
        if self.refines:
            self.weigh(samples)
            self.refine(samples)
        return samples

    def weigh(self, samples: Sequence[DataSample]) -> None:
        """Evidence: raise the samples' scores, mark their ``cam_raw`` and set a ``note`` where there is any; once."""
        for sample in samples if self.evidence else ():
            if 'weighed' in sample:  # a batch that failed later is done again image by image
                continue
            if 'pixels' not in sample:
                raise ValueError(f"{sample.get('img_path') or 'An image'} comes without its pixels; evidence is "
                                 "sought in them: call test_step, which keeps those of the pipeline, or set "
                                 "the model's evidence=[].")
            score, one = sample.pred_score.clone(), self.head.num_classes == 1
            which = -1 if one else self.class_index
            score[which], cam, note = weigh(self.evidence, sample.pixels, float(score[which]), sample.cam_raw)
            set_prediction(sample, score[-1:] if one else score)
            sample.set_field(cam, 'cam_raw')
            sample.set_field(True, 'weighed', dtype=None)
            if note:
                sample.set_field(' '.join(filter(None, (sample.get('note'), note))), 'note', dtype=None)

    def refine(self, samples: Sequence[DataSample]) -> None:
        """CGSR: set what follows from the samples' ``cam_raw`` and ``pixels``."""
        self.postprocessor.refine(samples, [s.cam_raw for s in samples], next(self.parameters()).device)
