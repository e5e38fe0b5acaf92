"""Reports on their way to the browser: in memory, for whoever holds the ticket, once."""

import secrets
import time
from threading import Lock
from typing import Callable, Dict, Optional, Tuple


class Tickets:
    """Files for one download each.

    Args:
        seconds: after which a ticket is void.
        most: tickets at a time; the oldest go first.
    """

    def __init__(self, seconds: float = 120, most: int = 8, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.most, self._clock = seconds, most, clock
        self._files: Dict[str, Tuple[float, bytes]] = {}
        self._lock = Lock()

    def give(self, data: bytes) -> str:
        """A ticket for a file."""
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            self._sweep()
            self._files[ticket] = self._clock(), data
            while len(self._files) > self.most:
                del self._files[next(iter(self._files))]
        return ticket

    def take(self, ticket: str) -> Optional[bytes]:
        """The file, which is then gone; None for a ticket that is void."""
        with self._lock:
            self._sweep()
            return self._files.pop(ticket, (0., None))[1]

    def sweep(self) -> None:
        """Let go of what was not fetched."""
        with self._lock:
            self._sweep()

    def __len__(self) -> int:
        return len(self._files)

    def _sweep(self) -> None:
        limit = self._clock() - self.seconds
        for ticket in [t for t, (when, _) in self._files.items() if when < limit]:
            del self._files[ticket]
