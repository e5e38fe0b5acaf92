"""Which errors are an image's own, and which are the program's."""

from typing import Any, Callable

import cv2
from mmengine.logging import print_log

#: What odd or hostile pixels make NumPy, OpenCV and PyTorch raise. Whatever else is raised (TypeError, KeyError, an
#: OSError in writing, ...) is a fault of the program or the machine and ends the run.
IMAGE_ERRORS = (ValueError, ArithmeticError, MemoryError, RuntimeError, cv2.error)
#: RuntimeErrors that no image can cause.
NOT_AN_IMAGES = (NotImplementedError, RecursionError)


class ImageFailed(Exception):
    """One image failed; the message is the reason, one line."""


class Failures:
    """Lets single images fail, says so, counts them, and stops when it cannot be the images.

    ``limit`` failures with nothing that succeeds between them end the run; 0: never.
    """

    def __init__(self, limit: int = 50) -> None:
        self.limit, self.count, self.in_a_row = limit, 0, 0

    def attempt(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """``function(*arguments)``, which is about one image.

        Raises:
            ImageFailed: it raised one of :data:`IMAGE_ERRORS`.
        """
        try:
            return function(*arguments)
        except NOT_AN_IMAGES:
            raise
        except IMAGE_ERRORS as error:
            if str(error).startswith('CUDA error'):
                raise  # the device is lost to this process, whatever comes next
            kind = type(error).__name__
            raise ImageFailed(one_line(f'{kind}: {error}' if str(error) else kind)) from error

    def succeeded(self) -> None:
        """An image has come through."""
        self.in_a_row = 0

    def note(self, name: str, reason: str) -> None:
        """An image has failed: log and count it.

        Raises:
            RuntimeError: so many failed one after the other that it is not the images.
        """
        print_log(f'{name} failed and is left out: {reason}', logger='current', level=30)
        self.count, self.in_a_row = self.count + 1, self.in_a_row + 1
        if self.limit and self.in_a_row >= self.limit:
            raise RuntimeError(f'{self.in_a_row} images failed one after the other, so something else than the '
                               f'images is wrong; the last, {name}: {reason}')


def one_line(text: str) -> str:
    """Printable UTF-8 without line breaks, 500 characters at most: what a table's cell can hold."""
    return ' '.join(text.encode(errors='backslashreplace').decode().split())[:500]
