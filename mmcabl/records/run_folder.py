import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List

from mmengine.config import Config
from mmengine.logging import print_log
from torch import nn

from mmcabl.records.journal import Record
from mmcabl.records.store import fingerprint, inferred_in
from mmcabl.structures.forensic_sample import Key
from mmcabl.utils.files import write_whole
from mmcabl.utils.names import to_text
from mmcabl.version import __version__

#: Parts of the config that results depend on, besides the data set.
SETTINGS = ('model', 'test_evaluator', 'test_cfg', 'custom_hooks')


class RunFolder:
    """``<top>/<fingerprint>`` for one combination of weights, settings and images.

    The images count one by one, by data set, position and path: where some came or went, positions have moved, and
    results of both lists in one folder would count images twice.

    Attributes:
        keys: of the data set's images in its order, as those of records are.
        folder: for their results.
        precision: the floating type in which the model infers on this machine.
    """

    def __init__(self, top: Path, model: nn.Module, cfg: Config, dataset: Any) -> None:
        settings = {key: cfg.get(key) for key in SETTINGS}
        settings['dataset'] = cfg.get('test_dataloader', {}).get('dataset')
        self.top, self.dataset = top, dataset
        self.settings = fingerprint(model, __version__, json.dumps(settings, sort_keys=True, default=str))
        self.precision = inferred_in(model)
        self.keys: List[Key] = [_key(dataset.get_data_info(i)) for i in range(len(dataset))]
        digest = hashlib.sha256(self.settings.encode())
        for key in self.keys:
            digest.update(json.dumps(key).encode())
        self.folder = top / digest.hexdigest()[:8]

    def claim(self) -> None:
        """Note in the folder what it is of; say so when the same test was made with other images."""
        for path in sorted(self.top.glob('*/about.json')):
            try:
                about = json.loads(path.read_text())
            except (OSError, ValueError):
                continue
            if path.parent != self.folder and isinstance(about, dict) and about.get('settings') == self.settings:
                print_log(f'The test images are not those of {path.parent}: {len(self.keys)} now, '
                          f'{about.get("images")} then. All are computed, with results in {self.folder}.',
                          logger='current', level=30)
        about = dict(settings=self.settings, images=len(self.keys), precision=self.precision)
        write_whole(self.folder / 'about.json', json.dumps(about) + '\n')

    def keep_listed(self, records: Dict[Key, Record]) -> Dict[Key, Record]:
        """The records of the data set's images."""
        listed = set(self.keys)
        return {key: record for key, record in records.items() if key in listed}


def _key(info: Dict[str, Any]) -> Key:
    return Key(str(info.get('dataset_name') or ''), int(info.get('sample_idx', -1)),
               to_text(str(info.get('img_path', ''))))
