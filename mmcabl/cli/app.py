"""The Typer app behind ``mmcabl`` and ``python -m mmcabl``.

Exit status of every sub-command: 0 done; 1 it could not be done, or a test of the user's data says no; 2 the command
line is not understood; 130 interrupted.
"""

import os
import sys
from typing import Dict, Sequence

import typer

from mmcabl.cli.lazy import LazyGroup, Sub
from mmcabl.version import __version__

PHOTOS, DATA, RUNS = 'Photographs and models', 'Data', 'Training and evaluation'

#: Sub-commands in the order of the help. Native ones are functions with Typer annotations, named like their module;
#: the others have an argparse parser behind ``main(arguments, prog)``, the same as ``tools/<script>.py``.
COMMANDS: Dict[str, Sub] = {
    'check': Sub('check', PHOTOS, 'Judge photographs: scores, maps, masks and a report that opens offline.',
                 native=True, loads='reading the model'),
    'serve': Sub('serve', PHOTOS, 'The same as a page in the browser, on this machine.', native=True,
                 loads='reading the model'),
    'models': Sub('models', PHOTOS, 'Which models there are: weights, licences, figures, what they cannot do.',
                  native=True),
    'export': Sub('export', PHOTOS, 'A model as ONNX, TorchScript or torch.export, checked against PyTorch.',
                  native=True, loads='importing PyTorch and the model'),
    'data': Sub('data', DATA, 'Where the benchmarks are to be had; whether a folder is one of them, and whole.'),
    'forge': Sub('forge', DATA, 'Make synthetic forgeries of a folder of photographs.'),
    'pair': Sub('pair', DATA, 'Cut windows of real forgeries beside their hosts.'),
    'quickstart': Sub('quickstart', RUNS, 'Data, training, test and report from nothing, in minutes.'),
    'train': Sub('upstream', RUNS, "Train: the toolbox's own train.py.", function='train',
                 loads='importing PyTorch and the toolbox'),
    'test': Sub('upstream', RUNS, "Test: the toolbox's own test.py.", function='test',
                loads='importing PyTorch and the toolbox'),
    'score': Sub('score', RUNS, 'Scores, prompts and masks of very many images, resumable.',
                 loads='importing PyTorch'),
    'summarize': Sub('summarize', RUNS, 'The metrics of a test again, from its records.'),
    'tables': Sub('tables', RUNS, "The paper's tables and figures: run what is missing, collect, print."),
}


class Commands(LazyGroup):
    table = COMMANDS


app = typer.Typer(name='mmcabl', cls=Commands, add_completion=False, no_args_is_help=True,
                  pretty_exceptions_enable=False, context_settings=dict(help_option_names=['-h', '--help']),
                  help='Weakly supervised image manipulation localization. `mmcabl COMMAND --help` tells more.')


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f'mmcabl {__version__}')
        raise typer.Exit


@app.callback()
def options(version: bool = typer.Option(False, '--version', callback=_version, is_eager=True,
                                         help='Print the version.')) -> None:
    """Options of the command itself; the help is the app's."""


#: Options whose empty value means something: that of ``--device`` is its default.
MAY_BE_EMPTY = ('--device', )


def refuse_empty(arguments: Sequence[str]) -> None:
    """Leave where an argument is empty, as ``"$UNSET"`` is: as a path it would mean the folder one is in."""
    for number, (before, argument) in enumerate(zip(['', *arguments], arguments), 1):
        if not argument and before not in MAY_BE_EMPTY:
            typer.echo(f'Argument {number} of mmcabl is empty, perhaps an unset variable of the shell; accepted are '
                       'names and paths, `.` for the folder you are in.', err=True)
            raise SystemExit(2)


def main() -> None:
    """Entry point of the console script; quiet where the reader of its output has gone (``| head``)."""
    refuse_empty(sys.argv[1:])
    try:
        try:
            app(prog_name='mmcabl')
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains once more at its end
        raise SystemExit(1) from None
