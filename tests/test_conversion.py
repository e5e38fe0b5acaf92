"""Recognising and renaming checkpoints; the converter script."""

import pickle
import runpy
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mmcabl.conversion import UnknownCheckpointError, convert_keys, match
from mmcabl.conversion.keys import RENAMES
from mmcabl.registry import MODELS
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


@pytest.fixture(scope='module')
def script():
    """The converter's functions."""
    return runpy.run_path(str(SCRIPT))


def convert(script, *arguments):
    script['convert'](script['parse_args']([str(argument) for argument in arguments]))


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    """A checkpoint under the original names, linear classifiers, something surplus; and its backbone."""
    backbone = MODELS.build(dict(type='mmcabl.ConformerCABL', arch='tiny')).state_dict()
    state = original_names({f'backbone.{k}': v for k, v in backbone.items()})
    path = tmp_path_factory.mktemp('tiny') / 'in.pth'
    torch.save({**state, 'conv_cls_head.weight': torch.zeros(1000, 256), 'surplus': torch.zeros(1)}, path)
    return path, {f'backbone.{k}': v for k, v in backbone.items()}


def test_script_converts_and_reports(script, tiny, tmp_path, capsys):
    source, backbone = tiny
    first, second = tmp_path / 'out.safetensors', tmp_path / 'out.pth'
    convert(script, source, first, '--arch', 'tiny')
    said = capsys.readouterr().out
    assert 'original checkpoint' in said and 'backbone.surplus' in said
    convert(script, first, second, '--arch', 'tiny')  # its own output, from one format to the other
    for written in (load_file(first), torch.load(second, weights_only=True)['state_dict']):
        assert written.keys() == backbone.keys() and all(torch.equal(written[k], v) for k, v in backbone.items())


def test_script_writes_nothing_where_the_arch_differs(script, tiny, tmp_path):
    with pytest.raises(ValueError, match='in.pth: [0-9]+ parameters would stay random.*another arch'):
        convert(script, tiny[0], tmp_path / 'out.pth', '--arch', 'small')
    with pytest.raises(ValueError, match='huge'):
        convert(script, tiny[0], tmp_path / 'out.pth', '--arch', 'huge')
    assert not list(tmp_path.iterdir())


def test_script_overwrites_nothing_unasked(script, tiny, tmp_path):
    target = tmp_path / 'out.pth'
    target.write_text('mine')
    with pytest.raises(ValueError, match='out.pth exists and is not overwritten; give another name or --overwrite'):
        convert(script, tiny[0], target, '--arch', 'tiny')
    assert target.read_text() == 'mine'
    with pytest.raises(ValueError, match='is not overwritten'):  # the source itself
        convert(script, tiny[0], tiny[0], '--arch', 'tiny', '--overwrite')
    with pytest.raises(ValueError, match='gone is not a folder'):
        convert(script, tiny[0], tmp_path / 'gone/out.pth', '--arch', 'tiny')
    convert(script, tiny[0], target, '--arch', 'tiny', '--overwrite')
    assert torch.load(target, weights_only=True)['state_dict'].keys() == tiny[1].keys()


def holding_itself():
    state = {}
    state['model'] = dict(model=state)
    return state


BAD = {'empty': b'', 'text': b'no weights', 'text.safetensors': b'no weights', 'cut': None,
       'pickle': pickle.dumps({}), 'list': [torch.zeros(1)], 'itself': holding_itself(),
       'odd': {'layer1.weight': torch.zeros(1), 'epoch': {}}, 'numbers': {1: torch.zeros(1)}}


@pytest.mark.parametrize('name', BAD)
def test_script_says_what_is_wrong_in_a_sentence(script, tmp_path, name):
    source, content = tmp_path / name, BAD[name]
    if content is None:
        torch.save({'layer.weight': torch.zeros(100)}, source)
        content = source.read_bytes()[:900]
    if isinstance(content, bytes):
        source.write_bytes(content)
    else:
        torch.save(content, source)
    with pytest.raises(ValueError, match='^[^\n]+$') as error:
        convert(script, source, tmp_path / 'out.pth')
    assert str(source) in str(error.value) and not (tmp_path / 'out.pth').exists()


def test_script_refuses_what_is_not_finite(script, tiny, tmp_path):
    state = torch.load(tiny[0], weights_only=True)
    state['conv1.weight'][0] = float('nan')
    torch.save(state, tmp_path / 'nan.pth')
    with pytest.raises(ValueError, match='nan.pth: backbone.conv1.weight holds NaN'):
        convert(script, tmp_path / 'nan.pth', tmp_path / 'out.pth', '--arch', 'tiny')
