"""Per-image results: an interrupted test goes on and ends with the same numbers; summaries need no model."""

import csv
import json
import os
import runpy
import shutil
import signal
import sys
from pathlib import Path

import cv2
import matplotlib.backends.backend_agg  # noqa: F401, by every run otherwise
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.config import config as config_module
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from yapf.yapflib import yapf_api

from mmcabl.engine.samplers import EveryImageOnceSampler
from mmcabl.engine.tolerant_step import tolerant
from mmcabl.engine.upstream import upstream_script
from mmcabl.evaluation import ImageAUC, PixelF1
from mmcabl.models import WeaklySupervisedLocalizer
from mmcabl.registry import MODELS
from mmcabl.results import ResultStore, file_name, files, fingerprint, from_text, summarize_store
from mmcabl.results.failures import Failures
from mmcabl.results.journal import Journal
from mmcabl.results.summary import table_one_row
from mmcabl.visualization import LocalizationOverlayHook
from tests.conftest import write_casia
from tests.forked import forked, run

CONFIG = Path(__file__).parents[1] / 'configs/quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'
#: Names that are not UTF-8, as long as a name can be, or the same in two folders.
ODD = os.fsdecode(b'Au_caf\xe9.jpg')
LONG = f'Tp_{"n" * 248}.png'
pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Two data sets of 8 and 9 images with odd names and an empty file; a config of a small model that tests them."""
    tmp = tmp_path_factory.mktemp('resume')
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(str(CONFIG))
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}), tmp / 'model.pth')
    for name, seed in (('a', 0), ('b', 1)):
        write_casia(tmp / name, authentic=3, forged=4, seed=seed)
    (tmp / 'b/CASIA 2.0/Au/Au_zzz.jpg').write_bytes(b'')
    shutil.copy(tmp / 'a/CASIA 2.0/Au/Au_ani_00000.jpg', tmp / 'b/CASIA 2.0/Au' / ODD)
    shutil.copy(tmp / 'a/CASIA 2.0/Tp/Tp_D_x_00003.png', tmp / 'a/CASIA 2.0/Tp' / LONG)
    sets = ', '.join(f"dict(type='mmcabl.CASIAv2', name='{n}', data_root='{tmp / n}', test_mode=True, "
                     'pipeline={{_base_.test_pipeline}})' for n in 'ab')
    (tmp / 'cfg.py').write_text(
        f"_base_ = '{CONFIG}'\nmodel = dict(flip=False, scales=[64])\n"
        "test_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False, dataset=dict(_delete_=True, "
        f"type='ConcatDataset', datasets=[{sets}]))\ndefault_hooks = dict(overlays=dict(only_manipulated=False))\n")
    return tmp


def upstream(data, work_dir, config='cfg.py'):
    """mmpretrain's test.py, without the time that laying out the config's copy takes."""
    yapf_api.FormatCode = config_module.FormatCode = lambda text, **kwargs: (text, True)
    sys.argv = ['test.py', str(data / config), str(data / 'model.pth'), '--work-dir', str(work_dir)]
    runpy.run_path(str(upstream_script('mmpretrain', 'test.py')), run_name='__main__')


def dying(data, work_dir, left):
    """The same, killed in the middle of writing a record."""
    append = Journal.append

    def cut_short(self, record):
        nonlocal left
        append(self, record)
        left -= 1
        if not left:
            self._file.write(b'{"dataset": "cut sho')
            os.kill(os.getpid(), signal.SIGKILL)

    Journal.append = cut_short
    upstream(data, work_dir)


@pytest.fixture(scope='module')
def runs(data):
    """The summary and folder of an undisturbed test, and of one killed and started again."""
    run(upstream, data, data / 'whole')
    assert forked(dying, data, data / 'again', 5) == -signal.SIGKILL
    partial = ResultStore(next((data / 'again/results').iterdir())).read()
    said = run(upstream, data, data / 'again')
    once_more = run(upstream, data, data / 'again')
    # a hook that changes masks changes what the results are of
    (data / 'hooked.py').write_text("_base_ = './cfg.py'\ncustom_hooks = [dict(type='EmptyCacheHook')]\n")
    run(upstream, data, data / 'again', 'hooked.py')
    return dict(whole=data / 'whole/results', again=data / 'again/results', partial=partial, said=said,
                once_more=once_more)


def folder(path):
    """The oldest folder of results."""
    return min((p for p in path.iterdir() if p.is_dir()), key=lambda p: p.stat().st_ctime_ns)


def test_an_interrupted_test_goes_on_with_the_same_numbers(runs):
    assert len(runs['partial']) == 5 and '5 of 17 images have results' in runs['said']
    whole, again = (json.loads((runs[k] / 'summary.json').read_text()) for k in ('whole', 'again'))
    assert whole == pytest.approx(again, abs=0, nan_ok=True) and len(whole) > 20
    assert {'a/i_auc', 'b/p_f1_box', 'average/p_f1', 'average/i_auc'} <= set(whole)
    assert whole['a/images'] == 8 and whole['b/images'] == 8  # b's empty file is left out
    assert whole['average/p_f1'] == pytest.approx((whole['a/p_f1'] + whole['b/p_f1']) / 2, abs=1e-15)
    records = [ResultStore(folder(runs[k])).read() for k in ('whole', 'again')]
    assert len(records[0]) == 17 and records[0] == records[1]
    assert whole['unreadable'] == 1 and whole['failed'] == 0 and '17 images (1 unreadable, 0 failed)' in runs['said']


def test_a_finished_test_is_not_done_again_and_other_settings_are(runs):
    assert '17 of 17 images have results' in runs['once_more']
    assert sum(p.is_dir() for p in runs['again'].iterdir()) == 2
    assert len(ResultStore(folder(runs['again'])).read()) == 17


def test_summaries_need_no_model(runs):
    found = summarize_store(folder(runs['again']))
    assert found == pytest.approx(json.loads((runs['whole'] / 'summary.json').read_text()), abs=0, nan_ok=True)
    with pytest.raises(FileNotFoundError, match='no images'):
        summarize_store(runs['whole'].parent)


def test_the_table_has_scores_prompts_and_masks_that_exist(runs):
    where = folder(runs['again'])
    with open(where / 'per_image.csv', newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 17 and [r['dataset'] for r in rows] == ['a'] * 8 + ['b'] * 9
    forged = [r for r in rows if r['label'] == '1']
    assert len(forged) == 9 and all(0 <= float(r['p_f1']) <= 1 for r in forged if LONG not in r['image'])
    for row in rows:
        if row['unreadable'] == 'True':
            assert row['mask'] == ''
            continue
        mask = cv2.imread(str(where / row['mask']), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (48, 48) and set(np.unique(mask)) <= {0, 255}
        assert 0 <= int(row['positive_x']) < 48 and 0 <= float(row['score']) <= 1
    names = {Path(from_text(r['image'])).name: r for r in rows}
    assert os.path.exists(from_text(names[ODD]['image'])) and names[ODD]['image'].endswith('Au_caf%E9.jpg')
    assert names[LONG]['mask'].startswith(f'masks/a/000007_Tp_{"n" * 97}-') and not list(where.rglob('*.part'))
    overlays = list((runs['whole'].parent / 'overlays').iterdir())
    assert len(overlays) == 16 and all(cv2.imread(str(p)) is not None for p in overlays)


def test_table_ones_row(runs):
    row = (folder(runs['whole']) / 'table1.md').read_text()
    assert row.startswith('| Method | a I-AUC | a P-F1 | b I-AUC | b P-F1 | average I-AUC | average P-F1 |')
    assert table_one_row({'i_auc': 0.5, 'p_f1': 0.25}).splitlines()[-1] == '| Ours | 0.500 | 0.250 |'


def test_a_cut_line_is_passed_over_and_ended(tmp_path):
    store = ResultStore(tmp_path)
    first = dict(dataset='x', index=0, image='a', unreadable=False, metrics={})
    store.append(first)
    store.close()
    with open(store.path, 'ab') as file:
        file.write(b'{"dataset": "x", "ind')
    again = ResultStore(tmp_path)
    again.append(dict(first, index=1))
    again.append(dict(first, index=0, score=np.float32(0.5)))
    records = ResultStore(tmp_path).read()
    assert [k[1] for k in records] == [0, 1] and records[('x', 0, 'a')]['score'] == 0.5


def one_process_of_several(folder):
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=0, world_size=1)
    model = torch.nn.Linear(3, 2)
    assert fingerprint(torch.nn.parallel.DistributedDataParallel(model), 1) == fingerprint(model, 1)


def test_the_fingerprint_is_the_same_in_one_process_and_in_several(tmp_path):
    run(one_process_of_several, tmp_path)


def test_the_fingerprint_knows_weights_and_settings():
    model = torch.nn.Linear(3, 2)
    before = fingerprint(model, 'x')
    assert before == fingerprint(model, 'x') != fingerprint(model, 'y')
    with torch.no_grad():
        model.bias[0] += 1e-7
    assert fingerprint(model, 'x') != before
    assert fingerprint(torch.nn.BatchNorm1d(2).half(), 1) != fingerprint(torch.nn.BatchNorm1d(2), 1)


def test_every_image_goes_to_one_rank(monkeypatch):
    for size in (0, 1, 2, 7, 31):
        seen = []
        for rank in range(4):
            monkeypatch.setattr('mmcabl.engine.samplers.get_dist_info', lambda r=rank: (r, 4))
            sampler = EveryImageOnceSampler(range(size), seed=3)
            sampler.skip({0, 5})
            assert len(sampler) == len(list(sampler))
            seen += list(sampler)
        assert sorted(seen) == [i for i in range(size) if i not in (0, 5)]
    monkeypatch.setattr('mmcabl.engine.samplers.get_dist_info', lambda: (1, 2))
    sampler = EveryImageOnceSampler(range(12))  # this rank's batches: 1 3, 5 7, 9 11
    sampler.skip({1, 3, 5, 11}, batch_size=2)
    assert list(sampler) == [5, 7, 9, 11]
    sampler.skip({9, 11}, batch_size=2)  # of a second test: of all images again
    assert list(sampler) == [1, 3, 5, 7]
    sampler.skip(())
    assert list(sampler) == [1, 3, 5, 7, 9, 11]


def two_tests(data, work_dir):
    cfg = Config.fromfile(str(data / 'cfg.py'))
    cfg.work_dir, cfg.load_from = str(work_dir), str(data / 'model.pth')
    runner = Runner.from_cfg(cfg)
    first, second = runner.test(), runner.test()
    shutil.rmtree(work_dir / 'results')
    print('NUMBERS', json.dumps([first, second, runner.test(), len(runner.test_dataloader.sampler)]))


def test_every_test_in_one_process_sees_all_images(data, tmp_path):
    said = run(two_tests, data, tmp_path)
    first, second, third, left = json.loads(said.split('NUMBERS ')[1])
    assert first == second == third and first['a/images'] == 8 and left == 17


def hostile(data, work_dir):
    """The model fails on one image, and its score for another is NaN."""
    predict = WeaklySupervisedLocalizer.predict

    def failing(self, inputs, data_samples=None, **kwargs):
        if any('Au_ani_00001' in sample.img_path for sample in data_samples):
            raise cv2.error('OpenCV: assertion failed in\n grabcut')
        samples = predict(self, inputs, data_samples, **kwargs)
        for sample in samples:
            if 'Tp_D_x_00005' in sample.img_path:
                sample.pred_score = sample.pred_score * float('nan')
        return samples

    WeaklySupervisedLocalizer.predict = failing
    upstream(data, work_dir)


def test_an_image_on_which_the_model_fails_costs_itself_alone(data, runs, tmp_path):
    said = run(hostile, data, tmp_path)
    found, whole = (json.loads((p / 'results/summary.json').read_text()) for p in (tmp_path, runs['whole'].parent))
    assert (found['failed'], found['unreadable'], found['a/images'], found['b/images']) == (4, 1, 6, 6)
    assert '17 images (1 unreadable, 4 failed)' in said and 'Au_ani_00001.jpg failed and is left out: error: ' in said
    records = ResultStore(folder(tmp_path / 'results')).read()
    failed = {Path(key[2]).name: r['reason'] for key, r in records.items() if r['failed']}
    assert failed == {'Au_ani_00001.jpg': 'error: OpenCV: assertion failed in grabcut',
                      'Tp_D_x_00005.png': 'its score is not finite'}
    good = {k: v for k, v in ResultStore(folder(runs['whole'])).read().items() if not records[k]['failed']}
    for key, record in good.items():  # a batch that failed is done image by image: the last bits may differ
        assert records[key].get('score') == pytest.approx(record.get('score'), abs=1e-5)
    assert summarize_store(folder(tmp_path / 'results'))['failed'] == 4
    said = run(upstream, data, tmp_path)  # mended: what failed is done again
    assert '13 of 17 images have results' in said
    assert json.loads((tmp_path / 'results/summary.json').read_text()) == pytest.approx(whole, abs=1e-6, nan_ok=True)


class Full(files.RawFile):
    """A file that loses what is written to it, or is on a full disk, from the seventh write on."""

    lose, count = False, 0

    def write(self, data):
        Full.count += 1
        if Full.count < 7:
            return super().write(data)
        if self.lose:
            return len(data)
        super().write(data[:len(data) // 2])
        raise OSError(28, 'No space left on device')


def on_a_full_disk(data, work_dir, lose):
    files.RawFile, Full.lose = Full, lose
    upstream(data, work_dir)


@pytest.mark.parametrize('lose, sentence', [
    (False, 'cannot be written: No space left on device. What was finished before is kept; when this is mended, run'),
    (True, '15 of 17 images have no record in'),
])
def test_a_disk_that_fails_ends_the_test_and_nothing_counts_that_is_not_there(data, runs, tmp_path, lose, sentence):
    assert forked(on_a_full_disk, data, tmp_path / 'work', lose, log=tmp_path / 'log') == 1
    assert sentence in (tmp_path / 'log').read_text()
    assert not (tmp_path / 'work/results/summary.json').exists()
    run(upstream, data, tmp_path / 'work')
    found = [json.loads((p / 'results/summary.json').read_text()) for p in (tmp_path / 'work', runs['whole'].parent)]
    assert found[0] == pytest.approx(found[1], abs=0, nan_ok=True)


def test_other_images_have_other_results_and_it_is_said(data, runs, tmp_path):
    shutil.copytree(runs['again'].parent, tmp_path / 'work')
    added = data / 'a/CASIA 2.0/Au/Au_added.jpg'
    shutil.copy(data / 'a/CASIA 2.0/Au/Au_ani_00000.jpg', added)
    try:
        said = run(upstream, data, tmp_path / 'work')
    finally:
        added.unlink()
    assert 'The test images are not those of' in said and '18 now, 17 then' in said
    assert len({p for p in (tmp_path / 'work/results').iterdir() if p.is_dir()}) == 3
    assert json.loads((tmp_path / 'work/results/summary.json').read_text())['a/images'] == 9


def test_means_over_data_sets_leave_counts_alone():
    auc, f1 = ImageAUC(), PixelF1(curves=False, baselines=False)
    truth = np.eye(4, dtype=bool)
    for name, value in (('one', True), ('two', False)):
        for label in (0, 1):
            sample = dict(dataset_name=name, sample_idx=label, img_path=name, gt_label=torch.tensor([label]),
                          pred_score=torch.tensor([float(label == value)]), gt_mask=truth & bool(label),
                          pred_mask=truth & value)
            auc.process(None, [sample])
            f1.process(None, [sample])
    found = {**auc.evaluate(4), **f1.evaluate(4)}
    assert (found['one/i_auc'], found['two/i_auc'], found['average/i_auc']) == (1, 0, 0.5)
    assert (found['one/p_f1'], found['two/p_f1'], found['average/p_f1']) == (1, 0, 0.5)
    assert 'average/images' not in found and found['one/masks'] == 1


class Written:
    """What the overlay hook needs of a runner."""

    def __init__(self, work_dir):
        self.work_dir = str(work_dir)


def test_overlays_of_one_name_in_two_folders_do_not_meet_and_none_ends_the_test(tmp_path):
    paths = [tmp_path / folder / ODD for folder in ('one', 'two')] + [tmp_path / 'gone.png', tmp_path / 'x.png']
    for path in (*paths[:2], paths[3]):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cv2.imencode('.png', np.zeros((8, 9, 3), np.uint8))[1].tobytes())
    samples = [DataSample(metainfo=dict(img_path=str(path), dataset_name='a/b')) for path in paths]
    for sample in samples:
        sample.cam, sample.pred_mask = np.zeros((8, 9), np.float32), np.eye(8, 9, dtype=bool)
    samples[3].cam = np.zeros((3, 3), np.float32)  # of another size
    hook, runner = LocalizationOverlayHook(), Written(tmp_path / 'work')
    hook.before_test(runner)
    hook.after_test_iter(runner, 0, None, samples)
    made = sorted(p.name for p in (tmp_path / 'work/overlays').iterdir())
    assert made == sorted(f'{file_name(str(p), "a/b")}.png' for p in paths[:2]) and made[0].startswith('a_b_Au_caf_-')


class Fragile(torch.nn.Module):
    """Fails on a batch with the number 13, gives NaN for 7; takes mmengine's test-time augmentation too."""

    def test_step(self, data):
        nested = isinstance(data['inputs'][0], list)
        numbers = data['inputs'][0] if nested else data['inputs']
        if 13 in numbers:
            raise ValueError('thirteen')
        samples = data['data_samples'][0] if nested else data['data_samples']
        for sample, number in zip(samples, numbers):
            sample.pred_score = torch.tensor([float('nan') if number == 7 else number / 100])
        return samples


