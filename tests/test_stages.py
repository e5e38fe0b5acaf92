"""Nothing a user has is removed: folders of stages, what a training's stamp covers, outputs that are there."""

import json
import os
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
from mmengine.config import Config

from mmcabl.engine.scripts.upstream import run_script
from mmcabl.lab.quickstart.quickstart_stages import Plan
from mmcabl.lab.quickstart.quickstart_stages import make_data as quickstart_data
from mmcabl.lab.runs.identity import test_identity as identity_of_test
from mmcabl.lab.runs.identity import training_identity
from mmcabl.lab.runs.work_folders import STAMP, finish, finished, folder_for
from mmcabl.lab.tables.bench import Bench
from mmcabl.lab.tables.families import FAMILIES
from mmcabl.lab.tables.rehearsal import make_sets
from mmcabl.models import WeakLabelHead, WeaklySupervisedLocalizer
from mmcabl.utils.outputs import new_file, own_folder
from tests.conftest import write_casia

CONFIG = Path(__file__).parents[1] / 'configs/rehearsal/cabl_conformer-mini_b8-4e_synthetic-160.py'


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob('*')) if p.is_file()}


def test_a_folder_that_is_free_is_taken_and_found_again(tmp_path, capsys):
    (tmp_path / 'empty').mkdir()
    for folder in (tmp_path / 'missing', tmp_path / 'empty'):
        assert folder_for(folder, dict(seed=0)) == folder == folder_for(folder, dict(seed=0))
        assert finished(folder) is None
        finish(folder, dict(checkpoint='x.pth'))
        assert finished(folder) == dict(checkpoint='x.pth')
    assert capsys.readouterr().out == ''


def test_other_settings_lie_beside_and_nothing_is_removed(tmp_path, capsys):
    folder = folder_for(tmp_path / 'train', dict(seed=0, train_cfg=dict(max_epochs=4), data=[1, 2]))
    (folder / 'epoch_4.pth').write_text('weights')
    before = contents(folder)
    other = folder_for(tmp_path / 'train', dict(seed=0, train_cfg=dict(max_epochs=1), data=[1, 3]))
    assert other.parent == tmp_path and other.name.startswith('train-') and contents(folder) == before
    said = capsys.readouterr().out
    assert said.count('\n') == 1 and 'train_cfg.max_epochs' in said and 'data.1' in said and 'seed' not in said
    assert str(folder) in said and str(other) in said
    again = folder_for(tmp_path / 'train', dict(data=(1, 3), train_cfg=dict(max_epochs=1), seed=0))
    assert again == other and folder_for(tmp_path / 'train', json.loads((folder / STAMP).read_text())) == folder
    assert {p.name for p in tmp_path.iterdir()} == {'train', other.name}


@pytest.mark.parametrize('stamp', [None, '', '[1]', '{"seed'])
def test_a_folder_of_the_users_is_refused_in_a_sentence(tmp_path, stamp):
    """Without a stamp of ours, or with one that is not whole."""
    (tmp_path / 'photo.jpg').write_text('mine')
    if stamp is not None:
        (tmp_path / STAMP).write_text(stamp)
    before = contents(tmp_path)
    with pytest.raises(SystemExit, match='is not empty and was not made by mmcabl.*photo.jpg.*give another'):
        folder_for(tmp_path, dict(seed=0))
    assert contents(tmp_path) == before


def test_a_file_where_a_folder_goes_is_refused(tmp_path):
    (tmp_path / 'out').write_text('mine')
    with pytest.raises(SystemExit, match='out is a file'):
        folder_for(tmp_path / 'out', dict(seed=0))
    assert (tmp_path / 'out').read_text() == 'mine'


@pytest.mark.parametrize('name', ['CASIAv2', 'CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020'])
def test_the_rehearsal_leaves_real_data_alone(tmp_path, name):
    """`tools/tables.py --family rehearsal --data data`, data being the user's."""
    pytest.importorskip('skimage')
    write_casia(tmp_path / name, 1, 1)
    before = contents(tmp_path)
    with pytest.raises(SystemExit, match='was not made by mmcabl'):
        make_sets(tmp_path, 2, 2)
    assert contents(tmp_path) == before


