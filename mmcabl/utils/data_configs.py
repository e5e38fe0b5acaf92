"""Data sets as configs have them: what is known of them before any is built, and without importing a toolbox."""

import os
import re
from typing import Any, Iterator, List, Mapping, Optional, Sequence, Tuple

from mmengine.registry import DATASETS

#: The paper's four test sets, by the names of their types and, below one root, of their folders.
SETS = ('CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020')
#: The pseudo data set under which metrics report the mean over data sets.
AVERAGE = 'average'
#: Steps of a pipeline that read the truth.
TRUTH_STEPS = ('LoadForgeryMask', 'LoadForgerySegMap')


def type_name(cfg: Mapping[str, Any]) -> str:
    """The type that a config names, without its scope; '' for none."""
    return str(cfg.get('type') or '').split('.')[-1]


def benchmark_parts(data_root: str = '', sets: Sequence[str] = SETS, roots: Optional[Mapping[str, str]] = None,
                    datasets: Optional[Sequence[Mapping]] = None, saved_again: Optional[Mapping[str, int]] = None,
                    **common: Any) -> List[Mapping[str, Any]]:
    """Configs of the data sets of a :class:`mmcabl.datasets.ForgeryBenchmark`, whose arguments these are.

    Raises:
        ValueError: no set, or one that the protocol does not have.
    """
    if isinstance(datasets, (list, tuple)):
        return list(datasets)
    if datasets is not None:
        raise ValueError(f'ForgeryBenchmark was given datasets={datasets!r}; it accepts a list of configs there, and '
                         'roots.<set>=FOLDER for the folder of one set.')
    sets, roots, again = [sets] if isinstance(sets, str) else list(sets), roots or {}, saved_again or {}
    unknown = [name for name in (*sets, *roots, *again) if name not in SETS]
    if unknown or not sets:
        raise ValueError(f'ForgeryBenchmark was given the sets {", ".join(map(str, unknown)) or "()"}; it accepts '
                         f'one or several of {", ".join(SETS)}, in sets, roots and saved_again.')
    parts = []
    for name in sets:
        parts.append(dict(type=f'mmcabl.{name}', data_root=str(roots.get(name) or os.path.join(data_root, name)),
                          **common))
        if again.get(name):
            parts.append(_saved_again(parts[-1], name, int(again[name])))
    return parts


def _saved_again(part: Mapping[str, Any], name: str, quality: int) -> Mapping[str, Any]:
    """A data set's config with every image compressed at one quality right behind its loading."""
    first, *rest = part.get('pipeline') or [dict(type='mmcabl.LoadForensicImage')]
    step = dict(type='mmcabl.JPEGCompression', quality=quality)
    return dict(part, name=f'{name}-q{quality}', pipeline=[first, step, *rest])


def is_saved_again(name: str) -> bool:
    """Whether a data set's name is that of another one with every image saved again; it counts in no average."""
    return re.fullmatch(r'.+-q\d+', name) is not None


def opened(dataset: Mapping[str, Any]) -> Mapping[str, Any]:
    """A ``ForgeryBenchmark`` as the ``ConcatDataset`` that it is; any other config as it is."""
    if type_name(dataset) != 'ForgeryBenchmark':
        return dataset
    common = {key: value for key, value in dataset.items() if key not in ('type', 'lazy_init')}
    return dict(type='ConcatDataset', datasets=benchmark_parts(**common))


def listed_only(dataset: Mapping[str, Any], scope: str) -> Any:
    """A data set, built, that knows its samples and loads none of them; ``scope`` is the toolbox of its type."""
    with DATASETS.switch_scope_and_registry(scope) as registry:
        return registry.build({**dataset, 'pipeline': [], 'serialize_data': False})


def dicts_in(node: Any, key: str) -> Iterator[Tuple[str, Mapping[str, Any]]]:
    """Every dict of a config with its dotted name."""
    if isinstance(node, Mapping):
        yield key, node
    items = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, (list, tuple)) else ()
    for name, value in items:
        yield from dicts_in(value, f'{key}.{name}')


def data_sets_in(node: Any, key: str) -> Iterator[Tuple[str, str, Mapping[str, Any]]]:
    """(dotted name, name of the option that is its root, config) of what may be a data set within a config."""
    for name, cfg in dicts_in(node, key):
        if type_name(cfg) == 'ForgeryBenchmark':
            yield from ((name, f'{name}.roots.{type_name(part)}', part) for part in opened(cfg)['datasets'])
        else:
            yield name, f'{name}.data_root', cfg
