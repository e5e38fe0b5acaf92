import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

import numpy as np

from mmcabl.refinement.map_refiner import MapRefiner
from mmcabl.refinement.prompting import NORMALIZATIONS, finite_map, make_prompts
from mmcabl.refinement.refiner import Refiner
from mmcabl.registry import MODELS
from mmcabl.structures.prompts import Prompts, check_kind

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Refinement:
    """Everything CGSR finds in one map (H, W)."""

    cam_raw: np.ndarray
    cam: np.ndarray
    coarse_mask: np.ndarray
    prompts: Prompts
    masks: Dict[str, np.ndarray]
    kind: str

    def fields(self) -> dict:
        """As fields of a data sample; see ``WeaklySupervisedLocalizer``."""
        return dict(cam_raw=self.cam_raw, cam=self.cam, coarse_mask=self.coarse_mask,
                    prompts=asdict(self.prompts), masks=self.masks, pred_mask=self.masks[self.kind])


@MODELS.register_module()
class CGSR:
    """CAM-Guided SAM Refinement: prompts from a map, masks from prompts. The map may come from any model.

    1. coarse mask: the min-max normalised map, thresholded; 2. box: bounding rectangle of its largest
    component; 3. points: maximum and minimum of the map before normalisation; 4. a frozen refiner turns
    them into masks. An empty coarse mask (a constant map) gives empty masks.

    Args:
        refiner: config of a registered refiner, ``mmcabl.GrabCutRefiner`` or ``mmcabl.SAMRefiner``.
        prompt: the kind whose mask is the final one: ``null`` (the coarse mask itself), ``point``,
            ``box``, ``box_point`` (Table VI).
        compare: further kinds to compute too; the image is encoded once whatever their number.
        threshold: of the normalised map, in (0, 1).
        normalize: ``min_max`` (the paper), or ``none`` for maps that are probabilities: values are cut to [0, 1] and
            compared with the threshold as they are, so an image may have no mask at all.
    """

    def __init__(self, refiner: Optional[dict] = None, prompt: str = 'box_point', compare: Sequence[str] = (),
                 threshold: float = 0.5, normalize: str = 'min_max') -> None:
        if normalize not in NORMALIZATIONS:
            raise ValueError(f'Unknown normalize {normalize!r} of CGSR; accepted are {", ".join(NORMALIZATIONS)}.')
        if not 0 < threshold < 1:
            raise ValueError(f'CGSR was given threshold={threshold}; it accepts 0 < threshold < 1.')
        self.prompt = check_kind(prompt)
        self.kinds = list(dict.fromkeys([*map(check_kind, compare), prompt]))
        self.threshold, self.normalize = threshold, normalize
        refiner = {'type': 'mmcabl.GrabCutRefiner', **(refiner or {})}
        # Built at the first use: a config that names SAM's weights can be read where they are not.
        self.refiner_config = refiner
        self._refiner: Optional[Refiner] = None

    @property
    def refiner(self) -> Refiner:
        """The refiner, built at the first use."""
        if self._refiner is None:
            self._refiner = MODELS.build(self.refiner_config)
        return self._refiner

    def _refiner_on(self, device: Optional['torch.device']) -> Refiner:
        if device is None:
            return self.refiner
        if self._refiner is None and device.type == 'cuda':
            import torch  # each thread begins on the first GPU, and what is built there keeps its memory there
            with torch.cuda.device(device):
                return self.refiner.to(device)
        return self.refiner.to(device)

    def __call__(self, image: np.ndarray, cam: np.ndarray) -> Refinement:
        """One image (H, W, 3) uint8 RGB and its map (H, W), higher is more manipulated."""
        return self.batch([image], [cam])[0]

    def batch(self, images: Sequence[np.ndarray], cams: Sequence[np.ndarray], names: Optional[Sequence[str]] = None,
              device: Optional['torch.device'] = None) -> List[Refinement]:
        """Several images at once, of any sizes; ``names`` are for messages only.

        ``device`` is where the model runs that made the maps: a refiner with weights goes there (``Refiner.to``).
        """
        names = names or [''] * len(cams)
        for image, cam in zip(images, cams):
            if (image.shape != (*cam.shape, 3) or cam.ndim != 2 or not cam.size or image.dtype != np.uint8
                    or cam.dtype.kind not in 'buif'):
                raise ValueError('CGSR takes an (H, W, 3) uint8 RGB image and an (H, W) map of numbers of the same '
                                 f'size; it was given {image.dtype} {image.shape} and {cam.shape} {cam.dtype}.')
        cams = [_finite(cam, name) for cam, name in zip(cams, names)]
        normalised = [NORMALIZATIONS[self.normalize](cam) for cam in cams]
        coarse = [cam >= self.threshold for cam in normalised]
        prompts = [make_prompts(cam, mask) for cam, mask in zip(cams, coarse)]
        refined = self._refine(images, prompts, [k for k in self.kinds if k != 'null'], device, normalised)
        return [Refinement(cams[i], normalised[i], coarse[i], prompts[i],
                           {k: coarse[i] if k == 'null' else refined[i][k] for k in self.kinds},
                           self.prompt) for i in range(len(cams))]

    def refine(self, samples: Sequence[Any], maps: Sequence[np.ndarray],
               device: Optional['torch.device'] = None) -> None:
        """Set the fields of :class:`Refinement` on a :meth:`batch` of data samples that have their ``pixels``.

        Raises:
            ValueError: a sample has no pixels: see :func:`mmcabl.structures.keep_pixels`.
        """
        names = [str(sample.get('img_path', '')) for sample in samples]
        for name, sample in zip(names, samples):
            if 'pixels' not in sample:
                raise ValueError(f"{name or 'An image'} comes without its pixels, which refinement needs: call "
                                 "test_step, which keeps those of the pipeline, or set the model's refines=False.")
        found = self.batch([sample.pixels for sample in samples], maps, names, device)
        for sample, result in zip(samples, found):
            for field, value in result.fields().items():
                sample.set_field(value, field)

    def _refine(self, images: Sequence[np.ndarray], prompts: Sequence[Prompts], kinds: Sequence[str],
                device: Optional['torch.device'], maps: Sequence[np.ndarray]) -> List[Dict[str, np.ndarray]]:
        results = [{k: np.zeros(image.shape[:2], bool) for k in kinds} for image in images]
        todo = [i for i, p in enumerate(prompts) if p.box is not None] if kinds else []
        if todo:
            refiner = self._refiner_on(device)
            given = {}
            if isinstance(refiner, MapRefiner):
                given = dict(maps=[maps[i] for i in todo], threshold=self.threshold)
            masks = refiner.refine([images[i] for i in todo], [prompts[i] for i in todo], kinds, **given)
            for i, found in zip(todo, masks):
                results[i] = dict(zip(kinds, found))
        return results


def _finite(cam: np.ndarray, name: str) -> np.ndarray:
    """The map as finite float32, with a warning where it was not finite."""
    bad = int((~np.isfinite(cam)).sum())
    if bad:
        warnings.warn(f'The localization map of {name or "an image"} has {bad} of {cam.size} '
                      'values that are not finite; they count as its minimum, so they are in no mask.',
                      RuntimeWarning, stacklevel=3)
    return finite_map(cam)