def test_the_quick_start_leaves_a_users_folders_alone(tmp_path):
    pytest.importorskip('skimage')
    write_casia(tmp_path / 'data/train', 1, 1)
    before = contents(tmp_path)
    with pytest.raises(SystemExit, match='was not made by mmcabl'):
        quickstart_data(Plan(tmp_path, CONFIG, 2, 2))
    assert contents(tmp_path) == before


def test_real_and_synthetic_data_are_not_mixed_up(tmp_path):
    """Synthetic sets have the benchmark sets' names; the paper's tables are not made from them."""
    folder_for(tmp_path / 'data', dict(what='rehearsal'))
    bench = Bench(FAMILIES['paper'], tmp_path / 'out', tmp_path / 'data')
    with pytest.raises(SystemExit, match='synthetic'):
        bench.run([('cabl', 0)], [])


@pytest.fixture
def cfg(tmp_path):
    """A training's config with its data in place."""
    write_casia(tmp_path / 'data', 2, 2)
    found = Config.fromfile(str(CONFIG))
    root = str(tmp_path / 'data')
    found.merge_from_dict({'train_dataloader.dataset.data_root': root, 'test_dataloader.dataset': dict(
        type='mmcabl.CASIAv2', data_root=root, pipeline=found.test_pipeline, _delete_=True)})
    return found


def merged(cfg, options):
    found = cfg.copy()
    found.merge_from_dict({key.replace('__', '.'): value for key, value in options.items()})
    return found


TEST_ONLY = [
    dict(model__head__map_bias='none'), dict(model__evidence=[dict(type='mmcabl.KeypointCopyMove')]),
    dict(model__postprocessor__threshold=0.4), dict(model__scales=[64]), dict(model__flip=False),
    dict(model__attention='none'), dict(model__union='sum'),
    dict(model__precision='auto', model__compile=True), dict(test_evaluator=[]),
    dict(test_cfg__save_masks=False),
    dict(work_dir='elsewhere'), dict(resume=True), dict(log_level='WARNING'), dict(train_dataloader__num_workers=3),
    dict(default_hooks__logger__interval=1), dict(default_hooks__overlays__max_images=7), dict(test_pipeline=[]),
    dict(default_hooks__visualization__enable=True),
    dict(custom_hooks=[dict(type='mmcabl.CGSRHook')]), dict(test_dataloader__batch_size=1), dict(launcher='slurm')]
TRAINING = [
    dict(model__backbone__cabl_blocks='1'), dict(train_cfg__max_epochs=3), dict(randomness__seed=1),
    dict(optim_wrapper__optimizer__lr=0.1), dict(param_scheduler=[]), dict(train_dataloader__batch_size=2),
    dict(train_dataloader__dataset__pipeline=[]), dict(load_from='x.pth'), dict(sync_bn='torch'),
    dict(custom_hooks=[dict(type='EMAHook')]), dict(auto_scale_lr__enable=True), dict(something_new=1)]


@pytest.mark.parametrize('options', TEST_ONLY, ids=lambda o: next(iter(o)))
def test_what_training_does_not_read_is_not_in_its_stamp(cfg, options):
    assert training_identity(merged(cfg, options)) == training_identity(cfg)


@pytest.mark.parametrize('options', TRAINING, ids=lambda o: next(iter(o)))
def test_what_training_reads_is_in_its_stamp(cfg, options):
    assert training_identity(merged(cfg, options)) != training_identity(cfg)


def test_what_another_system_reads_in_training_is_in_its_stamp(cfg):
    """`scales` and the like are of the method's testing; a system of someone else's may train with them."""
    other = merged(cfg, {'model.type': 'mmcabl.MILFCN'})
    assert training_identity(merged(other, {'model.scales': [96]})) != training_identity(other)
    assert training_identity(merged(other, {'model.postprocessor.threshold': 0.4})) == training_identity(other)


