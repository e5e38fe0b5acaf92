"""The command ``mmcabl``: its help, its exit statuses, its JSON, and that the tools are the same functions."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from mmcabl.cli import lazy
from mmcabl.cli.app import COMMANDS
from mmcabl.cli.benchmarks import BENCHMARKS
from mmcabl.cli.lazy import sentences
from mmcabl.cli.output import print_json
from mmcabl.datasets import CASIAv1, CASIAv2, Columbia
from mmcabl.zoo import model_cards

ROOT = Path(__file__).parents[1]
TOOLS = {'check_dataset': 'data', 'make_forgeries': 'forge', 'pair_forgeries': 'pair', 'quickstart': 'quickstart',
         'score': 'score', 'summarize': 'summarize', 'tables': 'tables', 'train': 'train', 'test': 'test'}


def command(*arguments, **options):
    """``python -W error -m mmcabl ...`` from the tree under test, in a fresh interpreter."""
    return subprocess.run([sys.executable, '-W', 'error', '-m', 'mmcabl', *map(str, arguments)], cwd=ROOT, text=True,
                          capture_output=True, **options)


def test_help_lists_every_command_and_imports_none():
    code = ('import sys\nfrom mmcabl.cli.app import main\nsys.argv = ["mmcabl", "--help"]\ntry:\n    main()\n'
            'except SystemExit as end:\n    assert not end.code\n'
            'print([m for m in sys.modules if m in ("torch", "mmengine", "cv2", "numpy")], file=sys.stderr)')
    done = subprocess.run([sys.executable, '-W', 'error', '-c', code], cwd=ROOT, text=True, capture_output=True)
    assert done.stderr == '[]\n' and not [name for name in COMMANDS if f' {name} ' not in done.stdout]


@pytest.mark.parametrize('name, option', [('quickstart', '--seed'), ('tables', '--seed'), ('train', '--resume'),
                                          ('test', '--cfg-options')])
def test_help_of_what_trains_needs_no_torch(name, option):
    code = (f'import sys\nfrom mmcabl.cli.app import main\nsys.argv = ["mmcabl", "{name}", "--help"]\ntry:\n'
            '    main()\nexcept SystemExit as end:\n    assert not end.code\nassert "torch" not in sys.modules')
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0 and option in done.stdout, done.stderr


@pytest.mark.parametrize('arguments, status, said', [
    (['--version'], 0, 'mmcabl '), (['nothing'], 2, "No such command 'nothing'"), (['--nothing'], 2, '--nothing'),
    (['models', '--nothing'], 2, '--nothing'), (['models', 'nothing'], 1, "'nothing' is no model of mmcabl"),
    (['data', 'nowhere', '--quiet'], 2, 'nowhere is not a folder.'),
    (['score', '--nothing'], 2, 'usage: mmcabl score'),
    (['check', '', '--out', 'nowhere'], 2, 'Argument 2 of mmcabl is empty'),
    (['check', '--json', ''], 2, 'Argument 3'), (['check', 'x.png', '--out', ''], 2, 'Argument 4'),
    (['check', 'nowhere', '--device', '', '--out', 'y'], 1, 'nowhere is not there'),
])
def test_exit_statuses(arguments, status, said):
    done = command(*arguments)
    assert done.returncode == status and said in done.stdout + done.stderr and 'Traceback' not in done.stderr


def test_models_and_data_for_machines():
    done = command('models', '--json')
    found = {card['name']: card for card in json.loads(done.stdout)}
    assert found.keys() == model_cards().keys() and done.stderr == '' and str(ROOT) not in done.stdout
    assert found['cabl-mini'] == model_cards()['cabl-mini'].as_dict()
    found = json.loads(command('data', '--json').stdout)['benchmarks']
    assert [b['name'] for b in found] == [b.name for b in BENCHMARKS]


def test_the_list_of_benchmarks_counts_as_the_readers_do():
    listed = {b.name: tuple(int(n.replace(',', '')) for n in b.images.split(' + ')) for b in BENCHMARKS}
    assert set(listed) == {'CASIAv2', 'CASIAv1', 'Columbia', 'COVERAGE', 'IMD2020'}
    for cls in (CASIAv1, CASIAv2, Columbia):
        assert listed[cls.__name__] == cls.PUBLISHED


def test_a_reader_that_has_gone_is_no_error():
    process = subprocess.Popen([sys.executable, '-m', 'mmcabl', 'data'], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == '' and process.wait() == 1


@pytest.mark.parametrize('script', TOOLS)
def test_a_tool_is_its_sub_command(script):
    sub = COMMANDS[TOOLS[script]]
    space = runpy.run_path(str(ROOT / f'tools/{script}.py'), run_name='not main')
    assert space[sub.function or 'main'] is sub.load()


@pytest.mark.parametrize('name', [name for name, sub in COMMANDS.items() if sub.native])
def test_native_commands_have_help(name):
    assert COMMANDS[name].load().__doc__


def test_the_first_rank_alone_speaks(monkeypatch):
    for names, first in (({}, True), (dict(RANK='0'), True), (dict(RANK='3'), False),
                         (dict(SLURM_PROCID='2'), False)):
        for name in ('RANK', 'SLURM_PROCID'):
            monkeypatch.delenv(name, raising=False)
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        assert lazy.first_rank() is first


def test_sentences_and_json(capsys):
    with pytest.raises(SystemExit) as end, sentences():
        raise ValueError('two\n  lines')
    assert end.value.code == 1 and capsys.readouterr().err == 'two lines\n'
    with pytest.raises(KeyError), sentences():
        raise KeyError('a fault of ours keeps its traceback')
    print_json(dict(a=float('nan'), b=(1, float('inf')), c='é'))
    assert json.loads(capsys.readouterr().out) == dict(a=None, b=[1, None], c='é')
