"""How many cores this process may use. Imports nothing: worker processes start fast."""

import os


def usable_cores() -> int:
    """Cores this process may use, at least 1; all of the machine's where the system does not tell which."""
    if hasattr(os, 'process_cpu_count'):
        return os.process_cpu_count() or 1
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
