"""The tables: the paper's numbers, our column from summaries, and the whole command at a tiny scale."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmcabl.engine.scripts.upstream import run_script
from mmcabl.images import read_image
from mmcabl.lab.runs.identity import training_identity
from mmcabl.lab.tables import bench as runs
from mmcabl.lab.tables import paper
from mmcabl.lab.tables.bench import Bench
from mmcabl.lab.tables.collect import cells
from mmcabl.lab.tables.definitions import FULL, TABLES, UNITED, VARIANTS
from mmcabl.lab.tables.families import FAMILIES, data_options
from mmcabl.lab.tables.figures import grid, points
from mmcabl.lab.tables.rehearsal import make_sets
from mmcabl.lab.tables.render import comma_separated, latex, markdown
from mmcabl.utils.files import write_png
from tests import warm
from tests.conftest import write_casia
from tests.forked import run

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / 'tools/tables.py'


def summary(shift=0.):
    return {f'{name}/{key}': value + shift for i, name in enumerate(paper.SETS) for key, value in (
        ('i_auc', 0.6 + i / 10), ('p_f1', 0.3 + i / 100), ('p_f1_null', 0.2), ('p_f1_point', 0.1), ('p_f1_box', 0.25),
        ('p_f1_box_point', 0.3), ('p_f1_all_ones', 0.15), ('p_f1_random', 0.12), ('p_f1_centre', 0.18),
        ('p_mcc', 0.4), ('p_mcc_centre', 0.05), ('p_f1_rank', 2.))}


def test_every_number_stands_in_the_papers_text(shared):
    """Tables I to VI as transcribed, row by row, against its numbers."""
    text = (shared / 'paper_tables.txt').read_text()
    rows = [values for _, values in paper.TABLE_I.values()]
    rows += [row for table in (paper.TABLE_II, paper.TABLE_III, paper.TABLE_IV, paper.TABLE_V, paper.TABLE_VI)
             for row in table.values()]
    assert len(rows) == 12 + 4 + 3 + 3 + 2 + 4
    for row in rows:
        assert ' '.join(f'{value:.3f}' for value in row.values()) in text


def test_printed_averages_are_those_of_the_rows():
    """Two of Table I's baselines do not average to what is printed; all of the method's own rows do."""
    off = [name for name, (_, row) in paper.TABLE_I.items() for metric in ('i_auc', 'p_f1')
           if abs(paper.average_of(row, metric) - row[('average', metric)]) > 0.0011]
    for table in (paper.TABLE_II, paper.TABLE_III, paper.TABLE_IV, paper.TABLE_V, paper.TABLE_VI):
        for row in table.values():
            for name, metric in row:
                if name == 'average':
                    assert paper.average_of(row, metric) == pytest.approx(row[(name, metric)], abs=0.0011)
    assert 'Ours' not in off, off


def test_cells_are_means_over_seeds_of_the_right_numbers():
    found = {'cabl': [summary(), summary(0.1)], 'none': [summary(-0.1)]}
    table = TABLES['table2']
    grid = cells(found, table)
    by_key = {row.cells: dict(zip(table.columns, line)) for row, line in zip(table.rows, grid)}
    both = by_key[('yes', 'yes')]
    assert both[('COVERAGE', 'p_f1')].paper == 0.190
    assert both[('COVERAGE', 'p_f1')].ours == pytest.approx(0.37)
    assert both[('COVERAGE', 'p_f1')].spread == pytest.approx(0.1 / 2 ** 0.5)
    assert both[('average', 'i_auc')].ours == pytest.approx((0.8 + 0.9) / 2 + 0.05)
    assert by_key[('-', '-')][('IMD2020', 'p_f1')].values == pytest.approx((0.1,))
    assert by_key[('-', '-')][('IMD2020', 'p_f1')].spread is None
    assert by_key[('trivial: all ones', '')][('average', 'p_f1')].ours == pytest.approx(0.2)
    assert by_key[('trivial: all ones', '')][('average', 'i_auc')].ours == 0.5
    scores = TABLES['scores']
    grid = {row.cells[0]: dict(zip(scores.columns, line)) for row, line in zip(scores.rows, cells(found, scores))}
    assert grid['Ours'][('CASIAv1', 'p_mcc')].ours == pytest.approx(0.45)
    assert grid['trivial: centre'][('average', 'p_mcc')].ours == pytest.approx(0.1)
    assert grid['trivial: centre'][('CASIAv1', 'p_f1_rank')].ours is None
    empty = cells({}, table)
    assert all(cell.ours is None for line in empty for cell in line)


def test_every_prompt_row_reads_its_own_number():
    table = TABLES['table6']
    found = {row.cells[0]: line[0].ours for row, line in zip(table.rows, cells({'cabl': [summary()]}, table))}
    assert found == pytest.approx({'null': 0.2, 'point': 0.1, 'box': 0.25, 'box_point': 0.3,
                                   'trivial: all ones': 0.15, 'trivial: random half': 0.12, 'trivial: centre': 0.18})


def test_renderings():
    found, table = {'cabl': [summary(), summary(0.1)]}, TABLES['table6']
    text = markdown(found, table)
    assert re.search(r'\| null +\| 0.280 / 0.250 ± 0.071 +\|', text) and 'Seeds: 2.' in text
    rows = list(csv.reader(comma_separated(found, table).splitlines()))
    assert rows[0][:5] == ['Prompt', *(f'CASIAv1 P-F1 {part}' for part in ('paper', 'mean', 'std', 'seeds'))]
    assert rows[1][0] == 'null' and float(rows[1][2]) == pytest.approx(0.25) and rows[1][4] == '2'
    tex = latex(found, table)
    assert r'box\_point & 0.300 & $0.350 \pm 0.071$' in tex
    lines = [line for line in tex.splitlines() if line.endswith(r'\\')]
    assert {line.count('&') for line in lines[1:]} == {10} and 'paper & here' in tex
    assert re.search(r'\| null +\| 0.280 / - +\|', markdown({}, table))


def test_what_lays_tables_out_is_asked_for_before_a_run(monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None if name == 'tabulate' else name)
    with pytest.raises(ImportError, match=r"laid out by tabulate, not installed here: .*'mmcabl\[tables\]'"):
        markdown({}, TABLES['table6'])


@pytest.mark.parametrize('family', list(FAMILIES))
def test_families_have_every_config_and_differ_in_the_variant_alone(family):
    family = FAMILIES[family]
    ours = Config.fromfile(str(family.config('cabl'))).to_dict()
    prompts = ('prompt', 'compare')  # the rows without CGSR need none
    backbones, refined = [], ours['model'].pop('postprocessor')
    for variant in VARIANTS:
        cfg = Config.fromfile(str(family.config(variant))).to_dict()
        backbones.append(cfg['model'].pop('backbone'))
        refinement = cfg['model'].pop('postprocessor')
        assert [{k: v for k, v in each.items() if k not in prompts} for each in (refinement, refined)] == [
            {k: v for k, v in refined.items() if k not in prompts}] * 2
        assert 'null' in (refinement['prompt'], *refinement['compare'])
        assert variant not in ('cabl', 'none') or refinement['prompt'] == refined['prompt'] != 'null', 'Table II'
        assert {**cfg, 'model': None} == {**ours, 'model': None}
        assert cfg['model'] == {k: v for k, v in ours['model'].items() if k != 'backbone'}
    assert all(a != b for i, a in enumerate(backbones) for b in backbones[:i])
    if not family.robustness:
        return
    perturbed = Config.fromfile(str(family.robustness_config()))
    assert perturbed.model.backbone.to_dict() == backbones[0]
    assert perturbed.model.postprocessor.prompt == refined['prompt']


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_figure_4_is_made_in_a_folder_of_any_name(tmp_path):
    """OpenCV's own reader and writer crash at names that are not UTF-8."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b'/caf\xe9'))
    write_png(folder / 'overlay.png', np.full((40, 160, 3), 77, np.uint8))
    run(grid, [folder / 'overlay.png'], folder / 'fig4.png', 240)
    assert read_image(folder / 'fig4.png')[-20].tolist() == [[77] * 3] * 240