@pytest.mark.parametrize('augmented', [False, True])
def test_one_image_of_a_batch_fails_alone(augmented):
    numbers = [1, 13, 7, 2]
    samples = [DataSample(metainfo=dict(img_path=f'{n}.png', unreadable=False)) for n in numbers]
    data = dict(inputs=numbers, data_samples=samples)
    if augmented:
        data = {key: [value, value] for key, value in data.items()}
    model, failures = Fragile(), Failures(limit=3)
    with tolerant(model, failures):
        found = model.test_step(data)
    assert [s.img_path for s in found] == ['1.png', '13.png', '7.png', '2.png']
    assert [s.get('failed') for s in found] == [None, 'ValueError: thirteen', 'its score is not finite', None]
    assert [s.unreadable for s in found] == [False, True, True, False] and failures.count == 2
    with pytest.raises(ValueError, match='thirteen'):
        model.test_step(data)  # outside, as the class has it
    with tolerant(model, failures), pytest.raises(RuntimeError, match='3 images failed one after the other'):
        model.test_step(dict(inputs=[13] * 3, data_samples=samples[:3]))


@pytest.mark.parametrize('error', [KeyError('x'), TypeError('x'), NotImplementedError('x'), OSError('x'),
                                   RuntimeError('CUDA error: device-side assert triggered')])
