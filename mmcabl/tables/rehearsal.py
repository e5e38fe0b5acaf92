"""Data of the rehearsal: a training set and four test sets in the benchmark data sets' native layouts."""

from dataclasses import replace
from pathlib import Path

from mmcabl.engine.stages import is_made_for, stamp
from mmcabl.quickstart.stages import RECIPE
from mmcabl.synthetic import embedded_photographs, generate

#: What is forged in each set, as in the real ones.
FORGERIES = {'CASIAv2': ('copy-move', 'splicing'), 'CASIAv1': ('copy-move', 'splicing'), 'Columbia': ('splicing',),
             'COVERAGE': ('copy-move',), 'IMD2020': ('copy-move', 'splicing', 'removal')}
TRAINING = 'CASIAv2'


def make_data(folder: Path, train_images: int, test_images: int, seed: int = 0) -> None:
    """Write the five sets below ``folder``, unless they are there. Half of each set is forged.

    Training and test sets are made from disjoint photographs.

    Args:
        folder: gets ``CASIAv2`` for training and the four test sets.
        train_images, test_images: how many in each set.
        seed: of everything drawn.
    """
    for number, (name, forgeries) in enumerate(FORGERIES.items()):
        count = train_images if name == TRAINING else test_images
        photographs = embedded_photographs('train' if name == TRAINING else 'test')
        recipe = replace(RECIPE, forgeries=forgeries)
        wanted = dict(seed=seed + number, count=count, photographs=[p.name for p in photographs], recipe=repr(recipe))
        if is_made_for(folder / name, wanted):
            print(f'{folder / name}: {count} images are there.', flush=True)
            continue
        generate(photographs, folder / name, count, seed + number, recipe, layout=name)
        stamp(folder / name, wanted)