def test_points_of_figure_5():
    found = points([{'jpeg_90/p_f1': 0.5, 'jpeg_50/p_f1': 0.25, 'clean/p_f1': 1., 'blur_3/p_f1': 0.75},
                    {'jpeg_90/p_f1': 0.75, 'jpeg_50/p_f1': 0.25, 'clean/p_f1': 1., 'blur_3/p_f1': 0.75}])
    assert found == {'jpeg': [(50, 0.25, 0.), (90, 0.625, pytest.approx(0.1767767))], 'blur': [(3, 0.75, 0.)]}


def test_the_command_runs_collects_and_reuses(tmp_path):
    pytest.importorskip('skimage')
    out = tmp_path / 'tables'
    command = [sys.executable, str(SCRIPT), '--family', 'rehearsal', '--out', str(out), '--train-images', '8',
               '--test-images', '4', '--only', 'table5', 'fig4', 'fig5', '--jobs', '2', '--threads', '1',
               '--cfg-options', 'train_cfg.max_epochs=1', 'model.scales=[64]']
    first = warm.run(command, timeout=600)
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-3000:]
    report = (out / 'report/report.md').read_text()
    assert 'Table V' in report and 'None of these images is from those data sets' in report
    rows = list(csv.DictReader((out / 'report/table5.csv').open()))
    measured = json.loads((out / 'prewitt/seed0/test/results/summary.json').read_text())
    assert rows[0]['Operator'] == 'Prewitt' and float(rows[0]['CASIAv1 P-F1 mean']) == measured['CASIAv1/p_f1_null']
    assert {p.name for p in out.iterdir()} == {'cabl', 'prewitt', 'data', 'report'}
    picture = cv2.imread(str(out / 'report/fig4.png'))
    assert picture.shape[1] == 1200 and cv2.imread(str(out / 'report/fig5.png')) is not None
    table = next((out / 'cabl/seed0/test/results').glob('*/per_image.csv'))
    assert len(table.read_text().splitlines()) == 1 + 4 * 4
    again = warm.run(command, timeout=600)
    assert again.returncode == 0 and 'train.py' not in again.stdout and 'test.py' not in again.stdout
    collected = warm.run([*command, '--collect'], timeout=600)
    assert 'Table V' in collected.stdout


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    pytest.importorskip('skimage')
    return make_sets(tmp_path_factory.mktemp('rehearsal') / 'data', 2, 2)


