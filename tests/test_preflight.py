"""What a run will need is found missing before its first step, in a sentence each."""

import copy
import logging
import re
from pathlib import Path

import mmengine.runner
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmcabl.engine.hooks.preflight import PreflightHook, check_run
from mmcabl.engine.needs import test_needs as needs_of_test
from mmcabl.engine.needs import training_needs
from mmcabl.engine.scripts.console import FileOnly, LaidOutOnce, quiet_console
from mmcabl.lab.tables.bench import Bench
from mmcabl.lab.tables.families import FAMILIES
from tests.conftest import write_casia

CONFIGS = Path(__file__).parents[1] / 'configs'
SAM = CONFIGS / 'cabl/cabl_conformer-s_b8-30e_casiav2-512.py'
QUICK = CONFIGS / 'quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'


def config(path, work_dir, **options):
    cfg = Config.fromfile(str(path))
    cfg.merge_from_dict({'work_dir': str(work_dir), 'load_from': None,
                         **{key.replace('__', '.'): value for key, value in options.items()}})
    return cfg


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """The quick start's config, with all it needs; one step of training."""
    # a second and more at each start of a Runner: compilers' versions, the config's layout
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    monkeypatch.setattr('yapf.yapflib.yapf_api.FormatCode', lambda text, **kwargs: (text, True))
    write_casia(tmp_path / 'data', 2, 2)
    root = str(tmp_path / 'data')
    loggers = set(MMLogger._instance_dict)
    yield config(QUICK, tmp_path / 'work', train_dataloader__dataset__data_root=root,
                 test_dataloader__dataset__data_root=root, train_dataloader__batch_size=4, train_cfg__max_epochs=1,
                 train_dataloader__num_workers=0, train_dataloader__persistent_workers=False,
                 experiment_name=f'preflight_{tmp_path.name}')
    for name in set(MMLogger._instance_dict) - loggers:  # they write to this test's captured output
        del MMLogger._instance_dict[name]


def test_everything_that_is_missing_is_listed_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = config(SAM, 'work', load_from='nowhere.pth', model__backbone__init_cfg__checkpoint='conformer.pth')
    with pytest.raises(SystemExit) as stopped:
        check_run(cfg, training=True)
    said = str(stopped.value).splitlines()
    assert [re.search(wanted, line) is not None for wanted, line in zip((
        r'starting weights conformer.pth are not a file \(model.backbone.init_cfg\)', 'data root data/CASIAv2 is not',
        'checkpoint nowhere.pth is not a file', 'A test with this config will need more:',
        r'sam_vit_h_4b8939.pth are not a file \(model.postprocessor.refiner.checkpoint\): download .*2560 MB',
        'data/CASIAv1', 'data/Columbia', 'data/COVERAGE', 'data/IMD2020'), said)] == [True] * 9 and len(said) == 9
    assert not (tmp_path / 'work').exists()
    with pytest.raises(SystemExit, match='^The checkpoint nowhere.pth is not a file.\n.*sam_vit_h') as stopped:
        check_run(cfg, training=False)
    assert 'CASIAv2' not in str(stopped.value)  # a test does not read the training set


