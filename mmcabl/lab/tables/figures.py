"""Fig. 4, a grid of results, and Fig. 5, curves over perturbations."""

from pathlib import Path
from typing import Dict, List, Mapping, Sequence

import cv2
import matplotlib
import numpy as np

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402, after the choice of a backend without windows

from mmcabl.images import read_image  # noqa: E402
from mmcabl.utils.files import write_png  # noqa: E402

PERTURBATIONS = {'jpeg': 'JPEG quality', 'blur': 'Gaussian blur, kernel in px', 'resize': 'resized by',
                 'noise': 'Gaussian noise, sigma in grey levels', 'social': 'social network, largest side in px'}
PANELS = ('image', 'truth', 'CAM and prompts', 'refined mask')


def grid(overlays: Sequence[Path], out: Path, width: int = 1200, rows: int = 12) -> None:
    """Fig. 4: image, truth, CAM with its prompts and refined mask of several images, one below the other.

    Args:
        overlays: pictures that ``LocalizationOverlayHook`` wrote.
        out: PNG to write.
        width: of it in px.
        rows: images at most, taken evenly.

    Raises:
        FileNotFoundError: there are no overlays.
    """
    if not overlays:
        raise FileNotFoundError(f'No overlays to make {out} of; LocalizationOverlayHook writes them in a test.')
    chosen = [overlays[i] for i in np.unique(np.linspace(0, len(overlays) - 1, rows).round().astype(int))]
    strips = [_headline(width)]
    for path in chosen:
        picture = read_image(path)
        height = max(1, round(picture.shape[0] * width / picture.shape[1]))
        strips += [cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA),
                   np.full((max(2, width // 240), width, 3), 255, np.uint8)]
    write_png(out, np.vstack(strips))


def _headline(width: int) -> np.ndarray:
    strip = np.full((max(18, width // 34), width, 3), 255, np.uint8)
    for i, title in enumerate(PANELS):
        cv2.putText(strip, title, (round(i * width / len(PANELS)) + 6, strip.shape[0] - 8), cv2.FONT_HERSHEY_SIMPLEX,
                    width / 2400, (0, 0, 0), 1, cv2.LINE_AA)
    return strip


def points(summaries: Sequence[Mapping[str, float]], metric: str = 'p_f1') -> Dict[str, List[tuple]]:
    """Kind -> (value, mean over seeds, standard deviation) in the order of values, from names like ``jpeg_70``."""
    found: Dict[str, List[tuple]] = {kind: [] for kind in PERTURBATIONS}
    for key in dict.fromkeys(key for summary in summaries for key in summary):
        name, _, number = key.partition('/')
        kind, _, value = name.partition('_')
        if number == metric and kind in found:
            values = np.array([summary[key] for summary in summaries if key in summary])
            spread = float(values.std(ddof=1)) if len(values) > 1 else 0.
            found[kind].append((float(value), float(values.mean()), spread))
    return {kind: sorted(rows) for kind, rows in found.items() if rows}


def curves(summaries: Sequence[Mapping[str, float]], out: Path) -> None:
    """Fig. 5: P-F1 of the final mask over every perturbation, beside the clean images and all ones."""
    found = points(summaries)
    if not found:
        raise FileNotFoundError(f'No perturbed results to make {out} of.')
    clean, ones = (float(np.mean([s[f'clean/{key}'] for s in summaries])) for key in ('p_f1', 'p_f1_all_ones'))
    figure, axes = plt.subplots(1, len(found), figsize=(3.2 * len(found), 3), sharey=True, squeeze=False)
    for axis, (kind, rows) in zip(axes[0], found.items()):
        x, y, spread = zip(*rows)
        axis.errorbar(x, y, yerr=spread if len(summaries) > 1 else None, marker='o', capsize=3, label='perturbed')
        axis.axhline(clean, linestyle='--', color='tab:green', label='clean')
        axis.axhline(ones, linestyle=':', color='grey', label='all ones')
        axis.set_xlabel(PERTURBATIONS[kind])
        axis.set_ylim(0, 1)
        if kind == 'jpeg':
            axis.invert_xaxis()  # stronger to the right, as in the other panels
    axes[0][0].set_ylabel('P-F1')
    axes[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(str(out), dpi=120)
    plt.close(figure)
