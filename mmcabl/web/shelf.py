"""What is kept of each visitor's photographs: in memory, for a while, up to a size."""

import time
from collections import OrderedDict
from dataclasses import dataclass, fields
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import numpy as np

from mmcabl.structures import ForensicSample
from mmcabl.web.limits import Refused

GONE = 'This photograph is no longer held: it was dropped after a while, or to make room. Give it again.'


@dataclass
class Entry:
    """One photograph of a visitor.

    Attributes:
        name: of its file, without folders; unlike those of the visitor's others.
        sample: what is known of it, as it stands: another threshold or a drawing changes its prompts and mask.
        threshold: of the map.
        sha256: of the file.
        drawn: what a person drew, as the browser said it; the prompts and the mask are this person's then.
        kind: of the prompts (Table VI) that were drawn; '' for the model's own.
        used: when it was asked for, in seconds of ``time.monotonic``.
        note: what the model said of it, which stays beside whatever a person does.
    """

    name: str
    sample: ForensicSample
    threshold: float
    sha256: str = ''
    drawn: Optional[Dict[str, Any]] = None
    kind: str = ''
    used: float = 0.
    note: str = ''

    @property
    def size(self) -> int:
        """Bytes of its arrays."""
        sample = self.sample
        arrays = [getattr(sample, field.name) for field in fields(sample)] + list(sample.masks.values())
        return sum({id(a): a.nbytes for a in arrays if isinstance(a, np.ndarray)}.values())


class Shelf:
    """Entries by visitor and key; the newest is held however large it is.

    Args:
        most: bytes of all of them.
        seconds: after which one that is not asked for goes.
    """

    def __init__(self, most: float, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.seconds, self._clock = most, seconds, clock
        self._entries: OrderedDict[Tuple[str, str], Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes of all."""
        return sum(entry.size for entry in self._entries.values())

    def put(self, owner: str, key: str, entry: Entry) -> None:
        """Take an entry in, and let those go that are too old or, the longest unused first, too much."""
        entry.used = self._clock()
        self._entries[owner, key] = entry
        self._entries.move_to_end((owner, key))
        self.sweep()
        while self.size > self.most and len(self._entries) > 1:
            self._entries.popitem(last=False)

    def get(self, owner: str, key: str) -> Entry:
        """An entry of this visitor's.

        Raises:
            Refused: it is not there, or another visitor's.
        """
        entry = self._entries.get((owner, key))
        if entry is None:
            raise Refused(GONE)
        entry.used = self._clock()
        self._entries.move_to_end((owner, key))
        return entry

    def of(self, owner: str) -> Iterator[Tuple[str, Entry]]:
        """(key, entry) of a visitor's, in the order they came."""
        found = [(key, entry) for (whose, key), entry in self._entries.items() if whose == owner]
        return iter(sorted(found, key=lambda pair: pair[0]))

    def forget(self, owner: str) -> None:
        """Let go of all of a visitor's."""
        for key in [key for key in self._entries if key[0] == owner]:
            del self._entries[key]

    def sweep(self) -> None:
        """Let go of what nobody has asked for."""
        limit = self._clock() - self.seconds
        for key in [key for key, entry in self._entries.items() if entry.used < limit]:
            del self._entries[key]