def test_faults_of_the_program_and_the_machine_are_no_images(error):
    def faulty():
        raise error

    with pytest.raises(type(error)):
        Failures().attempt(faulty)


def test_summarize_says_what_is_missing(runs, tmp_path, monkeypatch, capsys):
    script = Path(__file__).parents[1] / 'tools/summarize.py'
    monkeypatch.setattr(sys, 'argv', ['summarize.py', str(tmp_path)])
    with pytest.raises(SystemExit, match='has no images'):
        runpy.run_path(str(script), run_name='__main__')
    (tmp_path / 'images.00000.jsonl').write_text('{"dataset": "a", "index": 0, "image": "x", "unreadable": false, '
                                                 '"metrics": {"ImageAUC": {"score": "high"}, "PixelF1": null}}\n')
    with pytest.raises(SystemExit, match='has records whose numbers are not those of ImageAUC'):
        runpy.run_path(str(script), run_name='__main__')
    monkeypatch.setattr(sys, 'argv', ['summarize.py', str(folder(runs['whole'])), '--csv', str(tmp_path / 'x.csv')])
    runpy.run_path(str(script), run_name='__main__')
    assert '"failed": 0' in capsys.readouterr().out
    assert (tmp_path / 'x.csv').read_bytes() == (folder(runs['whole']) / 'per_image.csv').read_bytes()
