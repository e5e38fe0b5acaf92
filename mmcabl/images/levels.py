"""What white is: integers of many widths and floats are published with several ranges."""

import numpy as np

#: Whites that are in use: 8, 10, 12, 14 and 16 bits.
LEVELS = (255, 1023, 4095, 16383, 65535)
#: By which part of the range floats may leave it: resampling overshoots.
OVERSHOOT = 0.05


def full_scale(array: np.ndarray) -> float:
    """The value of white in an image or mask, from its type and the largest value in it.

    ========================  ==========================================================================
    bool; 8 bits              1; the type's largest value
    16 and 32 bits            the least of 255, 1023, 4095, 16383, 65535 that is not exceeded, so that
                              12 bits in 16 have a white of 4095; else the type's largest value
    floats                    the least of 1, 255, 65535 that is not exceeded by more than 5%
    ========================  ==========================================================================

    Raises:
        ValueError: values that are not finite, negative ones (floats: below -5% of white), floats far above 65535.
            The text has no subject; callers put the file's name before it.
    """
    if array.dtype == bool:
        return 1.
    low, high = (float(array.min()), float(array.max())) if array.size else (0., 0.)
    if array.dtype.kind == 'f':
        if not np.isfinite([low, high]).all():  # min and max pass on what is not a number
            raise ValueError('there are values that are not finite')
        white = next((level for level in (1, 255, 65535) if high <= level * (1 + OVERSHOOT)), None)
        if white is None or low < -OVERSHOOT * white:
            raise ValueError(f'there are values from {low:g} to {high:g}; accepted is 0 to 1, 255 or 65535')
        return float(white)
    if low < 0:
        raise ValueError(f'there are negative values (the least is {low:g}); accepted is 0 for black')
    top = float(np.iinfo(array.dtype).max)
    return top if array.dtype.itemsize == 1 else float(next((n for n in LEVELS if high <= n <= top), top))