@pytest.fixture
def bench(data, tmp_path, monkeypatch):
    """Benches on the rehearsal's data whose scripts only write what the real ones leave behind; and the calls."""
    calls = []

    def script(name, config, *arguments, **kwargs):
        work = Path(arguments[arguments.index('--work-dir') + 1])
        calls.append(work.relative_to(tmp_path / 'out').as_posix())
        if name == 'train.py':
            (work / 'epoch_4.pth').write_text(str(work))
            (work / 'last_checkpoint').write_text(str(work / 'epoch_4.pth'))
        else:
            (work / 'results').mkdir()
            (work / 'results/summary.json').write_text(json.dumps(summary(len(calls))))

    monkeypatch.setattr('mmcabl.lab.tables.bench.run_script', script)
    return lambda *options, data=data: Bench(FAMILIES['rehearsal'], tmp_path / 'out', data, options=options), calls


def test_runs_of_other_settings_lie_beside_and_are_not_shown(bench, tmp_path, capsys):
    make, calls = bench
    wanted = [('cabl', 0), ('cabl', 1), ('none', 0)]
    make().run(wanted, [('cabl', 0)], jobs=3)
    assert sorted(calls) == sorted([f'{v}/seed{s}/{stage}' for v, s in wanted for stage in ('train', 'test')]
                                   + ['cabl/seed0/robustness'])
    make().run(wanted, [('cabl', 0)], jobs=3)
    assert len(calls) == 7 and make().result(('cabl', 0)) == tmp_path / 'out/cabl/seed0/test'
    make('model.postprocessor.threshold=0.4').run([('cabl', 0)], [])
    assert len(calls) == 8 and calls[-1].startswith('cabl/seed0/test-')  # the training is used again
    first, second = make().result(('cabl', 0)), make('model.postprocessor.threshold=0.4').result(('cabl', 0))
    assert second == tmp_path / 'out' / calls[-1] and make().summary(first) != make().summary(second)
    capsys.readouterr()
    assert make('train_cfg.max_epochs=9').result(('cabl', 0)) is None
    assert 'was made with other options or other data and is left out' in capsys.readouterr().out
    assert make().result(('cabl', 7)) is None and capsys.readouterr().out == ''
    gone = tmp_path / 'gone'  # the results were copied to a machine without the data
    assert make(data=gone).result(('none', 0)) == tmp_path / 'out/none/seed0/test'
    assert make(data=gone).result(('cabl', 0)) is None
    assert len(calls) == 8


