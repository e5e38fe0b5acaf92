"""What happens when a visitor does something: between the page's parts and the worker."""

from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Set, Tuple

from mmcabl.web.limits import Limits, Refused
from mmcabl.web.tickets import Tickets
from mmcabl.web.uploads import plain_name, remove, take
from mmcabl.web.worker import Worker


class Visits:
    """The page's actions, of one visitor each; ``who`` is the visitor's secret.

    Args:
        worker: which has an :class:`mmcabl.web.engine.Engine`.
        limits: of files.
        folder: of uploads.
    """

    def __init__(self, worker: Worker, limits: Limits, folder: Path) -> None:
        self.worker, self.limits, self.folder, self.tickets = worker, limits, folder, Tickets()
        self._gone: Set[str] = set()
        self._troubles: Dict[str, List[Dict[str, str]]] = {}  # of each visitor's last files

    def judge(self, who: str, files: Sequence[Tuple[Any, Any]], decision: float) -> Iterator[Dict[str, Any]]:
        """Judge files, (path, name for people), one after the other and remove each; yields what is then shown.

        A file that cannot be judged is a line of its own with a sentence.
        """
        self._gone.discard(who)
        troubles = self._troubles[who] = []
        chosen = ''
        try:
            for number, (file, given_name) in enumerate(files):
                name = plain_name(given_name)
                try:
                    path = str(take(file, self.folder, self.limits.file_bytes))
                    key = self.worker.ask('check', who, path, name)
                    chosen = chosen or key
                except Refused as error:
                    troubles.append(dict(name='' if str(error).startswith(name) else name, reason=str(error)))
                finally:
                    remove(file, self.folder)
                if who in self._gone:
                    return
                left = len(files) - number - 1
                yield self.shown(who, chosen, decision, f'{left} more to come ...' if left else '')
        finally:
            for file, _ in files:
                remove(file, self.folder)
            if who in self._gone:  # the tab was closed meanwhile
                self.leave(who)

    def shown(self, who: str, key: str, decision: Any, note: str = '') -> Dict[str, Any]:
        """``list`` and ``view`` of a photograph at a decision threshold."""
        decision = _decision(decision)
        rows = self.worker.ask('rows', who, decision)
        view = self.worker.ask('view', who, key, decision) if key else None
        return dict(list=dict(rows=rows, troubles=self._troubles.get(who, []), chosen=key, note=note), view=view)

    def move(self, who: str, key: Any, decision: Any, threshold: Any) -> Dict[str, Any]:
        """The view at another threshold of the map."""
        return self.worker.ask('move', who, str(key), _decision(decision), threshold)

    def draw(self, who: str, key: Any, decision: Any, drawing: Any) -> Dict[str, Any]:
        """The view with the refiner's answer to a drawing."""
        return self.worker.ask('ask', who, str(key), _decision(decision), drawing)

    def report(self, who: str, decision: Any) -> str:
        """A ticket for the report."""
        return self.tickets.give(self.worker.ask('report', who, _decision(decision)))

    def leave(self, who: str) -> None:
        """Nothing of a visitor's is kept."""
        self._troubles.pop(who, None)
        self._gone.add(who)
        if len(self._gone) > 10000:
            self._gone.clear()
        self.worker.tell('forget', who)


def _decision(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise Refused('The decision threshold is a number from 0 to 1.')
