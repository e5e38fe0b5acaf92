"""ManTra-Net and GSR-Net through the converter's script and the toolbox's own train.py and test.py."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from safetensors.torch import load_file, save_file

from mmcabl.conversion.table1 import CONVERSIONS, convert_system
from mmcabl.engine.scripts.upstream import upstream_script
from mmcabl.registry import MODELS
from mmcabl.utils.data_configs import opened
from tests import warm
from tests.conftest import write_casia
from tests.golden_weights import GAINS, golden_state

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def script():
    return runpy.run_path(str(ROOT / 'tools/model_converters/table1_to_mmcabl.py'))


def convert(script, *arguments):
    script['convert'](script['parse_args']([str(argument) for argument in arguments]))


@pytest.fixture(scope='module')
def mantra(shared, tmp_path_factory):
    """A checkpoint under the PyTorch port's names, as torch saves it, and its SRM kernels."""
    srm = np.load(shared / 'table1/mantra_net.npz')['srm_weight']
    state = golden_state(shared / 'table1/mantra_net_keys.json', GAINS['mantra_net'],
                         kept={'IMTFE.SRMConv2D.weight': srm})
    path = tmp_path_factory.mktemp('mantra') / 'MantraNetv4.pt'
    torch.save(state, path)
    return path, state


def test_script_converts_the_port_s_names(script, mantra, tmp_path, capsys):
    source, state = mantra
    convert(script, 'mantra-net', source, tmp_path / 'out.safetensors')
    said = capsys.readouterr().out
    assert f'mantra-net checkpoint with {len(state)} keys' in said
    assert f'used: {len(state)}' in said and 'missing: 0' in said and 'unused: 0' in said
    written = load_file(tmp_path / 'out.safetensors')
    own = MODELS.build(CONVERSIONS['mantra-net'].model)
    own.load_state_dict(written, strict=True)
    assert torch.equal(written['features.convs.11.bias'], state['IMTFE.middle_and_last_block.22.bias'])


def test_script_refuses_another_system_s_weights(script, mantra, tmp_path):
    for system, lost in (('mantra-net-gru', 'recurrence.gates'), ('gsr-net', 'edge_head')):
        with pytest.raises(ValueError, match=f'parameters would stay random, .*checkpoint of {system}'):
            convert(script, system, mantra[0], tmp_path / 'out.pth')
        assert lost in MODELS.build(CONVERSIONS[system].model).state_dict().__repr__()
    broken = {**mantra[1], 'AnomalyDetector.end.0.bias': torch.full((1, ), torch.nan)}
    torch.save(broken, tmp_path / 'in.pth')
    with pytest.raises(ValueError, match='head.bias holds NaN or infinity; nothing was written'):
        convert(script, 'mantra-net', tmp_path / 'in.pth', tmp_path / 'out.pth')
    (tmp_path / 'mine.pth').write_text('mine')
    with pytest.raises(ValueError, match='exists and is not overwritten'):
        convert(script, 'mantra-net', mantra[0], tmp_path / 'mine.pth')
    assert not (tmp_path / 'out.pth').exists()


def variables(shared, wrapped='discriminator/{}', suffix=''):
    """GSR-Net's variables, zeros, by TensorFlow's names, with what a training leaves beside them."""
    keys = json.loads((shared / 'table1/gsr_net_keys.json').read_text())
    found = {name.replace('discriminator/', wrapped.format('')) + suffix: np.zeros(shape, np.float32)
             for name, shape, _ in keys}
    return {**found, 'beta1_power': np.zeros((), np.float32), 'discriminator/fc7/b/Adam': np.zeros(1024, np.float32),
            'generator/generator/encoder_1/conv/filter': np.zeros((4, 4, 4, 64), np.float32)}


