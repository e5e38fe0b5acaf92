"""Recognising and renaming checkpoints; the converter script."""

import sys
from pathlib import Path

import pytest
import torch

from mmcabl.conversion import UnknownCheckpointError, convert_keys, match
from mmcabl.conversion.keys import RENAMES
from mmcabl.registry import MODELS
from tests import warm
from tests.conftest import ARCH, build_localizer

SCRIPT = Path(__file__).parents[1] / 'tools/model_converters/conformer_to_mmcabl.py'


def original_names(state):
    """A localizer's state dict under the original Conformer's names."""
    renamed = {}
    for key, value in state.items():
        key = key.split('.', 1)[1]
        for old, new in RENAMES:
            key = key.replace(new, old)
        renamed[key] = value
    return renamed


def linear(state):
    """With ImageNet's linear classifiers."""
    return {**state, 'conv_cls_head.weight': torch.zeros(1000, 256), 'conv_cls_head.bias': torch.zeros(1000),
            'trans_cls_head.weight': torch.zeros(1000, 48), 'trans_cls_head.bias': torch.zeros(1000)}


def test_formats_round_trip():
    own = build_localizer().state_dict()
    original = original_names(own)
    for given, name in ((own, 'mmcabl'), (original, 'transcam'), (linear(original), 'original'),
                        ({'state_dict': own}, 'mmcabl'), ({'model': original}, 'transcam')):
        state, found = convert_keys(given)
        assert found == name
        assert all(torch.equal(state[k], v) for k, v in own.items() if k.startswith('backbone.'))


def test_openmmlab_checkpoints_are_recognised():
    theirs = MODELS.build(dict(type='mmpretrain.ImageClassifier',
                               backbone=dict(type='mmpretrain.Conformer', arch=ARCH),
                               head=dict(type='mmpretrain.ConformerHead', num_classes=7, in_channels=[256, 48])))
    state, found = convert_keys({'state_dict': theirs.state_dict()})
    report = match(state, build_localizer().state_dict())
    assert found == 'openmmlab'
    assert {k for kind in ('mismatched', 'missing', 'unused') for k in report[kind]} == {
        f'head.{branch}_cls_head.{part}' for branch in ('conv', 'trans') for part in ('weight', 'bias')}


@pytest.mark.parametrize('bad', [{}, {'epoch': 3}, {'layer1.weight': torch.zeros(1)}])
def test_other_checkpoints_are_refused(bad):
    with pytest.raises(UnknownCheckpointError, match='no known Conformer|no parameters'):
        convert_keys(bad)


def test_script_converts_and_reports(tmp_path):
    backbone = MODELS.build(dict(type='mmcabl.ConformerCABL', arch='tiny'))
    source, target = tmp_path / 'in.pth', tmp_path / 'out.pth'
    state = original_names({f'backbone.{k}': v for k, v in backbone.state_dict().items()})
    state = {**state, 'conv_cls_head.weight': torch.zeros(1000, 256), 'surplus': torch.zeros(1)}
    torch.save(state, source)
    command = [sys.executable, str(SCRIPT), str(source), str(target), '--arch']
    run = warm.run([*command, 'tiny'], check=True)
    assert 'original checkpoint' in run.stdout and 'backbone.surplus' in run.stdout
    written = torch.load(target, weights_only=True)['state_dict']
    assert set(written) == {f'backbone.{k}' for k in backbone.state_dict()}
    wrong = warm.run([*command, 'small'])
    assert wrong.returncode and 'another arch' in wrong.stderr
