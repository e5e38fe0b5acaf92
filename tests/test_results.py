"""Per-image results: an interrupted test goes on and ends with the same numbers; summaries need no model."""

import csv
import json
import os
import runpy
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmcabl.records import ResultStore, from_text, summarize_store
from mmcabl.records.summary import table_one_row
from tests.forked import run
from tests.results_runs import LONG, ODD, folder, upstream

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')


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