def test_a_failed_run_says_so_and_the_others_are_kept(bench, tmp_path, monkeypatch):
    make, calls = bench
    real = runs.run_script

    def script(name, config, *arguments, **kwargs):
        if 'none' in str(kwargs['log']):
            raise SystemExit('train.py ended with exit status 1')
        real(name, config, *arguments, **kwargs)

    monkeypatch.setattr('mmcabl.lab.tables.bench.run_script', script)
    with pytest.raises(SystemExit, match='ended with exit status 1'):
        make().run([('none', 0), ('cabl', 0)], [], jobs=2)
    assert make().result(('cabl', 0)) and make().result(('none', 0)) is None


def test_the_real_family_shows_its_own_sets_and_shares_one_training(tmp_path):
    family = FAMILIES['real']
    assert 'mixes' not in family.tables and 'equation2' in family.tables
    assert 'equation2' not in FAMILIES['paper'].tables
    assert FAMILIES['paper'].tables['table2'] == TABLES['table2']
    table = family.tables['table2']
    assert [name for name, _ in table.columns] == [name for name in family.sets for _ in range(2)]
    cfg = Config.fromfile(str(family.config('cabl')))
    parts = cfg.test_dataloader.dataset.datasets
    assert tuple(part.name for part in parts) == family.sets, 'reported under these names'
    assert data_options(cfg, tmp_path) == {f'test_dataloader.dataset.datasets.{i}.data_root': str(tmp_path / name)
                                           for i, name in enumerate(('CASIAv1', 'COVERAGE'), 1)}
    assert [step.type for step in parts[1].pipeline][:2] == ['mmcabl.LoadForensicImage', 'mmcabl.JPEGCompression']
    found = {'cabl': [{f'{name}/p_f1': 0.25, f'{name}/i_auc': 0.5} for name in family.sets]}
    merged = {'cabl': [{k: v for one in found['cabl'] for k, v in one.items()}]}
    row = re.search(r'\| yes +\| yes +\|(.*)', markdown(merged, table))[1]
    assert '0.190 / 0.250' in row and '- / 0.250' in row, 'the paper has no CASIAv1-q90'
    bench = Bench(family, tmp_path / 'out', tmp_path)
    assert [bench._training((v, 1))[0] for v in (UNITED, FULL, 'cabl', 'none')] == ['cabl', 'cabl', 'cabl', 'none']
    identities = [bench._train_config((v, 1))[1] for v in (UNITED, FULL, 'cabl', 'none')]
    there = dict(type='mmcabl.CASIAv2', data_root=str(write_casia(tmp_path)))
    for each in identities:
        each.train_dataloader.dataset = there  # the images count too, and its own need not be here
    assert len({json.dumps(training_identity(c), sort_keys=True, default=str) for c in identities}) == 2


