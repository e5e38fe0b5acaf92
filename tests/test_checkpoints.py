"""Weights are data, never code; they fit the model and are finite; a killed training can be resumed."""

import itertools
import os
import pickle
import re
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader, Runner
from safetensors.torch import save_file
from torch.utils._pytree import tree_flatten

from mmcabl.apis import Predictor
from mmcabl.registry import HOOKS, MODELS
from tests.conftest import write_casia

CONFIG = Path(__file__).parents[1] / 'configs/quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'

NUMBERS = itertools.count()


def tiny(root, work_dir, name, **options):
    """The quick start's config with a network of a few thousand parameters; its hooks and imports are ours."""
    cfg = Config.fromfile(str(CONFIG))
    cfg.work_dir, cfg.log_level, cfg.visualizer = str(work_dir), 'ERROR', None
    cfg.experiment_name = f'{name}_{next(NUMBERS)}'
    cfg.model.backbone.arch = dict(embed_dims=24, channel_ratio=1, num_heads=2, depths=3)
    cfg.model.backbone.base_channels = 8
    cfg.model.head.update(in_channels=32, embed_dims=24)
    cfg.model.update(scales=[32], flip=False)
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, batch_size=4)
        loader.dataset.data_root = str(root)
    cfg.train_cfg.max_epochs = 2
    cfg.default_hooks.overlays.max_images = 0
    cfg.update(options)
    return cfg


@pytest.fixture(scope='module', autouse=True)
def _fast():
    """Each of the runners would ask compilers for their versions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('mmengine.runner.runner.collect_env', dict)
        yield


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A data set and a finished training of two epochs."""
    torch.manual_seed(0)
    tmp = tmp_path_factory.mktemp('checkpoints')
    root = write_casia(tmp / 'set', authentic=2, forged=2)
    Runner.from_cfg(tiny(root, tmp / 'work', 'trained')).train()
    return root, tmp / 'work'


@pytest.fixture
def copied(trained, tmp_path):
    """Its work_dir, to be damaged."""
    folder = tmp_path / 'work'
    folder.mkdir()
    for name in ('epoch_1.pth', 'epoch_2.pth'):
        (folder / name).write_bytes((trained[1] / name).read_bytes())
        os.utime(folder / name, (1, int(name[6])))
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_2.pth'))
    return folder


