"""What a training or a test needs and lacks, read from its config: data, weights, SAM's file, a place to write."""

import os
import tempfile
from importlib import util
from pathlib import Path
from typing import Any, List, Optional

from mmengine.config import Config

from mmcabl.images import is_local
from mmcabl.utils.data_configs import data_sets_in, dicts_in, listed_only, type_name

ELSEWHERE = '--cfg-options {option}=FOLDER gives another, docs/datasets.md says how data sets are laid out.'


def training_needs(cfg: Config, overwrite: bool = False) -> List[str]:
    """What a training lacks, a sentence each; ``overwrite``: it may write over checkpoints of another."""
    found = [f'The starting weights {path} are not a file ({key}).'
             for key, node in dicts_in(cfg.get('model'), 'model')
             if node.get('type') == 'Pretrained' and _is_missing_file(path := node.get('checkpoint'))]
    for name in ('train_dataloader', 'val_dataloader'):
        found += _missing_roots((cfg.get(name) or {}).get('dataset'), f'{name}.dataset')
    found += missing_weights(cfg) + _cannot_write(cfg.get('work_dir'))
    return found + ([] if cfg.get('resume') or overwrite else _other_training(cfg.get('work_dir')))


def test_needs(cfg: Config, listed: bool = False) -> List[str]:
    """What a test lacks, a sentence each; ``listed``: also find data sets without images, by listing them."""
    found = [sentence for key in ('model', 'custom_hooks') for sentence in _missing_sam(cfg.get(key), key)]
    dataset = (cfg.get('test_dataloader') or {}).get('dataset')
    missing = _missing_roots(dataset, 'test_dataloader.dataset')
    if listed and not missing:
        missing = _unlistable(dataset, cfg.get('default_scope') or 'mmengine')
    return found + missing + _cannot_write(cfg.get('work_dir'))


test_needs.__test__ = False  # no test, whatever pytest takes its name for


def _is_missing_file(path: Optional[str]) -> bool:
    """Whether it is a path, not a URL or a name of a model zoo, and no file is there."""
    return bool(path) and '://' not in str(path) and not os.path.isfile(os.path.expanduser(str(path)))


def missing_weights(cfg: Config) -> List[str]:
    """A sentence where the checkpoint to begin with, or to test, is not there."""
    path = cfg.get('load_from')
    return [f'The checkpoint {path} is not a file.'] if _is_missing_file(path) else []


def _missing_roots(dataset: Any, key: str) -> List[str]:
    found = []
    for name, option, node in data_sets_in(dataset, key):
        root, file = node.get('data_root'), node.get('ann_file')
        if not is_local(root or '', node.get('backend_args')):
            continue  # a store says so itself
        if root and not os.path.isdir(root):
            found.append(f'The data root {root} is not a folder ({option}): ' + ELSEWHERE.format(option=option))
        elif isinstance(file, str) and file and _is_missing_file(os.path.join(root or '', file)):
            found.append(f'The list {os.path.join(root or "", file)} is not a file ({name}.ann_file).')
    return found


def _unlistable(dataset: Any, scope: str) -> List[str]:
    found, seen = [], set()
    for name, _, node in data_sets_in(dataset, 'test_dataloader.dataset'):
        if 'type' not in node or not ('data_root' in node or 'ann_file' in node):
            continue
        listing = {k: v for k, v in node.items() if k not in ('pipeline', 'name')}
        if repr(listing) in seen:
            continue  # one root under many perturbations
        seen.add(repr(listing))
        try:
            listed_only(listing, scope)
        except Exception as error:  # whatever it is, the test would end with it
            found.append(f'{name}: {error}')
    return found


def _missing_sam(cfg: Any, key: str) -> List[str]:
    found = []
    for name, node in dicts_in(cfg, key):
        refiner, kinds = node.get('refiner') or {}, {node.get('prompt', 'box_point'), *node.get('compare', ())}
        if kinds != {'null'} and type_name(refiner) == 'TransformersRefiner':
            found += _missing_transformers(refiner, name)
        if kinds == {'null'} or type_name(refiner) != 'SAMRefiner':
            continue
        if util.find_spec('segment_anything') is None:
            found.append('SAMRefiner needs the package segment-anything: pip install segment-anything.')
        path = refiner.get('checkpoint')
        if not path or _is_missing_file(path):
            from mmcabl.refinement.sam import PUBLISHED, PUBLISHED_AT  # imports torch
            file, size = PUBLISHED.get(refiner.get('model', 'vit_h'), ('the weights', 0))
            found.append(f"SAM's weights {path or '(no path)'} are not a file ({name}.refiner.checkpoint): download "
                         f'{file} ({size} MB) from {PUBLISHED_AT}{file}, or refine with mmcabl.GrabCutRefiner.')
    return found


def _missing_transformers(refiner: Any, name: str) -> List[str]:
    found, path = [], refiner.get('path')
    if util.find_spec('transformers') is None:
        found.append("TransformersRefiner needs the package transformers: pip install 'mmcabl[transformers]'.")
    if not path or not os.path.exists(os.path.expanduser(str(path))):
        found.append(f'The folder of weights {path or "(no path)"} is not there ({name}.refiner.path): nothing is '
                     'fetched, download the model as it is published, or refine with mmcabl.GrabCutRefiner.')
    return found


def _other_training(folder: Optional[str]) -> List[str]:
    """mmengine writes over checkpoints of the same name, and removes older ones."""
    there = sorted(p.name for kind in ('epoch', 'iter') for p in Path(folder or '.').glob(f'{kind}_*.pth'))
    if not there or not folder:
        return []
    return [f'{folder} holds the checkpoints of a training ({", ".join(there)}), which a new one would write over: '
            'go on with it (--resume; mmpretrain: --resume auto), give another --work-dir, or set '
            'default_hooks.preflight.overwrite=True.']


def _cannot_write(folder: Optional[str]) -> List[str]:
    if not folder:
        return []
    place = os.path.abspath(folder)
    while not os.path.exists(place):
        place = os.path.dirname(place)
    try:
        with tempfile.TemporaryFile(dir=place):
            return []
    except OSError as error:
        return [f'Nothing can be written to {folder} ({error.strerror or error}); give another --work-dir.']
