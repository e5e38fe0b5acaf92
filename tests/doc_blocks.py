"""Fenced blocks of README and docs, and whether a command in them is one that would be understood."""

import argparse
import re
import runpy
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from tests.packages import ROOT

PAGES = [ROOT / 'README.md', ROOT / 'configs/table1/README.md', *sorted((ROOT / 'docs').glob('*.md'))]
FENCE = re.compile(r'^( *)```(\S*)[^\n]*\n(.*?)^\1```', re.M | re.S)
MARK = re.compile(r'<!-- (run|not run|run by)(?:: ([^>]*?))? -->\s*\Z')
#: Commands of the system, which are not ours to check.
OF_THE_SYSTEM = {'cd', 'git', 'source', 'docker', 'tensorboard'}
LAUNCHERS = {'srun': 1, 'python -m torch.distributed.run': 3}


@dataclass(frozen=True)
class Block:
    """A fenced block: where, its language, text, and the mark in front of it (kind, reason)."""

    page: str
    line: int
    language: str
    text: str
    mark: tuple

    def __str__(self):
        return f'{self.page}:{self.line}'


def blocks():
    found = []
    for page in PAGES:
        text = page.read_text(encoding='utf-8')
        for fence in FENCE.finditer(text):
            mark = MARK.search(text[:fence.start()].rstrip('\n') + '\n')
            inner = '\n'.join(line[len(fence[1]):] for line in fence[3].splitlines())
            found.append(Block(page.relative_to(ROOT).as_posix(), text[:fence.start()].count('\n') + 1, fence[2],
                               inner, mark.groups() if mark else ('', None)))
    return found


def commands(text):
    """Every command of a bash block as its words; continued lines are joined, comments and && are taken apart."""
    for line in text.replace('\\\n', ' ').splitlines():
        words = shlex.split(line, comments=True)
        while words:
            end = words.index('&&') if '&&' in words else len(words)
            command, words = words[:end], words[end + 1:]
            while command and re.fullmatch(r'[A-Z_]+=.*', command[0]):
                command = command[1:]
            if command:
                yield command


class Understood(BaseException):
    """A parser has taken its arguments; what it would do with them is not done."""


def _parsed(parser, args=None, namespace=None):
    namespace, unknown = parser.parse_known_args(args, namespace)
    if unknown:
        parser.error(f'unrecognized arguments: {" ".join(unknown)}')
    raise Understood


def check(words):
    """Raise an AssertionError that says what is wrong with a command."""
    for launcher, length in LAUNCHERS.items():
        if ' '.join(words[:length]) == launcher:
            words = words[length:]
            while words and words[0].startswith('-') and words[0] != '-m':
                words = words[1:] if '=' in words[0] else words[2:]
            words = words if words[0] in ('python', 'mmcabl') else ['python', *words]
    _paths_exist(words)
    head, *rest = words
    if head in OF_THE_SYSTEM:
        return
    if words[:3] == ['python', '-m', 'mmcabl']:
        head, rest = 'mmcabl', words[3:]
    if words[:3] in (['python', '-m', 'venv'], ['python', '-m', 'sphinx']):
        return
    if head == 'make':
        _make(rest)
    elif head == 'pip':
        _pip(rest)
    elif head == 'mmcabl':
        _mmcabl(rest)
    elif head == 'mim':
        _mim(*rest[:3])
    elif head == 'python' and rest[0].endswith('.py'):
        _script(ROOT / rest[0], rest[1:])
    else:
        assert head.endswith('.sh'), f'{" ".join(words)}: nobody knows {head}'


def _paths_exist(words):
    for word in words:
        if re.match(r'(configs|tools|benchmarks|docs)/.*\.(py|sh|safetensors|ipynb)$', word):
            assert (ROOT / word).is_file(), f'{word} is not there'


def _make(words):
    makefile = (ROOT / 'Makefile').read_text()
    for word in words:
        name = word.split('=')[0]
        known = rf'\b{name}\b' if '=' in word else rf'(?m)^{name}:'
        assert re.search(known, makefile), f'make has no {name}'


def _pip(words):
    project = (ROOT / 'pyproject.toml').read_text()
    for extras in re.findall(r'\[([\w,-]+)\]', ' '.join(words)):
        for extra in extras.split(','):
            assert re.search(rf'(?m)^{extra} = \[', project), f'there is no extra {extra}'


def _mim(verb, package, name):
    import mmpretrain
    folder = Path(mmpretrain.__file__).parent / '.mim/tools' if verb == 'run' else ROOT / 'configs'
    assert package == ('mmpretrain' if verb == 'run' else 'mmcabl')
    assert list(folder.rglob(f'{name}.py' if verb == 'run' else name)), f'{folder} has no {name}'


def _mmcabl(words):
    from mmcabl.cli.app import COMMANDS, app
    if words and words[0].startswith('-'):
        assert words[0] in ('--version', '--help')
        return
    name, rest = words[0], words[1:]
    assert name in COMMANDS, f'mmcabl has no {name}'
    if COMMANDS[name].native:
        import typer
        command = typer.main.get_command(app).get_command(mock.Mock(resilient_parsing=False), name)
        try:
            command.make_context(name, list(rest))
        except Exception as error:
            raise AssertionError(f'mmcabl {" ".join(words)}: {error!r}') from None
        return
    if name in ('train', 'test'):
        _upstream(name, rest)
    else:
        _until_parsed(lambda: COMMANDS[name].load()(rest, f'mmcabl {name}'), words)


def _script(path, words):
    assert path.is_file(), f'{path} is not there'
    if path.name in ('train.py', 'test.py'):
        _upstream(path.stem, words)
        return
    with mock.patch.object(sys, 'argv', [str(path), *words]), mock.patch.object(
            sys, 'path', [str(path.parent), *sys.path]):
        _until_parsed(lambda: runpy.run_path(str(path), run_name='__main__'), [path.name, *words])


def _upstream(name, words):
    """train.py and test.py are the toolbox's own, found in its package."""
    import mmpretrain
    path = Path(mmpretrain.__file__).parent / f'.mim/tools/{name}.py'
    with mock.patch.object(sys, 'argv', [str(path), *words]):
        _until_parsed(lambda: runpy.run_path(str(path), run_name='__main__'), [path.name, *words])


def _until_parsed(function, words):
    try:
        with mock.patch.object(argparse.ArgumentParser, 'parse_args', _parsed):
            function()
    except Understood:
        return
    except SystemExit as error:
        assert error.code == 0 and {'-h', '--help'} & set(words), f'{" ".join(words)} is not understood'
        return
    raise AssertionError(f'{" ".join(words)}: no parser was asked')
