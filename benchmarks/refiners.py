"""Refiners: CPU (or GPU) seconds an image with the prompts point, box and box + point, against SAM ViT-B.

    python benchmarks/refiners.py --rounds 3
    python benchmarks/refiners.py --only predictor fused-bf16 sam2.1-tiny

``predictor`` is segment-anything's own (one ``set_image``, three ``predict``), ``sam`` :class:`SAMRefiner` as it is
by default; the others are its options, Hugging Face's models, and the refiners without weights. Each round takes
another photograph and runs all of them in turn; the table has the median of the rounds, least and greatest, and the
ratio to ``predictor``.

All weights are random, with position embeddings that are not zero: times are those of trained ones, masks are not.
For ViT-B's variants the table also says how alike the results are to ``predictor``'s: correlation of the
low-resolution logits, IoU of the masks at threshold 0, and IoU at the median of predictor's logits, which makes half
the image foreground however the random decoder is biased. That shows the rounding of the computation on natural
images; trained weights have larger activations in places, and nothing here tells their masks.
"""

import argparse
import statistics
import time
from functools import partial
from typing import Callable, Dict, List

import cv2
import numpy as np
import torch

from mmcabl.lab.synthetic.photographs import embedded_photographs
from mmcabl.refinement.prompting import make_prompts
from mmcabl.registry import MODELS

KINDS = ['point', 'box', 'box_point']
SAM = {'sam': {}, 'sam-fused': dict(fused=True), 'sam-bf16': dict(precision='bfloat16'),
       'sam-fused-bf16': dict(fused=True, precision='bfloat16'),
       'sam-fused-bf16-compile': dict(fused=True, precision='bfloat16', compile=True)}
#: name -> (model_type, options of TransformersRefiner)
HUGGING_FACE = {'hf-sam': ('sam', {}), 'sam2.1-tiny': ('sam2', {}), 'sam2.1-tiny-bf16': ('sam2', dict(
    precision='bfloat16')), 'edgetam': ('edgetam', {}), 'edgetam-bf16': ('edgetam', dict(precision='bfloat16'))}
PLAIN = {'grabcut': 'GrabCutRefiner'}
REPVIT = dict(model_type='edgetam_vision_model', backbone_config=dict(
    model_type='timm_wrapper', architecture='repvit_m1', num_classes=1000,
    model_args=dict(in_chans=3, features_only=True, out_indices=[0, 1, 2, 3])))


def random_sam(tiny: bool):
    from segment_anything import sam_model_registry
    from segment_anything.build_sam import _build_sam
    torch.manual_seed(0)
    sam = _build_sam(24, 2, 2, [1]) if tiny else sam_model_registry['vit_b']()
    return positioned(sam)


def positioned(model):
    for name, value in model.named_parameters():
        if 'pos' in name:
            value.data.normal_(0, .1)
    return model.eval()


def hugging_face(kind: str, device: str, options: dict):
    import transformers

    from mmcabl.refinement import TransformersRefiner
    from mmcabl.refinement.transformers_configs import KINDS as CLASSES
    names = CLASSES[kind]
    config = getattr(transformers, names.config).from_dict(dict(vision_config=REPVIT) if kind == 'edgetam' else {})
    torch.manual_seed(0)
    model = positioned(getattr(transformers, names.model)(config))
    return TransformersRefiner(model=model, processor=getattr(transformers, names.processor)(), device=device,
                               **options)


def predictor_of(sam) -> Callable:
    from segment_anything import SamPredictor
    predictor = SamPredictor(sam)

    def refine(images, prompts, kinds) -> List:
        predictor.set_image(images[0])
        masks = []
        for kind in kinds:
            box, points, labels = prompts[0].select(kind)
            masks.append(predictor.predict(points if len(points) else None, labels if len(points) else None,
                                           None if box is None else np.array(box), multimask_output=False))
        return [masks]

    return refine


def build(name: str, device: str, tiny: bool):
    """A function from images, prompts and kinds to results; for ViT-B's with the refiner's predictor beside it."""
    if name == 'predictor':
        return predictor_of(random_sam(tiny).to(device))
    if name in SAM:
        return MODELS.build(dict(type='mmcabl.SAMRefiner', sam=random_sam(tiny), device=device, **SAM[name])).refine
    if name in HUGGING_FACE:
        return hugging_face(HUGGING_FACE[name][0], device, HUGGING_FACE[name][1]).refine
    return MODELS.build(dict(type=f'mmcabl.{PLAIN[name]}')).refine


