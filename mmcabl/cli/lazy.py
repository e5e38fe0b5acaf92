"""A group of commands whose modules are imported when one of them is called, not when the help lists them."""

import errno
import os
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Dict, List, Optional

import typer
from typer.core import TyperCommand, TyperGroup

from mmcabl.cli.output import fail, say


@dataclass(frozen=True)
class Sub:
    """A sub-command.

    Attributes:
        module: below ``mmcabl.cli``.
        panel, help: where and as what the group's help lists it.
        native: a function with Typer annotations; else a ``main(arguments, prog)`` that returns an exit status.
        function: name in the module; the module's own for native commands, ``main`` for the others by default.
        loads: what the first line says while modules are imported that take seconds.
    """

    module: str
    panel: str
    help: str
    native: bool = False
    function: str = ''
    loads: str = ''

    def load(self) -> Any:
        """The function, its module being imported."""
        found = import_module(f'mmcabl.cli.{self.module}')
        return getattr(found, self.function or (self.module if self.native else 'main'))


def first_rank() -> bool:
    """Whether this process is alone or the first of those that a launcher or Slurm started."""
    return int(os.environ.get('RANK', os.environ.get('SLURM_PROCID', 0))) == 0


class SentenceCommand(TyperCommand):
    """What a user can mend ends with a sentence and status 1, not with a traceback."""

    def invoke(self, ctx: Any) -> Any:
        with sentences():
            return super().invoke(ctx)


class ArgparseCommand(SentenceCommand):
    """Hands its arguments on as they are: what they mean, help included, the function's own parser knows."""

    def parse_args(self, ctx: Any, args: List[str]) -> List[str]:
        ctx.args = list(args)
        return []

    def invoke(self, ctx: Any) -> Any:
        with sentences():
            sys.exit(self.callback(ctx.args, ctx.command_path))


class sentences:  # noqa: N801, used as a function
    """Context in which errors of a user's making become one sentence on stderr and exit status 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, _: Any) -> Optional[bool]:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            return None  # whoever read has gone; Typer ends quietly
        if isinstance(error, (ValueError, OSError, ImportError)):
            fail(error)
        return None


class LazyGroup(TyperGroup):
    """Typer's group over :attr:`table`."""

    table: ClassVar[Dict[str, Sub]] = {}
    _listing = False

    def list_commands(self, ctx: Any) -> List[str]:
        """Names in the table's order."""
        return list(self.table)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """As Typer's, from the table alone."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False

    def get_command(self, ctx: Any, cmd_name: str) -> Optional[Any]:
        """The command of a name, its module imported unless it is only listed; None without one."""
        sub = self.table.get(cmd_name)
        if sub is None:
            return None
        if self._listing or ctx.resilient_parsing:
            return TyperCommand(cmd_name, callback=print, help=sub.help, rich_help_panel=sub.panel)
        if sub.loads and not {'-h', '--help'} & set(sys.argv) and first_rank():
            say(f'mmcabl {cmd_name}: {sub.loads} ...')
        with sentences():
            function = sub.load()
        if not sub.native:
            return ArgparseCommand(cmd_name, callback=function, help=sub.help, add_help_option=False)
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False,
                             context_settings=dict(help_option_names=['-h', '--help']))
        single.command(cmd_name, cls=SentenceCommand)(function)
        return typer.main.get_command(single)
