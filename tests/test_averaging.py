"""Averages of checkpoints: numbers, types, what is refused."""

import sys
from pathlib import Path

import pytest
import torch

from mmcabl.checkpoints import read_checkpoint, write_checkpoint
from mmcabl.checkpoints.averaging import average
from tests import warm

SCRIPT = Path(__file__).parents[1] / 'tools/model_converters/average.py'


def state(value, count=1, dtype=torch.float32):
    return {'w': torch.full((2, 3), value, dtype=dtype), 'n': torch.tensor(count)}


def test_means_keep_types_and_counts_are_the_lasts():
    found = average({'a': state(1., dtype=torch.float16), 'b': state(2.), 'c': state(6., count=7)})
    assert found['w'].dtype == torch.float16 and found['w'].tolist() == [[3.] * 3] * 2 and int(found['n']) == 7
    large = average({'a': state(6e4, dtype=torch.float16), 'b': state(6e4, dtype=torch.float16)})
    assert torch.isfinite(large['w']).all(), 'the sum would be infinite in half precision'


def test_other_networks_are_refused():
    with pytest.raises(ValueError, match='of a; it takes two'):
        average({'a': state(1.)})
    for other, key in ((dict(w=torch.ones(3)), 'n and 1 more'), (dict(state(1.), x=torch.ones(1)), 'x'),
                       (dict(state(1.), w=torch.ones(3, 2)), 'w')):
        with pytest.raises(ValueError, match=f'a and b are not of one network: they differ in {key}.'):
            average({'a': state(1.), 'b': other})


def test_the_script_writes_once(tmp_path):
    files = [tmp_path / 'a.pth', tmp_path / 'b.safetensors']
    for file, value in zip(files, (1., 2.)):
        write_checkpoint(state(value), file)
    command = [sys.executable, str(SCRIPT), *map(str, files), str(tmp_path / 'mean.safetensors')]
    first = warm.run(command)
    assert first.returncode == 0, first.stderr
    assert read_checkpoint(tmp_path / 'mean.safetensors')['state_dict']['w'].unique().tolist() == [1.5]
    again = warm.run(command)
    assert again.returncode == 1 and 'mean.safetensors exists and is not overwritten' in again.stderr
