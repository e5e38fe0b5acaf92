"""Per-image results on disk: appended one by one, complete up to the last whole line after any kill."""

import hashlib
from pathlib import Path
from typing import Any, Dict, List, Union

import torch
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper

from mmcabl.records.fields import has
from mmcabl.records.journal import Journal, Record
from mmcabl.structures.forensic_sample import Key
from mmcabl.utils.names import to_text

#: Every record has these, and ``metrics``.
REQUIRED = {'dataset': 'text', 'index': 'int64', 'image': 'text', 'unreadable': 'bool'}


class ResultStore:
    """A folder with one ``images.<rank>.jsonl`` for each process that wrote to it; see :class:`Journal`.

    A record has ``dataset``, ``index``, ``image`` (as :func:`to_text` writes it), ``unreadable``, ``failed`` with its
    ``reason``, ``metrics``, and what else is known of the image: ``label``, ``score``, ``prompts``, ``mask``,
    ``note``.

    Args:
        folder: made when missing.
        rank: of this process among those that write at the same time.
    """

    def __init__(self, folder: Union[str, Path], rank: int = 0) -> None:
        self.folder, self.rank = Path(folder), rank
        self.journal = Journal(self.folder / f'images.{rank:05d}.jsonl', is_test_record)
        self.append, self.close = self.journal.append, self.journal.close

    @property
    def path(self) -> Path:
        """This process's file."""
        return self.journal.path

    def read(self) -> Dict[Key, Record]:
        """Every whole record of all processes, each image once: the last one, but no failure after a success."""
        records: Dict[Key, Record] = {}
        for path in sorted(self.folder.glob('images.*.jsonl')):
            journal = Journal(path, is_test_record)
            for record in journal.read():
                key = key_of_record(record)
                if not record.get('failed') or records.get(key, record).get('failed'):
                    records[key] = record
            if journal.damaged:
                print_log(f'{path} has lines that are no whole records ({journal.damaged}; a kill cuts the last '
                          'one); they are passed over, and images without a record are done again.',
                          logger='current', level=30)
        return records


def key_of_record(record: Record) -> Key:
    """Data set name, index, path as text."""
    return Key(record['dataset'], record['index'], record['image'])


def as_text(key: Key) -> Key:
    """The key of an image's record from the key of its sample."""
    return Key(key[0], key[1], to_text(key[2]))


def is_test_record(record: Record) -> bool:
    """Whether a dict out of a journal has what a record needs, in types and ranges that tables can hold."""
    metrics, prompts = record.get('metrics'), record.get('prompts') or {}
    return (has(record, REQUIRED) and isinstance(metrics, dict) and isinstance(prompts, dict)
            and all(v is None or isinstance(v, dict) for v in metrics.values())
            and all(v is None or isinstance(v, list) for v in prompts.values()))


def fingerprint(model: torch.nn.Module, *settings: Any) -> str:
    """Eight hexadecimal digits that change with any weight of the model or any of the settings.

    Args:
        model: its parameters and buffers count, name by name, bit by bit; what wraps it for several processes
            does not.
        settings: whatever else the results depend on; anything with a ``repr`` that is the same in every process.
    """
    digest = hashlib.sha256(repr(settings).encode(errors='surrogatepass'))
    model = model.module if is_model_wrapper(model) else model
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        if isinstance(value, torch.Tensor):
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()[:8]


def rows_of(records: Dict[Key, Record], metric: str) -> List[tuple]:
    """One metric's results, as :class:`mmcabl.evaluation.PerImageMetric` keeps them; a failed image has none."""
    return [(key, bool(record['unreadable'] or record.get('failed')), record['metrics'].get(metric))
            for key, record in records.items()]
