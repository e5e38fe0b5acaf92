"""Attention block by block on a config's test images: entropy, correlation of A M with M, what spread is left.

    python benchmarks/attention.py CONFIG CHECKPOINT --images 40 [--cfg-options ...]

Entropy 1 is uniform: A M is then the mean of M everywhere, and min-max blows up the rest. A correlation below 0 means
that Eq. (2) turns the map over. Means over manipulated images, evenly taken from each data set.
"""

import argparse
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.registry import DATASETS, MODELS, init_default_scope

from mmcabl.checkpoints import load_exactly
from mmcabl.models.localizers.attention_statistics import AttentionStatistics
from mmcabl.models.localizers.class_map import unite
from mmcabl.utils.data_configs import opened


def built(config: str, checkpoint: str, options: Dict[str, Any]) -> Tuple[Config, torch.nn.Module]:
    """A config with its options, and its model with the checkpoint's weights, to infer with."""
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(options)
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model)
    load_exactly(model, checkpoint)
    return cfg, model.eval()


def manipulated(cfg: Config, images: int) -> Iterator[Any]:
    """(name of the data set, packed sample) of manipulated test images."""
    dataset = opened(cfg.test_dataloader.dataset)
    for part in dataset.get('datasets', [dataset]):
        built = DATASETS.build(part)
        forged = [i for i in range(len(built)) if built.get_data_info(i)['gt_label'] == 1]
        for i in np.unique(np.linspace(0, len(forged) - 1, images).round().astype(int)) if forged else ():
            yield part.get('name') or part['type'], built[forged[i]]


@torch.no_grad()
def measure(model: torch.nn.Module, sample: Dict[str, Any]) -> List[Dict[str, float]]:
    """Rows of one image, at its own size."""
    data = model.data_preprocessor(dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']]), False)
    batch, recorder = data['inputs'][0][None], AttentionStatistics()
    with recorder.attach(model.backbone):
        feats = model.backbone(batch)
    shape = tuple(batch.shape[-2:])
    maps = model.head.class_maps(feats, shape, model.backbone.token_grid(shape))
    return recorder.measure(unite(maps, model.union)[:, model.class_index][:, None])


def table(rows: List[List[Dict[str, float]]]) -> str:
    """Means over images, as Markdown."""
    lines = ['| block | entropy / log N | correlation of A M with M | spread of A M / of M |', '|---|---|---|---|']
    for block in range(len(rows[0])):
        means = (np.nanmean([row[block][key] for row in rows]) for key in ('entropy', 'correlation', 'spread'))
        name = 'average' if block == len(rows[0]) - 1 else block + 1
        lines.append(f'| {name} | ' + ' | '.join(f'{value:.3f}' for value in means) + ' |')
    return '\n'.join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--images', type=int, default=40, help='of each data set')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    args = parser.parse_args()
    cfg, model = built(args.config, args.checkpoint, args.cfg_options)
    found: Dict[str, List[List[Dict[str, float]]]] = {}
    for name, sample in manipulated(cfg, args.images):
        found.setdefault(name, []).append(measure(model, sample))
    for name, rows in found.items():
        print(f'{name}, {len(rows)} manipulated images\n\n{table(rows)}\n')


if __name__ == '__main__':
    main()