def test_urls_are_not_files_and_null_prompts_need_no_sam(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not [s for s in training_needs(config(SAM, 'work')) if 'weights' in s]
    assert [s for s in needs_of_test(config(SAM, 'work')) if 'SAM' in s]
    without = config(SAM, 'work', model__postprocessor__prompt='null', model__postprocessor__compare=[])
    assert not [s for s in needs_of_test(without) if 'SAM' in s]


def test_sam_behind_a_hook_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hook = dict(type='mmcabl.CGSRHook', postprocessor=dict(refiner=dict(type='mmcabl.SAMRefiner', model='vit_b')))
    found = needs_of_test(Config(dict(custom_hooks=[hook])))
    assert len(found) == 1 and 'custom_hooks.0.postprocessor.refiner.checkpoint' in found[0]
    assert 'sam_vit_b_01ec64.pth (375 MB)' in found[0]


def test_a_root_without_images_is_found_before_the_training(quick, tmp_path):
    (tmp_path / 'empty').mkdir()
    quick.test_dataloader.dataset.data_root = str(tmp_path / 'empty')
    assert needs_of_test(quick) == []
    found = needs_of_test(quick, listed=True)
    assert len(found) == 1 and 'test_dataloader.dataset: CASIAv2 at' in found[0] and 'has no images' in found[0]


def test_a_place_that_cannot_be_written_to(quick, tmp_path):
    (tmp_path / 'file').write_text('')
    quick.work_dir = str(tmp_path / 'file/work')
    assert [s for s in training_needs(quick) if 'Nothing can be written to' in s and 'Not a directory' in s]


def test_the_hook_stops_upstreams_runner_and_warns_of_the_test(quick, tmp_path, capsys):
    """As mmpretrain's own train.py runs it: nothing of ours but the config."""
    quick.test_dataloader.dataset.data_root = str(tmp_path / 'gone')
    (tmp_path / 'work').mkdir()
    (tmp_path / 'work/epoch_3.pth').write_text('of an earlier training')
    with pytest.raises(SystemExit, match=r'holds the checkpoints of a training \(epoch_3.pth\)'):
        Runner.from_cfg(quick).train()
    (tmp_path / 'work/epoch_3.pth').unlink()
    capsys.readouterr()
    quick.experiment_name += '_2'
    Runner.from_cfg(quick).train()
    said = capsys.readouterr().out
    warning = said.index('a test with this config cannot')
    assert warning < said.index('Epoch(train)') and f'{tmp_path / "gone"} is not a folder' in said[warning:]
    assert (tmp_path / 'work/epoch_1.pth').is_file()
    quick.default_hooks.preflight = dict(type='mmcabl.PreflightHook', test='refuse', overwrite=True)
    quick.experiment_name += '_3'
    with pytest.raises(SystemExit, match='gone is not a folder'):
        Runner.from_cfg(quick).train()
    with pytest.raises(ValueError, match="'maybe'.*accepted are warn, refuse, ignore"):
        PreflightHook(test='maybe')


def test_resuming_is_no_new_training(quick, tmp_path):
    (tmp_path / 'work').mkdir()
    (tmp_path / 'work/iter_40.pth').write_text('')
    assert len(training_needs(quick)) == 1 and training_needs(quick, overwrite=True) == []
    quick.resume = True
    assert training_needs(quick) == []


def test_the_tables_look_for_everything_before_their_first_training(tmp_path, monkeypatch):
    monkeypatch.setattr('mmcabl.lab.tables.bench.run_script', lambda *a, **k: pytest.fail('something was run'))
    write_casia(tmp_path / 'data/CASIAv2', 1, 1)
    with pytest.raises(SystemExit) as stopped:
        Bench(FAMILIES['paper'], tmp_path / 'out', tmp_path / 'data').run([('cabl', 0), ('none', 0)], [('cabl', 0)])
    said = str(stopped.value)
    assert 'sam_vit_h' in said and said.count('IMD2020 is not') == 1 and 'CASIAv2' not in said
    assert not (tmp_path / 'out').exists()


def test_our_commands_show_the_useful_lines_and_keep_the_rest_in_the_log(quick, tmp_path, capsys):
    """Some 370 lines came before the first step: environment, config, hooks, one line for each parameter."""
    with quiet_console('mmpretrain', training=True):
        mmengine.runner.Runner.from_cfg(quick).train()
    said = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    first = next(i for i, line in enumerate(said) if 'Epoch(train)' in line)
    assert first <= 4, said[:first]
    log = Path(re.search(r'listed in (\S+\.log)\.', said[0])[1]).read_text()
    for kept in ('System environment:', 'Config:', 'Hooks will be executed', 'paramwise_options -- ', 'Epoch(train)'):
        assert kept in log
    assert not any('OneDL' in line for line in said)


@pytest.mark.parametrize('message', [
    'The image score of x.jpg is nan', 'Config: is not what is dumped', 'paramwise options are none',
    'a\nHooks will be executed in the following order'])
def test_nothing_else_is_kept_back(message):
    assert FileOnly().filter(logging.LogRecord('x', logging.INFO, '', 0, message, (), None))


def test_a_layout_is_computed_once(monkeypatch):
    calls = []
    monkeypatch.setattr(Config, 'pretty_text', property(lambda self: calls.append(1) or f'a = {self.a}'))
    cfg = LaidOutOnce.of(Config(dict(a=1)))
    assert [copy.deepcopy(cfg).pretty_text for _ in range(2)] == ['a = 1'] * 2 and len(calls) == 1
    cfg.a = 2
    assert cfg.pretty_text == 'a = 2' and len(calls) == 2


def test_mmengines_runner_is_as_it_was():
    before = dict(vars(Runner))
    with pytest.raises(RuntimeError), quiet_console('mmpretrain', training=True):
        assert issubclass(mmengine.runner.Runner, Runner) and vars(Runner) == before
        raise RuntimeError
    assert mmengine.runner.Runner is Runner