@pytest.mark.parametrize('family', [FAMILIES['real'], FAMILIES['rehearsal']], ids=lambda f: f.name)
def test_three_maps_of_one_training(family, tmp_path):
    """They are told apart by the attention alone, and ``equation2`` compares them before any refinement."""
    models = {v: Config.fromfile(str(family.config(v))).model for v in ('cabl', UNITED, FULL)}
    how = {v: (m.get('attention'), m.get('attention_residual', 0.)) for v, m in models.items()}
    assert how == {'cabl': ('auto', 1.), UNITED: ('none', 1.), FULL: ('auto', 0.)}
    for model in models.values():
        for key in ('attention', 'attention_residual', 'postprocessor'):
            model.pop(key, None)
    assert models['cabl'] == models[UNITED] == models[FULL]
    assert 'equation2' in family.extra and set(family.extra) <= set(family.tables)
    rows = family.tables['equation2'].rows
    assert [(row.variant, row.p_f1) for row in rows[:3]] == [(v, 'p_f1_null') for v in (UNITED, FULL, 'cabl')]


@pytest.mark.parametrize('family, only, lacking', [('real', 'fig5', 'fig5'), ('paper', 'equation2', 'equation2')])
def test_a_table_that_a_family_lacks_is_refused(family, only, lacking):
    found = warm.run([sys.executable, str(SCRIPT), '--family', family, '--only', only, '--collect'])
    assert found.returncode and f'The family {family} has no {lacking}; it has table1' in found.stderr


def test_jobs_share_out_the_gpus(bench, monkeypatch):
    make, _ = bench
    seen, script = [], runs.run_script
    monkeypatch.setattr('mmcabl.lab.tables.bench.visible_gpus', lambda: ['3', '5'])
    monkeypatch.setattr('mmcabl.lab.tables.bench.run_script',
                        lambda *args, gpu=None, **kwargs: (seen.append(gpu), script(*args, **kwargs)))
    make().run([('cabl', 0), ('cabl', 1), ('none', 0), ('none', 1)], [], jobs=None)
    assert len(seen) == 8 and set(seen) == {'3', '5'}
    seen.clear()
    make().run([('cabl', 2)], [], jobs=1)
    assert seen == [None, None], 'one job has all of them'


def test_a_failed_run_says_its_last_line(tmp_path):
    with pytest.raises(SystemExit, match=r'ended with exit status .*whose last line is ".*nowhere\.py'):
        run_script('test.py', str(tmp_path / 'nowhere.py'), 'none.pth', log=tmp_path / 'x/test.log')


@pytest.mark.skipif(shutil.which('make') is None, reason='needs make')
def test_make_real_makes_what_its_configs_read(tmp_path):
    (tmp_path / 'venv').mkdir()
    command = ['make', '-n', 'real', 'DATA=sets', f'WINDOWS={tmp_path}/made', f'IMAGENET={tmp_path}/start',
               f'VENV={tmp_path}/venv']
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    made = dict(re.findall(rf'mv {tmp_path}/made/(\S+)\.part {tmp_path}/made/(\S+)', said))
    assert made and all(part == whole for part, whole in made.items())
    wanted, starts = set(), set()
    for name in ('cabl_lite_b32-1e_part-96.py', 'lite_kept-out.py', 'lite_b32-1e_windows-96.py'):
        text = Config.fromfile(str(ROOT / 'configs/real' / name)).pretty_text
        wanted |= set(re.findall(r'work_dirs/real/data/([\w-]+)', text))
        starts |= set(re.findall(r'work_dirs/real/weights/[\w.-]+', text))
    assert set(made) == wanted and wanted >= {'kept-native', 'windows-96'}
    assert starts == set(re.findall(r'^IMAGENET = (\S+)$', (ROOT / 'Makefile').read_text(), re.M))
    assert said.index(f'mkdir -p {tmp_path}\n') < said.index(f' {tmp_path}/start'), 'a clone has no folder for it'
    order = [said.index(f'/{name}.part ') for name in ('kept-native', 'kept-256', 'windows-96')]
    assert order == sorted(order), 'what is kept out is there before windows are cut'
    for line in said.splitlines():
        if '_forgeries.py' in line:  # every option is one that the script has
            script = re.search(r'tools/\w+\.py', line)[0]
            known = (ROOT / 'mmcabl/cli' / {'tools/pair_forgeries.py': 'pair.py'}.get(script, 'forge.py')).read_text()
            assert all(f"'{option}'" in known for option in re.findall(r' (--[\w-]+)', line))
