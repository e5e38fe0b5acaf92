from pathlib import Path
from typing import Any, Dict, List, Union

import torch
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper

from mmcabl.checkpoints.matching import weights_digest
from mmcabl.records.fields import has
from mmcabl.records.journal import Journal, Record
from mmcabl.structures.forensic_sample import Key

#: Every record has these, and ``metrics``.
REQUIRED = {'dataset': 'text', 'index': 'int64', 'image': 'text', 'unreadable': 'bool'}


class ResultStore:
    """Per-image results: a folder with one ``images.<rank>.jsonl`` for each process that wrote; see :class:`Journal`.

    A record has ``dataset``, ``index``, ``image`` (as :func:`to_text` writes it), ``unreadable``, ``failed`` with its
    ``reason``, ``metrics``, and what else is known of the image: ``label``, ``score``, ``prompts``, ``mask``,
    ``note``. ``rank`` is this process's among those that write at the same time.
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


def is_test_record(record: Record) -> bool:
    """Whether a dict out of a journal has what a record needs, in types and ranges that tables can hold."""
    metrics, prompts = record.get('metrics'), record.get('prompts') or {}
    return (has(record, REQUIRED) and isinstance(metrics, dict) and isinstance(prompts, dict)
            and all(v is None or isinstance(v, dict) for v in metrics.values())
            and all(v is None or isinstance(v, list) for v in prompts.values()))


def fingerprint(model: torch.nn.Module, *settings: Any) -> str:
    """Eight hexadecimal digits that change with any weight of the model or any of the settings.

    Settings are whatever else the results depend on, with a ``repr`` that is the same in every process. What wraps a
    model for several processes does not count. The types in which a localizer infers and a refiner's
    ``precision='auto'`` encodes do, as this machine has them.
    """
    model = model.module if is_model_wrapper(model) else model
    if inferred_in(model) != 'float32':
        settings = (*settings, inferred_in(model))
    settings = (*settings, *_refined_in(model))
    return weights_digest(model, repr(settings).encode(errors='surrogatepass'))[:8]


def inferred_in(model: torch.nn.Module) -> str:
    """The floating type in which a model infers: ``float32``, ``bfloat16``, ``float16``."""
    model = model.module if is_model_wrapper(model) else model
    return str(getattr(model, 'inference_dtype', torch.float32)).replace('torch.', '')


def _refined_in(model: torch.nn.Module) -> List[str]:
    refiner = getattr(getattr(model, 'postprocessor', None), 'refiner_config', {})
    if refiner.get('precision') != 'auto':
        return []
    from mmcabl.refinement.encoder_options import encoder_dtype
    weight = next(model.parameters(), torch.empty(0))
    return [f"refined in {encoder_dtype(torch.device(refiner.get('device') or weight.device), 'float32', 'auto')}"]


def rows_of(records: Dict[Key, Record], metric: str) -> List[tuple]:
    """One metric's results, as :class:`mmcabl.evaluation.PerImageMetric` keeps them; a failed image has none."""
    return [(key, bool(record['unreadable'] or record.get('failed')), record['metrics'].get(metric))
            for key, record in records.items()]
