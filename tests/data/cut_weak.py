"""How the numbers of the weakly supervised comparison systems in ``table1`` were cut from the whole references:
``python tests/data/cut_weak.py REFERENCES``."""

import lzma
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / 'table1'
SOURCES = ('rgb', 'srm', 'bayar')


def wscl(source: Path) -> None:
    """One of two images; a corner of the volumes; two of the losses' arrays that follow from others left out."""
    numbers = np.load(source / 'wscl_mil_fcn_resnet50.npz')
    kept = {name: numbers[name][:1] for name in ('input_uint8', 'ensemble_out_map', 'ensemble_map_pred',
                                                 'ensemble_vol_pred')}
    kept.update({name: numbers[name][:1, :, ::2, ::2] for name in ('srm_filtered', 'bayar_filtered')})
    for name in SOURCES:
        kept.update({f'{name}_{key}': numbers[f'{name}_{key}'][:1] for key in ('out_map', 'map_pred', 'vol_pred')})
        kept[f'{name}_out_vol'] = numbers[f'{name}_out_vol'][:1, :3, :3]
    kept['ensemble_out_map_full'] = numbers['ensemble_out_map_full'][:1, :, ::4, ::4]
    np.savez_compressed(HERE / 'wscl_mil_fcn_resnet50.npz', **kept)
    numbers = np.load(source / 'wscl_losses.npz')
    np.savez_compressed(HERE / 'wscl_losses.npz', **numbers)


def stage(source: Path) -> None:
    """Modules whole; of the network's numbers one image, large maps every fourth pixel."""
    np.savez_compressed(HERE / 'araslanov_roth_modules.npz', **np.load(source / 'araslanov_roth_modules.npz'))
    numbers = np.load(source / 'araslanov_roth_resnet50.npz')
    kept = {name: numbers[name][:1] for name in numbers.files}
    for name in ('masks', 'train_cam', 'train_pamr'):
        kept[name] = kept[name][:, 1:, ::4, ::4]
    for name in ('mask_logits', 'conv3_first4'):
        kept[name] = kept[name][:, :, ::2, ::2]
    np.savez_compressed(HERE / 'araslanov_roth_resnet50.npz', **kept)


def keys(source: Path) -> None:
    for name in ('wscl_mil_fcn_resnet50', 'araslanov_roth_resnet50'):
        packed = lzma.compress((source / f'{name}_keys.json').read_bytes(), preset=9 | lzma.PRESET_EXTREME)
        (HERE / f'{name}_keys.json.xz').write_bytes(packed)


if __name__ == '__main__':
    root = Path(sys.argv[1]) / 'golden/table1'
    HERE.mkdir(exist_ok=True)
    for cut in (wscl, stage, keys):
        cut(root)
