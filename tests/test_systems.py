"""Table I's other rows: every system has its configs, and those without weights run from the command alone."""

import csv
import sys
from pathlib import Path

import pytest

from mmcabl.lab.tables.bench import Bench
from mmcabl.lab.tables.definitions import TABLES
from mmcabl.lab.tables.families import CONFIGS, FAMILIES
from mmcabl.lab.tables.paper import TABLE_I
from mmcabl.lab.tables.rehearsal import make_sets
from mmcabl.lab.tables.systems import SYSTEMS
from mmcabl.lab.tables.tables_report import write_report
from tests import warm

SCRIPT = Path(__file__).parents[1] / 'tools/tables.py'


def test_every_row_of_table_1_has_a_system_and_every_system_its_configs():
    assert [system.row for system in SYSTEMS.values()] == list(TABLE_I)[:-1]
    for family in FAMILIES.values():
        for variant in filter(family.has, SYSTEMS):
            assert family.config(variant).is_file(), variant
    rows = {row.cells[1]: row for row in TABLES['table1'].rows}
    assert rows['NOII'].variant == 'noii' and rows['NOII'].on_demand and not rows['Ours'].on_demand
    assert set(TABLES['table1'].variants) == {'cabl'}, 'no run that nobody asked for'


def test_weights_that_are_not_trained_are_given_or_asked_for():
    paper = FAMILIES['paper']
    assert paper.given_weights('noii') == CONFIGS / 'table1/untrained.safetensors'
    assert paper.given_weights('noii').is_file() and paper.given_weights('mil-fcn') is None
    assert paper.given_weights('mvss-net') == Path('checkpoints/mvss-net.pth')
    assert not FAMILIES['rehearsal'].has('cat-net') and FAMILIES['rehearsal'].has('cfa1')


def test_a_family_without_a_system_says_so():
    found = warm.run([sys.executable, str(SCRIPT), '--family', 'rehearsal', '--systems', 'cat-net', '--collect'])
    assert found.returncode and 'The family rehearsal has no cat-net; it has noii, cfa1' in found.stderr


def test_a_system_without_weights_gets_its_row(tmp_path):
    bench = Bench(FAMILIES['rehearsal'], tmp_path / 'tables', make_sets(tmp_path / 'data', 4, 4), threads=1)
    bench.run([('noii', 0)], [])
    assert not (tmp_path / 'tables/noii/seed0/train').exists()
    measured = bench.summary(bench.result(('noii', 0)))
    write_report(bench, ['table1'], [0, 1], 0)
    rows = {row['Method']: row for row in csv.DictReader((tmp_path / 'tables/report/table1.csv').open())}
    assert float(rows['NOII']['CASIAv1 P-F1 mean']) == measured['CASIAv1/p_f1']
    assert rows['NOII']['average P-F1 seeds'] == '1'
    assert not rows['MIL-FCN']['CASIAv1 P-F1 mean'] and rows['MIL-FCN']['CASIAv1 P-F1 paper'] == '0.117'
    again = bench.result(('noii', 0)) / 'test.log'
    size = again.stat().st_size
    bench.run([('noii', 0)], [])
    assert again.stat().st_size == size, 'tested again'


def test_published_weights_that_are_missing_are_named_before_the_first_run(tmp_path):
    bench = Bench(FAMILIES['paper'], tmp_path / 'tables', tmp_path / 'data')
    with pytest.raises(SystemExit, match='weights checkpoints/mvss-net.pth of mvss-net are not a file'):
        bench.run([('mvss-net', 0)], [])