def test_a_stamp_knows_data_by_what_is_there_not_by_its_spelling(cfg, tmp_path, monkeypatch):
    """Another spelling, a link, a moved folder, masks that training never opens: the same data. Other images: not."""
    key, one, test = 'train_dataloader.dataset.data_root', training_identity(cfg), identity_of_test(cfg, 'abc')

    def at(root):
        found = cfg.copy()
        found.merge_from_dict({key: str(root)})
        return training_identity(found)

    (tmp_path / 'link').symlink_to(tmp_path / 'data')
    monkeypatch.chdir(tmp_path)
    assert at('data') == at('./data/../data') == at(tmp_path / 'link') == one
    os.rename('data', 'moved')
    assert at('moved') == one
    masks = sorted(Path('moved/CASIA 2 Groundtruth').iterdir())
    masks[0].unlink()
    assert at('moved') == one
    cfg.test_dataloader.dataset.data_root = 'moved'
    assert identity_of_test(cfg, 'abc') != test  # a test does open them
    with open(next(Path('moved/CASIA 2.0/Au').iterdir()), 'ab') as file:
        file.write(b'x')
    assert at('moved') != one
    write_casia(Path('moved'), 2, 2)
    assert at('moved') == one
    write_casia(Path('moved'), 3, 2)
    assert at('moved') != one


def test_a_tests_stamp_covers_weights_data_and_refinement(cfg):
    one = identity_of_test(cfg, 'abc')
    assert one == identity_of_test(merged(cfg, dict(work_dir='x', train_cfg__max_epochs=9)), 'abc')
    assert one == identity_of_test(merged(cfg, dict(model__postprocessor__refiner__cache_dir='x')), 'abc')
    assert one != identity_of_test(cfg, 'abd')
    for options in TEST_ONLY[:8]:
        assert one != identity_of_test(merged(cfg, options), 'abc'), options


def test_only_parameters_of_the_localizer_count_as_test_only():
    from inspect import signature

    from mmcabl.lab.runs.identity import TEST_ONLY_OF_HEAD, TEST_ONLY_OF_MODEL
    assert set(TEST_ONLY_OF_MODEL) < set(signature(WeaklySupervisedLocalizer).parameters)
    assert set(TEST_ONLY_OF_HEAD) < set(signature(WeakLabelHead).parameters)


def test_a_finished_training_survives_another_threshold_and_another_spelling(tmp_path, monkeypatch):
    """Both deleted it: the stamp was the whole config, and what did not match was removed."""
    write_casia(tmp_path / 'data/CASIAv2', 2, 2)
    monkeypatch.chdir(tmp_path)
    calls = []

    def script(name, *arguments, **kwargs):
        work = Path(arguments[arguments.index('--work-dir') + 1])
        calls.append(work)
        (work / 'epoch_4.pth').write_text('weights')
        (work / 'last_checkpoint').write_text(str(work / 'epoch_4.pth'))

    monkeypatch.setattr('mmcabl.lab.tables.bench.run_script', script)
    family = FAMILIES['rehearsal']
    first = Bench(family, tmp_path / 'out', Path('data')).train(('cabl', 0))
    assert first.read_text() == 'weights'
    for data, options in ((tmp_path / 'data', ()), (Path('data/../data'), ()),
                          (Path('data'), ('model.postprocessor.threshold=0.3',))):
        assert Bench(family, tmp_path / 'out', data, options=options).train(('cabl', 0)) == first
    assert len(calls) == 1
    other = Bench(family, tmp_path / 'out', Path('data'), options=('train_cfg.max_epochs=1',)).train(('cabl', 0))
    assert other != first and first.read_text() == other.read_text() == 'weights' and len(calls) == 2
    os.rename('out', 'archive')  # last_checkpoint holds a path that is no more
    moved = Bench(family, tmp_path / 'archive', Path('data')).train(('cabl', 0))
    assert moved.read_text() == 'weights' and len(calls) == 2


