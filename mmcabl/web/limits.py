"""What one visitor, and all of them together, may ask of the page."""

import os
from dataclasses import dataclass, fields

from mmcabl.images.decoding import VARIABLE, pixel_limit

#: A page's photographs have 50 megapixels at most, unless ``MMCABL_MAX_PIXELS`` says otherwise.
PAGE_PIXELS = 50_000_000
MIB = 2 ** 20


class Refused(ValueError):
    """What the page will not or cannot do; the sentence is for the visitor."""


@dataclass(frozen=True)
class Limits:
    """Each is above 0.

    Attributes:
        file_mb: of one file, in MiB.
        megapixels: of one photograph; more are not decoded.
        photographs: that one visitor may have on the page at a time.
        seconds: of one request, after which it is given up.
        waiting: requests that are worked on or wait; more are refused at once.
        keep_minutes: how long photographs of a visitor who does nothing are kept.
        keep_mb: memory for all visitors' photographs and maps, in MiB; those not used for longest are dropped.
    """

    file_mb: float = 50
    megapixels: float = PAGE_PIXELS / 1e6
    photographs: int = 24
    seconds: float = 60
    waiting: int = 16
    keep_minutes: float = 60
    keep_mb: float = 1024

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < float('inf'):
                raise ValueError(f'The limit {field.name} of the page is {value}; accepted is a number above 0.')

    @property
    def file_bytes(self) -> int:
        return int(self.file_mb * MIB)

    @property
    def upload_bytes(self) -> int:
        """Of all files that lie in the upload folder at a time."""
        return 4 * self.photographs * self.file_bytes

    @property
    def pixels(self) -> int:
        return max(1, int(self.megapixels * 1e6))

    def told(self) -> str:
        """The limits in a sentence, for the page."""
        return (f'At most {self.photographs} photographs at a time, each of up to {self.file_mb:g} MB and '
                f'{self.megapixels:g} megapixels; {self.seconds:g} seconds for each.')


def default_megapixels() -> float:
    """Of the environment where it has a say, else :data:`PAGE_PIXELS`."""
    return (pixel_limit() if os.environ.get(VARIABLE) else PAGE_PIXELS) / 1e6
