"""Per-image results: an interrupted test goes on and ends with the same numbers; summaries need no model."""

import csv
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmcabl.engine.samplers import EveryImageOnceSampler
from mmcabl.engine.upstream import upstream_script
from mmcabl.evaluation import ImageAUC, PixelF1
from mmcabl.results import ResultStore, fingerprint, summarize_store
from mmcabl.results.summary import table_one_row
from tests import warm
from tests.conftest import write_casia

CONFIG = Path(__file__).parents[1] / 'configs/quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'
#: mmpretrain's script, killed in the middle of a test (hard, as by the system) after a number of images.
KILLED = '''
import os, runpy, sys
from mmcabl.results.store import ResultStore
append, left = ResultStore.append, [int(sys.argv.pop(1))]
def dying(self, record):
    append(self, record)
    left[0] -= 1
    if not left[0]:
        self._file.write(b'{"dataset": "cut sho')
        os._exit(9)
ResultStore.append = dying
runpy.run_path(sys.argv.pop(1), run_name='__main__')
'''


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """The summary and folder of an undisturbed test, and of one killed and started again."""
    tmp = tmp_path_factory.mktemp('resume')
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    from mmcabl.registry import MODELS
    cfg = Config.fromfile(str(CONFIG))
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}), tmp / 'model.pth')
    for name, seed in (('a', 0), ('b', 1)):
        write_casia(tmp / name, authentic=3, forged=4, seed=seed)
    (tmp / 'b/CASIA 2.0/Au/Au_zzz.jpg').write_bytes(b'')
    config = tmp / 'cfg.py'
    sets = ', '.join(f"dict(type='mmcabl.CASIAv2', name='{n}', data_root='{tmp / n}', test_mode=True, "
                     'pipeline={{_base_.test_pipeline}})' for n in 'ab')
    config.write_text(f"_base_ = '{CONFIG}'\ntest_dataloader = dict(batch_size=2, dataset=dict(_delete_=True, "
                      f"type='ConcatDataset', datasets=[{sets}]))\n")
    script = str(upstream_script('mmpretrain', 'test.py'))

    def command(work_dir):
        return [script, str(config), str(tmp / 'model.pth'), '--work-dir', str(work_dir)]

    def run(*arguments, code=0):
        done = warm.run([sys.executable, *arguments], timeout=600)
        assert done.returncode == code, done.stdout[-2000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    run(*command(tmp / 'whole'))
    (tmp / 'killed.py').write_text(KILLED)
    run(str(tmp / 'killed.py'), '5', *command(tmp / 'again'), code=9)
    partial = ResultStore(next((tmp / 'again/results').iterdir())).read()
    said = run(*command(tmp / 'again'))
    once_more = run(*command(tmp / 'again'))
    # a hook that changes masks changes what the results are of
    (tmp / 'hooked.py').write_text("_base_ = './cfg.py'\ncustom_hooks = [dict(type='EmptyCacheHook')]\n")
    hooked = command(tmp / 'again')
    hooked[1] = str(tmp / 'hooked.py')
    run(*hooked)
    return dict(whole=tmp / 'whole/results', again=tmp / 'again/results', partial=partial, said=said,
                once_more=once_more)


def folder(path):
    """The oldest folder of results."""
    return min((p for p in path.iterdir() if p.is_dir()), key=lambda p: p.stat().st_ctime_ns)


def test_an_interrupted_test_goes_on_with_the_same_numbers(runs):
    assert len(runs['partial']) == 5 and '5 of 15 images have results' in runs['said']
    whole, again = (json.loads((runs[k] / 'summary.json').read_text()) for k in ('whole', 'again'))
    assert whole == pytest.approx(again, abs=0, nan_ok=True) and len(whole) > 20
    assert {'a/i_auc', 'b/p_f1_box', 'average/p_f1', 'average/i_auc'} <= set(whole)
    assert whole['a/images'] == 7 and whole['b/images'] == 7  # b's empty file is left out
    assert whole['average/p_f1'] == pytest.approx((whole['a/p_f1'] + whole['b/p_f1']) / 2, abs=1e-15)
    records = [ResultStore(folder(runs[k])).read() for k in ('whole', 'again')]
    assert len(records[0]) == 15 and records[0] == records[1]


def test_a_finished_test_is_not_done_again_and_other_settings_are(runs):
    assert '15 of 15 images have results' in runs['once_more']
    assert sum(p.is_dir() for p in runs['again'].iterdir()) == 2
    assert len(ResultStore(folder(runs['again'])).read()) == 15


def test_summaries_need_no_model(runs):
    found = summarize_store(folder(runs['again']))
    assert found == pytest.approx(json.loads((runs['whole'] / 'summary.json').read_text()), abs=0, nan_ok=True)
    with pytest.raises(FileNotFoundError, match='no images'):
        summarize_store(runs['whole'].parent)


def test_the_table_has_scores_prompts_and_masks_that_exist(runs):
    where = folder(runs['again'])
    with open(where / 'per_image.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 15 and [r['dataset'] for r in rows] == ['a'] * 7 + ['b'] * 8
    forged = [r for r in rows if r['label'] == '1']
    assert len(forged) == 8 and all(0 <= float(r['p_f1']) <= 1 for r in forged)
    for row in rows:
        if row['unreadable'] == 'True':
            assert row['mask'] == ''
            continue
        mask = cv2.imread(str(where / row['mask']), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (48, 48) and set(np.unique(mask)) <= {0, 255}
        assert 0 <= int(row['positive_x']) < 48 and 0 <= float(row['score']) <= 1


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