SCRIPT = '''import os, sys, warnings
warnings.warn("ours: the map has NaN")
print("warnings:", os.environ.get("PYTHONWARNINGS"))
sys.exit(int(sys.argv[1]))'''


def test_a_scripts_warnings_are_heard_and_its_log_is_kept(tmp_path, monkeypatch):
    """PYTHONWARNINGS=ignore hid our own warnings; a second start overwrote the first one's log."""
    (tmp_path / 'script.py').write_text(SCRIPT)
    monkeypatch.setattr('mmcabl.engine.scripts.upstream.TOOLS', tmp_path)
    monkeypatch.delenv('PYTHONWARNINGS', raising=False)
    log = tmp_path / 'logs/train.log'
    run_script('script.py', '0', log=log)
    with pytest.raises(SystemExit, match='exit status 3.*train.log'):
        run_script('script.py', '3', log=log)
    text = log.read_text()
    assert text.count('UserWarning: ours: the map has NaN') == 2 and text.count('warnings: None') == 2


def tool(name, *arguments, monkeypatch):
    """A script of ``tools`` in this process."""
    script = Path(__file__).parents[1] / 'tools' / f'{name}.py'
    monkeypatch.setattr('sys.argv', [str(script), *map(str, arguments)])
    runpy.run_path(str(script), run_name='__main__')


def test_files_that_a_user_names_are_not_written_over(tmp_path, monkeypatch):
    (tmp_path / 'mine.csv').write_text('years of work')
    (tmp_path / 'images.0.jsonl').write_text('{"dataset": "d", "index": 0, "image": "i", "unreadable": true, '
                                             '"metrics": {}}\n')
    monkeypatch.setattr('mmcabl.records.summarize_store', lambda folder: {'i_auc': 0.5})
    with pytest.raises(SystemExit, match='mine.csv exists and is not overwritten; give another name or --overwrite'):
        tool('summarize', tmp_path, '--csv', tmp_path / 'mine.csv', monkeypatch=monkeypatch)
    assert (tmp_path / 'mine.csv').read_text() == 'years of work'
    tool('summarize', tmp_path, '--csv', tmp_path / 'new.csv', monkeypatch=monkeypatch)
    tool('summarize', tmp_path, '--csv', tmp_path / 'mine.csv', '--overwrite', monkeypatch=monkeypatch)
    assert (tmp_path / 'mine.csv').read_text() == (tmp_path / 'new.csv').read_text()
    with pytest.raises(FileExistsError, match='exists and is not overwritten; give another name.$'):
        new_file(tmp_path, overwrite=True)


def test_a_folder_of_results_is_free_or_ours(tmp_path):
    assert own_folder(tmp_path / 'new', ('index',)) == tmp_path / 'new' and own_folder(tmp_path, ('index',))
    (tmp_path / 'unreadable.txt').write_text('mine')
    with pytest.raises(FileExistsError, match='is not empty and holds no results.*unreadable.txt'):
        own_folder(tmp_path, ('index',))
    (tmp_path / 'index.123.part').mkdir()  # of a run that was killed at once
    assert own_folder(tmp_path, ('index',)) == tmp_path


@pytest.mark.parametrize('made', [False, True])
def test_make_clean_removes_a_quick_start_and_nothing_else(tmp_path, made):
    if shutil.which('make') is None:
        pytest.skip('there is no make')
    folder = tmp_path / 'work_dirs/quickstart'
    (folder_for(folder, dict(what='quick start')) / 'x').mkdir(parents=True)
    if not made:
        (folder / STAMP).unlink()
    makefile = Path(__file__).parents[1] / 'Makefile'
    done = subprocess.run(['make', '-f', str(makefile), 'clean'], cwd=tmp_path, capture_output=True, text=True)
    assert folder.exists() is not made and (done.returncode == 0) is made
    assert 'work_dirs/quickstart' in done.stdout + done.stderr