def likeness(refine: Callable, encoded: Dict, image, prompts, expected) -> Dict[str, List[float]]:
    """Of a ViT-B variant's low-resolution logits and masks to predictor's, over the prompts."""
    refiner = refine.__self__
    refiner._use(image, encoded[id(refiner.sam)][0])
    found: Dict[str, List[float]] = {'corr': [], 'iou': [], 'iou_median': []}
    for kind, (masks, _, logits) in zip(KINDS, expected):
        box, points, labels = prompts.select(kind)
        own, _, low = refiner.predictor.predict(points if len(points) else None, labels if len(points) else None,
                                                None if box is None else np.array(box), multimask_output=False)
        found['corr'].append(float(np.corrcoef(low.ravel(), logits.ravel())[0, 1]))
        found['iou'].append(iou(own, masks))
        middle = np.median(logits)
        found['iou_median'].append(iou(low > middle, logits > middle))
    return found


def keep(encoded: Dict, key: int, module, args, out) -> None:
    encoded[key] = out.float()


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


def prompts_of(image: np.ndarray):
    """Those of a smooth blob somewhere in the image."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    cam = np.exp(-(((y - .4 * height) / (.25 * height)) ** 2 + ((x - .55 * width) / (.2 * width)) ** 2))
    return make_prompts(cam.astype(np.float32), cam >= .5)


def show(seconds: Dict[str, List[float]], alike: Dict[str, Dict[str, List[float]]]) -> None:
    """The table of the rounds so far."""
    print(f'{len(next(iter(seconds.values())))} rounds')
    print(f'{"":24}{"s an image":>11}{"least":>9}{"most":>9}{"times predictor":>17}   least corr, IoU, IoU at median')
    base = statistics.median(seconds['predictor']) if 'predictor' in seconds else float('nan')
    for name, values in seconds.items():
        middle = statistics.median(values)
        said = '   '.join(f'{min(v):.4f}' for v in alike.get(name, {}).values())
        print(f'{name:24}{middle:11.3f}{min(values):9.3f}{max(values):9.3f}{base / middle:16.1f}x   {said}',
              flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ['predictor', *SAM, *HUGGING_FACE, *PLAIN]
    parser.add_argument('--only', nargs='+', choices=names, default=[n for n in names if 'compile' not in n])
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--tiny', action='store_true', help='a SAM of two blocks, to try the script')
    args = parser.parse_args()
    paths = [path for path in embedded_photographs('train') if path.suffix in ('.png', '.jpg')]
    images = [cv2.imread(str(path))[..., ::-1].copy() for path, _ in zip(paths * args.rounds, range(args.rounds))]
    clock = time.process_time if args.device == 'cpu' else time.perf_counter
    seconds: Dict[str, List[float]] = {name: [] for name in args.only}
    alike: Dict[str, Dict[str, List[float]]] = {}
    refiners = {name: build(name, args.device, args.tiny) for name in args.only}
    encoded: Dict[int, torch.Tensor] = {}
    for name in set(args.only) & set(SAM):
        sam = refiners[name].__self__.sam
        sam.image_encoder.register_forward_hook(partial(keep, encoded, id(sam)))
    for name in args.only:  # warm: allocations, and what is compiled
        if 'compile' in name or args.device != 'cpu':
            refiners[name](images[:1], [prompts_of(images[0])], KINDS)
    for image in images:
        prompts, expected = prompts_of(image), None
        for name, refine in refiners.items():
            start = clock()
            result = refine([image], [prompts], KINDS)
            if args.device != 'cpu':
                torch.cuda.synchronize()
            seconds[name].append(clock() - start)
            if name == 'predictor':
                expected = result[0]
            elif name in SAM and expected is not None:
                for key, values in likeness(refine, encoded, image, prompts, expected).items():
                    alike.setdefault(name, {}).setdefault(key, []).extend(values)
        show(seconds, alike)


if __name__ == '__main__':
    main()