@pytest.mark.parametrize('ending', ['npz', 'safetensors', 'pth'])
def test_script_takes_tensorflow_s_arrays(script, shared, tmp_path, capsys, ending):
    arrays, source = variables(shared, suffix=':0' if ending == 'npz' else ''), tmp_path / f'in.{ending}'
    if ending == 'npz':
        np.savez(source, **arrays)
    elif ending == 'safetensors':
        save_file({name: torch.from_numpy(array) for name, array in arrays.items()}, source)
    else:
        torch.save(arrays, source)
    convert(script, 'gsr-net', source, tmp_path / 'out.safetensors')
    said = capsys.readouterr().out
    assert 'used: 46' in said and f'dropped: {len(arrays) - 46}' in said and 'unused: 0' in said
    own = MODELS.build(CONVERSIONS['gsr-net'].model).state_dict()
    written = load_file(tmp_path / 'out.safetensors')
    assert {k: v.shape for k, v in written.items()} == {k: v.shape for k, v in own.items()}


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04 cut', np.array([{}], object)])
def test_broken_arrays_are_a_sentence(script, tmp_path, content):
    source = tmp_path / 'in.npz'
    if isinstance(content, bytes):
        source.write_bytes(content)
    else:
        np.savez(source, a=content)
    with pytest.raises(ValueError, match='^[^\n]+$') as error:
        convert(script, 'gsr-net', source, tmp_path / 'out.pth')
    assert str(source) in str(error.value) and not (tmp_path / 'out.pth').exists()


def test_conversions_are_exact_and_say_whose_names_they_do_not_know():
    found, _ = convert_system('gsr-net', {'discriminator/fc9_voc12/filter': torch.arange(128.).reshape(4, 4, 4, 2)})
    assert found['fusion.weight'].shape == (2, 4, 4, 4) and found['fusion.weight'][1, 2, 3, 0] == 16 * 0 + 32 * 3 + 5
    gates = torch.arange(3.)[None].repeat(2, 1)[..., None, None]
    found, _ = convert_system('mantra-net-gru', {'AnomalyDetector.conv_gru.cell_list.0.conv1.weight': gates})
    assert found['recurrence.gates.weight'][0, :, 0, 0].tolist() == [1, 2, 0]  # input first, then the state
    assert convert_system('mantra-net', {'other': gates})[0].keys() == {'other'}
    with pytest.raises(ValueError, match='Unknown system .* accepted are .*mantra-net'):
        convert_system('mantranet', {})
    with pytest.raises(ValueError, match='two entries'):
        convert_system('gsr-net', {'fc6/w': torch.zeros(1), 'discriminator/fc6/w': torch.zeros(1)})


@pytest.fixture(scope='module')
def photographs(tmp_path_factory):
    return write_casia(tmp_path_factory.mktemp('set'), authentic=2, forged=2)


def prepared(name, root, folder, **options):
    """The config on one small set in place of the four, dumped."""
    cfg = Config.fromfile(str(ROOT / f'configs/table1/{name}.py'))
    one = opened(cfg.test_dataloader.dataset)['datasets'][0]
    cfg.test_dataloader.dataset = dict(one, type='mmcabl.CASIAv2', data_root=str(root))
    cfg.train_dataloader.dataset.data_root = str(root)
    cfg.merge_from_dict({'train_cfg.max_epochs': 1, 'train_dataloader.batch_size': 2,
                         'train_dataloader.num_workers': 0,
                         'train_dataloader.persistent_workers': False, 'test_dataloader.num_workers': 0,
                         'test_dataloader.persistent_workers': False, **options})
    cfg.dump(folder / 'config.py')
    return folder / 'config.py'


def run(script, *arguments):
    done = warm.run([sys.executable, str(upstream_script('mmpretrain', script)), *map(str, arguments)], timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def evaluated(config, weights, folder):
    metrics = folder / 'metrics.json'
    run('test.py', config, weights, '--work-dir', folder, '--out', metrics, '--out-item', 'metrics')
    found = json.loads(metrics.read_text())
    assert found['images'] == 4 and found['masks'] == 2 and 0 <= found['i_auc'] <= 1 and 0 <= found['p_f1'] <= 1


def test_a_converted_checkpoint_runs_through_test_py(script, mantra, photographs, tmp_path):
    weights = tmp_path / 'weights.safetensors'
    convert(script, 'mantra-net', mantra[0], weights)
    config = prepared('mantra-net_b8-30e_casiav2-256', photographs, tmp_path)
    evaluated(config, weights, tmp_path)


@pytest.mark.parametrize('name, options', [
    ('mantra-net-stored_b8-30e_casiav2-256', {
        'model.features.widths': [8, 8], 'model.deviation.channels': 8,
        'train_dataloader.dataset.pipeline.2.crop_size': 40}),
    ('gsr-net_vgg16_b4-19e_casiav2-300', {'model.backbone.widths': [4, 4, 8, 8, 8, 16]})])
def test_train_py_and_test_py(photographs, tmp_path, name, options):
    config = prepared(name, photographs, tmp_path, **options)
    run('train.py', config, '--work-dir', tmp_path)
    evaluated(config, tmp_path / 'epoch_1.pth', tmp_path)