class Command:
    """A pickle that runs a command."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f'touch {self.marker}',)


def hostile(path, marker, checkpoint=None):
    torch.save({**(checkpoint or {}), 'extra': Command(marker)}, path)
    return str(path)


def state_of(trained):
    return torch.load(trained[1] / 'epoch_2.pth', map_location='cpu', weights_only=False)


def runner(trained, tmp_path, **options):
    return Runner.from_cfg(tiny(trained[0], options.pop('work_dir', tmp_path / 'run'), tmp_path, **options))


def score(trained, tmp_path, path):
    Predictor(tiny(*trained, 'score'), path, 'cpu')


def upstream_test(trained, tmp_path, path):
    return runner(trained, tmp_path, load_from=path).test()


def upstream_resume(trained, tmp_path, path):
    return runner(trained, tmp_path, load_from=path, resume=True).train()


def fine_tune(trained, tmp_path, path):
    return runner(trained, tmp_path, load_from=path).train()


def initialise(trained, tmp_path, path):
    cfg = tiny(*trained, 'init')
    cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint=path, prefix='backbone')
    MODELS.build(cfg.model).init_weights()


def sam(trained, tmp_path, path):
    pytest.importorskip('segment_anything')
    from mmcabl.refinement import SAMRefiner
    SAMRefiner(model='vit_b', checkpoint=path)


USES = [score, upstream_test, upstream_resume, fine_tune, initialise, sam]


@pytest.mark.parametrize('use', USES, ids=lambda use: use.__name__)
def test_a_pickle_never_runs(trained, tmp_path, use):
    marker = tmp_path / 'ran'
    path = hostile(tmp_path / 'hostile.pth', marker, state_of(trained))
    with pytest.raises(ValueError, match=r'^\S+hostile.pth holds more than data \((posix|nt).system\)[^\n]+$'):
        use(trained, tmp_path, path)
    assert not marker.exists()


def test_every_way_to_a_checkpoint_is_ours():
    Config.fromfile(str(CONFIG))
    assert {loader.__name__ for loader in CheckpointLoader._schemes.values()} == {'load_from_plain_data'}


def test_urls_and_published_names_are_data_too(tmp_path, monkeypatch):
    from mmengine.runner import get_external_models
    Config.fromfile(str(CONFIG))
    monkeypatch.setattr('torch.hub.get_dir', lambda: str(tmp_path / 'cache'))
    fetched = []
    torch.save({'backbone.a': torch.ones(1), 'head.b': torch.ones(1)}, tmp_path / 'good')
    hostile(tmp_path / 'bad', tmp_path / 'ran')

    def download(url, path, **kwargs):
        fetched.append(url)
        Path(path).write_bytes((tmp_path / ('bad' if 'bad' in url else 'good')).read_bytes())

    monkeypatch.setattr('torch.hub.download_url_to_file', download)
    load = CheckpointLoader.load_checkpoint
    for _ in range(2):  # the second time from torch's cache
        assert set(load('https://host/folder/weights-12345678.pth?x=1')) == {'backbone.a', 'head.b'}
    assert set(load('open-mmlab://resnet50_v1c')) == {'backbone.a', 'head.b'}
    assert list(load('mmcls://resnet50')['state_dict']) == ['a']
    assert fetched[:2] == ['https://host/folder/weights-12345678.pth?x=1', get_external_models()['resnet50_v1c']]
    assert load('torchvision://resnet18') and len(fetched) == 4
    monkeypatch.setattr('mmengine.fileio.get', lambda url, **kwargs: (tmp_path / Path(url).name).read_bytes())
    assert load('s3://bucket/good')
    for name, sentence in {'https://host/bad.pth': 'bad.pth holds more than data', 's3://bucket/bad': 'holds more',
                           'pavi://x': 'cannot be loaded from pavi', 'mmcls://none': 'none of the [0-9]+ weights',
                           'ftp://host/x.pth': 'cannot be loaded from ftp'}.items():
        with pytest.raises(ValueError, match=sentence):
            load(name)
    monkeypatch.setattr('torch.hub.download_url_to_file', lambda *args, **kwargs: (tmp_path / 'gone').read_bytes())
    with pytest.raises(ValueError, match='https://host/new.pth cannot be downloaded .*; download it and give'):
        load('https://host/new.pth')
    assert not (tmp_path / 'ran').exists()


def test_text_in_a_checkpoint_is_not_run_as_a_config(trained, tmp_path):
    """mmengine runs ``meta['config']`` when it resumes."""
    marker = tmp_path / 'ran'
    checkpoint = state_of(trained)
    checkpoint['meta']['config'] = f'import os\nos.system("touch {marker}")\n'
    torch.save(checkpoint, tmp_path / 'text.pth')
    upstream_resume(trained, tmp_path, str(tmp_path / 'text.pth'))
    assert not marker.exists()


@pytest.mark.parametrize('content', [
    OrderedDict(a=pickle.Unpickler), [os.getcwd], {'state_dict': {'a': print}}, {'a': re.compile('a')}])
def test_what_is_not_plain_is_refused(tmp_path, content):
    from mmcabl.checkpoints import CheckpointError, read_checkpoint
    torch.save(content, tmp_path / 'odd.pth')
    with pytest.raises(CheckpointError, match='odd.pth holds more than data'):
        read_checkpoint(tmp_path / 'odd.pth')


def test_a_script_archive_is_refused(tmp_path):
    from mmcabl.checkpoints import CheckpointError, read_checkpoint
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), str(tmp_path / 'script.pth'))
    with pytest.raises(CheckpointError, match='script.pth holds more than data'):
        read_checkpoint(tmp_path / 'script.pth')


def test_what_trainings_save_is_read_as_it_was(trained):
    from mmcabl.checkpoints import read_checkpoint
    ours, theirs = read_checkpoint(trained[1] / 'epoch_2.pth'), state_of(trained)
    assert [k for k in theirs['meta'] if k not in ours['meta']] == ['cfg']
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        (one, spec), (two, expected) = tree_flatten(ours[part]), tree_flatten(theirs[part])
        assert spec == expected
        assert all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in zip(one, two))
    for name, history in theirs['message_hub']['log_scalars'].items():
        read = ours['message_hub']['log_scalars'][name]
        assert type(read) is type(history) and read.mean() == history.mean() and read.max_length == history.max_length
        for field in ('_log_history', '_count_history'):
            one, two = getattr(read, field), getattr(history, field)
            assert np.array_equal(one, two) and one.dtype == two.dtype
    assert ours['message_hub']['runtime_info'] == theirs['message_hub']['runtime_info']


@pytest.mark.parametrize('legacy', [False, True])
def test_plain_things_survive(tmp_path, legacy):
    from mmcabl.checkpoints import read_checkpoint
    content = dict(half=torch.ones(2, dtype=torch.bfloat16), names=('a', 'é'), array=np.arange(6.).reshape(2, 3).T,
                   big=np.array([1, -2], '>i2'), text=np.array(['ab', 'c']), empty=np.zeros((0, 3), np.float32),
                   truth=np.array([True]), number=np.float32(1.5), count=np.int64(3), raw=b'\x00\xff', many={1, 2},
                   nested=[dict(a=[np.zeros(1), (np.ones(1),)])], parameter=torch.nn.Parameter(torch.ones(1)))
    content['itself'] = content['nested']
    torch.save(content, tmp_path / 'plain.pth', _use_new_zipfile_serialization=not legacy)
    read = read_checkpoint(tmp_path / 'plain.pth')
    assert str(read) == str(content)
    assert all(read[k].dtype == v.dtype for k, v in content.items() if isinstance(v, (np.ndarray, np.generic)))
    read['array'] += 1  # its own memory


def test_trust_is_a_choice(trained, tmp_path):
    path = hostile(tmp_path / 'mine.pth', tmp_path / 'ran', state_of(trained))
    runner(trained, tmp_path, load_from=path, trust_checkpoints=True).test()
    assert (tmp_path / 'ran').exists()
    (tmp_path / 'ran').unlink()
    with pytest.raises(ValueError, match='trust_checkpoints=True'):  # what one run trusts, the next does not
        upstream_test(trained, tmp_path / 'next', path)
    Predictor(tiny(*trained, 'trust'), path, 'cpu', trust=True)
    assert (tmp_path / 'ran').exists()


@pytest.mark.parametrize('use', [score, upstream_test], ids=lambda use: use.__name__)
def test_safetensors_are_weights_as_well(trained, tmp_path, use):
    state = {key: value.contiguous() for key, value in state_of(trained)['state_dict'].items()}
    save_file(state, tmp_path / 'model.safetensors')
    use(trained, tmp_path, str(tmp_path / 'model.safetensors'))
    state.pop('head.trans_cls_head.bias')
    save_file(state, tmp_path / 'less.safetensors')
    with pytest.raises(ValueError, match=r'less.safetensors is .*, 1 missing \(head.trans_cls_head.bias\)'):
        use(trained, tmp_path, str(tmp_path / 'less.safetensors'))


def test_a_backbone_starts_from_safetensors(trained, tmp_path):
    state = {key: value.contiguous() for key, value in state_of(trained)['state_dict'].items()}
    save_file(state, tmp_path / 'model.safetensors')
    initialise(trained, tmp_path, str(tmp_path / 'model.safetensors'))


def resnet(state):
    return {'layer1.0.conv1.weight': torch.zeros(64, 64, 1, 1), 'fc.bias': torch.zeros(1000)}


def other_head(state):
    return {**state, 'head.conv_cls_head.weight': torch.zeros(5, 32, 3, 3)}


def with_nan(state):
    bad = state['backbone.conv1.weight'].clone()
    bad[0, 0, 0, 0] = float('nan')
    return {**state, 'backbone.conv1.weight': bad}


WRONG = {resnet: r'is not a checkpoint of this model: 0 of its 2 entries fit, \d+ missing \(\S+, \S+, \S+, \.\.\.\), '
                 r'2 unexpected \(layer1.0.conv1.weight, fc.bias\)',
         other_head: r'fit, 1 of another shape \(head.conv_cls_head.weight\)',
         with_nan: 'is not usable: backbone.conv1.weight holds NaN or infinity'}


@pytest.mark.parametrize('use', [score, upstream_test, upstream_resume], ids=lambda use: use.__name__)
@pytest.mark.parametrize('wrong', WRONG, ids=lambda wrong: wrong.__name__)
def test_a_wrong_checkpoint_scores_nothing(trained, tmp_path, use, wrong):
    checkpoint = state_of(trained)
    checkpoint['state_dict'] = wrong(checkpoint['state_dict'])
    torch.save(checkpoint, tmp_path / 'wrong.pth')
    with pytest.raises(ValueError, match=rf'^\S+wrong.pth .*{WRONG[wrong]}[^\n]*$'):
        use(trained, tmp_path, str(tmp_path / 'wrong.pth'))


def test_the_names_of_a_wrapped_model_are_known(trained, tmp_path):
    state = {f'module.{key}': value for key, value in state_of(trained)['state_dict'].items()}
    torch.save(dict(state_dict=state), tmp_path / 'wrapped.pth')
    score(trained, tmp_path, str(tmp_path / 'wrapped.pth'))
    upstream_test(trained, tmp_path, str(tmp_path / 'wrapped.pth'))


def test_fine_tuning_with_another_head_is_warned_of(trained, tmp_path):
    from mmengine.logging import MMLogger
    torch.save(dict(state_dict=other_head(state_of(trained)['state_dict'])), tmp_path / 'other.pth')
    run = runner(trained, tmp_path, load_from=str(tmp_path / 'other.pth'), log_level='WARNING')
    run.train()
    log = Path(run.log_dir, f'{run.timestamp}.log').read_text()
    assert re.search(r'other.pth is not a whole checkpoint .* 1 of another shape .* Training starts from what', log)
    assert MMLogger.get_current_instance() is not None
    torch.save(dict(state_dict=with_nan(state_of(trained)['state_dict'])), tmp_path / 'nan.pth')
    with pytest.raises(ValueError, match='nan.pth is not usable: backbone.conv1.weight holds NaN'):
        fine_tune(trained, tmp_path / 'again', str(tmp_path / 'nan.pth'))


def test_masks_of_infinity_in_a_model_are_no_fault():
    from mmcabl.checkpoints.matching import not_finite
    model = torch.nn.Linear(1, 1)
    model.register_buffer('mask', torch.full((2,), -torch.inf))
    assert not_finite(model, model.state_dict()) is None
    assert not_finite(model, {'bias': torch.tensor([torch.inf])}) == 'bias'


def cut(path):
    path.write_bytes(path.read_bytes()[:3000])


def test_weights_alone_cannot_be_resumed(trained, tmp_path):
    torch.save(dict(state_dict=state_of(trained)['state_dict']), tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match=r'weights.pth holds no state of a training \(message_hub, optimizer miss'):
        upstream_resume(trained, tmp_path, str(tmp_path / 'weights.pth'))


DAMAGE = {
    'empty_pointer': (lambda w: (w / 'last_checkpoint').write_text(''), 2),
    'no_pointer': (lambda w: (w / 'last_checkpoint').unlink(), 2),
    'pointer_cut': (lambda w: (w / 'last_checkpoint').write_text(str(w / 'epoch_')), 2),
    'pointer_binary': (lambda w: (w / 'last_checkpoint').write_bytes(b'\xff\x00\n'), 2),
    'newest_cut': (lambda w: cut(w / 'epoch_2.pth'), 1),
    'both': (lambda w: ((w / 'last_checkpoint').write_text(''), cut(w / 'epoch_2.pth')), 1),
    'newest_gone': (lambda w: (w / 'epoch_2.pth').unlink(), 1),
    'none': (lambda w: None, 2)}


@pytest.mark.parametrize('name', DAMAGE)
def test_resume_finds_the_newest_whole_checkpoint(trained, copied, name):
    damage, epoch = DAMAGE[name]
    damage(copied)
    run = runner(trained, copied.parent, work_dir=copied, resume=True, train_cfg=dict(by_epoch=True, max_epochs=3))
    run._train_loop['max_epochs'] = epoch  # nothing left to train: what is resumed is what matters
    run.train()
    assert run.epoch == epoch
    assert (copied / 'last_checkpoint').read_text() == str(copied / f'epoch_{epoch}.pth')


def test_resume_starts_anew_only_where_nothing_can_be_lost(trained, copied):
    for name in ('epoch_1.pth', 'epoch_2.pth'):
        cut(copied / name)
    with pytest.raises(ValueError, match='None of the 2 checkpoints in .* can be resumed; move them away'):
        runner(trained, copied.parent, work_dir=copied, resume=True).train()
    for name in ('epoch_1.pth', 'epoch_2.pth'):
        (copied / name).unlink()
    (copied / 'last_checkpoint').write_text('')
    runner(trained, copied.parent / 'two', work_dir=copied, resume=True, train_cfg=dict(by_epoch=True, max_epochs=1)
           ).train()
    assert (copied / 'epoch_1.pth').is_file() and (copied / 'last_checkpoint').read_text().endswith('epoch_1.pth')


class Killed(BaseException):
    """In place of a signal."""


@pytest.mark.parametrize('moment', ['write', 'fsync', 'replace', 'pointer'])
def test_a_kill_while_saving_loses_no_checkpoint(trained, copied, monkeypatch, moment):
    """Even the smallest number of kept checkpoints leaves a whole one at every moment."""
    from mmcabl.checkpoints import saving_hook, writing

    def kill(*args, **kwargs):
        raise Killed

    hook = HOOKS.build(dict(type='mmcabl.AtomicCheckpointHook', interval=1, max_keep_ckpts=1))
    run = runner(trained, copied.parent, work_dir=copied, resume=True, train_cfg=dict(by_epoch=True, max_epochs=3))
    run._hooks = [hook if type(h) is type(hook) else h for h in run._hooks]
    if moment == 'write':
        monkeypatch.setattr(writing.LocalBackend, 'put', lambda self, data, path: (Path(path).write_bytes(data[:99]),
                                                                                   kill()))
    elif moment == 'pointer':
        monkeypatch.setattr(saving_hook, 'write_whole', kill)
    else:
        monkeypatch.setattr(f'os.{moment}', kill)
    with pytest.raises(Killed):
        run.train()
    monkeypatch.undo()
    again = runner(trained, copied.parent / 'again', work_dir=copied, resume=True,
                   train_cfg=dict(by_epoch=True, max_epochs=3))
    again.train()
    assert again.epoch == 3 and (copied / 'last_checkpoint').read_text() == str(copied / 'epoch_3.pth')
    assert {p.name for p in copied.glob('epoch_*')} == {'epoch_2.pth', 'epoch_3.pth'}
