"""EXIF's eight orientations. Forensic work is on the stored grid; only what people see is turned upright."""

import cv2
import numpy as np

#: EXIF orientation -> what turns the stored picture upright; 1 is upright as stored
UPRIGHT = {
    2: lambda a: cv2.flip(a, 1), 3: lambda a: cv2.rotate(a, cv2.ROTATE_180), 4: lambda a: cv2.flip(a, 0),
    5: cv2.transpose, 6: lambda a: cv2.rotate(a, cv2.ROTATE_90_CLOCKWISE),
    7: lambda a: cv2.rotate(cv2.transpose(a), cv2.ROTATE_180),
    8: lambda a: cv2.rotate(a, cv2.ROTATE_90_COUNTERCLOCKWISE)}
#: 6 and 8 undo each other, the others themselves
INVERSE = {6: 8, 8: 6}


def upright(image: np.ndarray, orientation: int = 1) -> np.ndarray:
    """The stored picture (H, W) or (H, W, C), of bool or a type OpenCV has, as people are to see it.

    (W, H, ...) for orientations 5 to 8; any but EXIF's 1 to 8 means 1, as viewers take it.
    """
    turn = UPRIGHT.get(orientation)
    if turn is None:
        return image
    if image.dtype == bool:
        return turn(np.ascontiguousarray(image).view(np.uint8)).view(bool)
    return turn(np.ascontiguousarray(image))


def stored(image: np.ndarray, orientation: int = 1) -> np.ndarray:
    """The inverse of :func:`upright`: an upright picture back on the stored grid."""
    return upright(image, INVERSE.get(orientation, orientation))
