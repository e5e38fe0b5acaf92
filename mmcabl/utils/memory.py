import ctypes
import sys


def give_back() -> None:
    """Memory that was freed goes back to the system where the C library keeps it for later (glibc)."""
    trim = getattr(ctypes.CDLL(None), 'malloc_trim', None) if sys.platform.startswith('linux') else None
    if trim is not None:
        trim(0)
