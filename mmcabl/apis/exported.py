"""An exported model (``mmcabl export``) run by onnxruntime: NumPy and OpenCV around it, no torch."""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union, cast

import cv2
import numpy as np

from mmcabl.apis.image_stream import ImageStream, checked_threshold
from mmcabl.apis.inputs import Given, pixels_and_orientation
from mmcabl.apis.model_choice import Choice
from mmcabl.apis.refiner_choice import refiner_settings
from mmcabl.evidence.evidence import weigh
from mmcabl.evidence.known import finders_of
from mmcabl.export.about import card_of, read_about
from mmcabl.images import read_picture
from mmcabl.refinement.cgsr import CGSR
from mmcabl.structures.forensic_sample import ForensicSample
from mmcabl.utils.failures import Failures
from mmcabl.utils.names import to_text


@dataclass(frozen=True)
class Picture:
    """An image that was read: (H, W, 3) uint8 RGB on the stored grid, or why there is none."""

    source: str
    index: int
    pixels: Optional[np.ndarray] = None
    orientation: int = 1
    reason: str = ''


class ExportedInferencer(ImageStream):
    """As :class:`mmcabl.apis.ForensicInferencer`, of an ``.onnx`` file.

    A file of fixed size sees every image resized to it, which wipes out fine traces; one of free size sees images as
    they are, those below 32 px enlarged (to whole grey levels, so their numbers are not PyTorch's).

    Args:
        model: path of the file, or the choice of it.
        refiner: as of ``ForensicInferencer``; what the exported model's config had by default. SAM needs torch.
        threshold: as of ``ForensicInferencer``.

    Raises:
        ImportError: onnxruntime is not installed.
        ValueError: the file is none that ``mmcabl export`` wrote.
    """

    def __init__(self, model: Union[str, Choice], weights: Optional[str] = None, device: Optional[str] = None,
                 refiner: Union[str, Dict, None] = None, threshold: Optional[float] = None, **_: Any) -> None:
        path = model.weights if isinstance(model, Choice) else str(model)
        if weights:
            raise ValueError(f'{to_text(path)} holds its weights; others cannot be given.')
        if device not in (None, '', 'cpu'):
            raise ValueError(f'An exported model runs on the CPU here; {device!r} was given.')
        self.session = open_session(path)
        self.about = read_about(self.session.get_modelmeta().custom_metadata_map, to_text(path))
        self.card = card_of(self.about, path)
        self.threshold, self.failures = checked_threshold(threshold, self.card.threshold), Failures(limit=0)
        settings = dict(self.about['postprocessor'])
        if refiner is not None:
            settings.update(refiner_settings(refiner))
        chosen = dict(settings.pop('refiner'))
        self.cgsr = CGSR(chosen, **settings)
        if chosen.get('type') == 'mmcabl.GrabCutRefiner':  # the registry's way imports every model
            from mmcabl.refinement.grabcut import GrabCutRefiner
            self.cgsr._refiner = GrabCutRefiner(**{k: v for k, v in chosen.items() if k != 'type'})
        self.evidence = finders_of(self.about.get('evidence') or [], to_text(path))
        self.prompts_alone = CGSR(None, 'null', threshold=self.cgsr.threshold, normalize=self.cgsr.normalize)

    def __call__(self, inputs: Any, batch_size: int = 1, out_dir: str = '',
                 show: bool = False) -> List[ForensicSample]:
        """As ``ForensicInferencer``; images go through one by one."""
        found = list(self.stream(inputs, batch_size))
        if out_dir or show:
            self.visualize(found, out_dir, show)
        return found

    def visualize(self, samples: Sequence[ForensicSample], out_dir: str = '', show: bool = False,
                  ) -> List[Optional[np.ndarray]]:
        """As ``ForensicInferencer.visualize``, which imports torch."""
        from mmcabl.apis.inferencer import ForensicInferencer
        return ForensicInferencer.visualize(cast(Any, self), samples, out_dir, show)

    def load_one(self, index: int, given: Given) -> Picture:
        """One image; a file that cannot be read says why."""
        if not isinstance(given.content, str):
            pixels, orientation = pixels_and_orientation(given.content)
            return Picture(given.source, index, pixels, orientation)
        try:
            read = read_picture(given.content)
        except (OSError, ValueError) as error:
            return Picture(given.source, index, reason=str(error))
        return Picture(given.source, index, np.ascontiguousarray(read.array[..., ::-1]), read.orientation)

    def predict(self, loaded: Sequence[Picture]) -> List[ForensicSample]:
        """A sample for each picture."""
        return [self._judge(picture, picture.pixels) if picture.pixels is not None else ForensicSample(
            source=picture.source, index=picture.index, unreadable=True, reason=picture.reason) for picture in loaded]

    def score_and_map(self, pixels: np.ndarray) -> Any:
        """Score, and map (H, W) float32 before normalisation, of (H, W, 3) uint8 RGB."""
        height, width = pixels.shape[:2]
        least = self.about['least_side']
        size = tuple(self.about['size'] or (max(height, least), max(width, least)))
        if size != (height, width):
            smaller = size[0] * size[1] < height * width
            given = cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
        else:
            given = pixels
        score, cam = self.session.run(['score', 'map'], {'image': np.ascontiguousarray(given)[None]})
        return float(score[0]), cam[0] if size == (height, width) else cv2.resize(cam[0], (width, height))

    def _judge(self, picture: Picture, pixels: np.ndarray) -> ForensicSample:
        score, cam, note = weigh(self.evidence, pixels, *self.score_and_map(pixels))
        flagged = self.decide(score)
        found = (self.cgsr if flagged else self.prompts_alone)(pixels, cam).fields()
        return ForensicSample(
            source=picture.source, index=picture.index, orientation=picture.orientation, picture=pixels,
            note=note, score=score, raw_map=found['cam_raw'], cam=found['cam'], prompts=found['prompts'],
            flagged=flagged, masks=found['masks'] if flagged else {}, mask=found['pred_mask'] if flagged else None)


def open_session(path: str) -> Any:
    """An onnxruntime session on the CPU.

    Raises:
        ImportError: onnxruntime is not installed.
        ValueError: onnxruntime cannot read the file.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ImportError('Running an exported model needs onnxruntime, of the extra export: pip install '
                          "'mmcabl[export]'.") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    except Exception as error:  # noqa: B902 - a hostile file makes it raise types of its own
        raise ValueError(f'{to_text(path)} cannot be read as an ONNX model: {" ".join(str(error).split())[:200]}'
                         ) from None


def exported_card(path: str) -> Any:
    """The :class:`mmcabl.zoo.ModelCard` in an exported file; raises as :class:`ExportedInferencer`."""
    metadata: Mapping[str, str] = open_session(path).get_modelmeta().custom_metadata_map
    return card_of(read_about(metadata, to_text(path)), path)
