"""What CABL's edges see of real splices, layer by layer: do the borders of a forgery stand out?

    python benchmarks/edges.py CONFIG CHECKPOINT --images 100 [--pictures FOLDER] [--cfg-options ...]

For each CABL layer of the network and for the image's own grey levels: the AUC of the edge response E (mean over
channels) for pixels within a few pixels of the mask's border against all others; 0.5 says that a splice's border is
an edge like any other. And the mean of E: near 1, the layer doubles its input everywhere and marks nothing. Over
manipulated images with masks, evenly taken from each data set, with the standard error over images.
"""

import argparse
from pathlib import Path
from typing import Dict, List, Optional

import cv2
import numpy as np
import torch
from mmengine.config import DictAction
from sklearn.metrics import roc_auc_score

from mmcabl.models.layers.cabl import CABL
from mmcabl.models.layers.edge import edge_magnitude, normalize_edges
from mmcabl.utils.files import write_png

from attention import built, manipulated  # isort: skip  # the script beside it

#: Half of the width in px of what counts as a mask's border; responses are averaged over as much.
REACH = 6
#: px along the image's frame that do not count: its padding is an edge too.
FRAME = 16


def border(mask: np.ndarray) -> np.ndarray:
    """Pixels within ``REACH`` of a change in a mask (H, W) bool."""
    kernel = np.ones((2 * REACH + 1, ) * 2, np.uint8)
    return (cv2.dilate(mask.astype(np.uint8), kernel) - cv2.erode(mask.astype(np.uint8), kernel)) > 0


def auc(near: np.ndarray, response: np.ndarray) -> float:
    """Of a response for the pixels of a border (H, W) bool; nan where the inner part of the image has no such."""
    inner = np.s_[FRAME:-FRAME, FRAME:-FRAME]
    smooth = cv2.blur(response, (2 * REACH + 1, ) * 2)[inner]
    truth = near[inner]
    return roc_auc_score(truth.ravel(), smooth.ravel()) if truth.any() and not truth.all() else float('nan')


@torch.no_grad()
def responses(model: torch.nn.Module, pixels: torch.Tensor) -> Dict[str, np.ndarray]:
    """Edge maps (H, W) in [0, 1] of an image (3, H, W): of its grey levels, then of each CABL layer's input."""
    found: Dict[str, np.ndarray] = {}

    def edges(name: str, x: torch.Tensor, layer: CABL) -> None:
        response = normalize_edges(edge_magnitude(x.float(), layer.operator), layer.norm)[0].mean(0).numpy()
        found[name] = cv2.resize(response, pixels.shape[:0:-1], interpolation=cv2.INTER_LINEAR)

    layers = {name: module for name, module in model.backbone.named_modules() if isinstance(module, CABL)}
    if not layers:
        raise SystemExit('This network has no CABL layer; give the config of one that has.')
    data = model.data_preprocessor(dict(inputs=[pixels]), False)['inputs'][0][None]
    edges('grey levels', data.mean(1, keepdim=True), next(iter(layers.values())))
    hooks = [module.register_forward_pre_hook(lambda layer, args, name=name: edges(name, args[0], layer))
             for name, module in layers.items()]
    try:
        model.backbone(data)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def picture(pixels: np.ndarray, mask: np.ndarray, found: Dict[str, np.ndarray]) -> np.ndarray:
    """Image, truth, and each response over its own largest value, side by side (BGR uint8)."""
    grey = [mask * 255., *(255 * each / max(each.max(), 1e-6) for each in found.values())]
    return np.hstack([pixels, *(cv2.cvtColor(each.astype(np.uint8), cv2.COLOR_GRAY2BGR) for each in grey)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--images', type=int, default=100, help='of each data set')
    parser.add_argument('--pictures', type=Path, help='folder for image, truth and responses')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    args = parser.parse_args()
    cfg, model = built(args.config, args.checkpoint, args.cfg_options)
    aucs: Dict[str, Dict[str, List[float]]] = {}
    sizes: Dict[str, Dict[str, List[float]]] = {}
    for number, (name, sample) in enumerate(manipulated(cfg, args.images)):
        mask: Optional[np.ndarray] = sample['data_samples'].get('gt_mask')
        near = None if mask is None else border(np.asarray(mask) > 0)
        if near is None:
            continue
        found = responses(model, sample['inputs'])
        for layer, response in found.items():
            aucs.setdefault(name, {}).setdefault(layer, []).append(auc(near, response))
            sizes.setdefault(name, {}).setdefault(layer, []).append(float(response.mean()))
        if args.pictures:
            pixels = np.ascontiguousarray(sample['inputs'].numpy().transpose(1, 2, 0))
            write_png(args.pictures / f'{number:04d}.png', picture(pixels, np.asarray(mask) > 0, found))
    for name, layers in aucs.items():
        print(f'\n{name}, {len(next(iter(layers.values())))} manipulated images\n')
        print("| edges of | AUC at the mask's border | mean response |\n|---|---|---|")
        for layer, values in layers.items():
            print(f'| {layer} | {np.nanmean(values):.3f} ± {np.nanstd(values) / len(values) ** 0.5:.3f} '
                  f'| {np.mean(sizes[name][layer]):.2f} |')


if __name__ == '__main__':
    main()
