"""What our own commands show of upstream's scripts: environment, config and lists of parameters go to the log file.

For as long as a script runs it finds a subclass of mmengine's ``Runner`` under that name; the class itself is not
changed. The console handler of its logger has a filter, and a config is checked before it becomes a Runner. The log
file has everything.
"""

import logging
import re
from contextlib import contextmanager
from typing import Any, ClassVar, Dict, Iterator

import mmengine.runner
from mmengine.config import Config
from mmengine.runner import Runner

from mmcabl.quiet import ignore_known_warnings, import_quietly

#: Beginnings of what mmengine logs at the start of every run; on the console none of it is read.
FILE_ONLY = re.compile('|'.join((
    r'\s*-+\s+System environment:', r'Config:\n', r'Hooks will be executed in the following order',
    r'Distributed training is not used, all SyncBatchNorm', r'paramwise_options -- ',
    r'The prefix is not set in metric class IoUMetric', r'"FileClient" will be deprecated',
    r'"HardDiskBackend" is the alias of')))


class FileOnly(logging.Filter):
    """Keeps back, from the handler it is added to, what :data:`FILE_ONLY` names."""

    def filter(self, record: logging.LogRecord) -> bool:
        return FILE_ONLY.match(record.getMessage()) is None


class LaidOutOnce(Config):
    """A config whose text is laid out once: mmengine does it four times and at each checkpoint, for many data sets
    in seconds."""

    _texts: ClassVar[Dict[str, str]] = {}

    @classmethod
    def of(cls, cfg: Config) -> 'LaidOutOnce':
        """The same config, not a copy."""
        made = cls.__new__(cls)
        vars(made).update(vars(cfg))
        return made

    @property
    def pretty_text(self) -> str:
        """As upstream's."""
        content = repr(self)
        if content not in self._texts:
            self._texts[content] = super().pretty_text
        return self._texts[content]


class ConsoleRunner(Runner):
    """mmengine's Runner with less on the console, and with a look at what a config needs before anything is built."""

    #: Toolbox of the script, and whether it trains.
    package: ClassVar[str] = 'mmpretrain'
    training: ClassVar[bool] = False

    @classmethod
    def from_cfg(cls, cfg: Any) -> 'ConsoleRunner':
        """As upstream; SystemExit lists what the run would lack."""
        from mmcabl.engine.hooks.preflight import check_run  # imports mmpretrain, which --help can do without
        from mmcabl.stack import require_mmseg
        if cls.package == 'mmseg':
            require_mmseg()
        import_quietly(f'{cls.package}.models', f'{cls.package}.datasets')
        check_run(cfg, cls.training)
        return super().from_cfg(LaidOutOnce.of(cfg) if isinstance(cfg, Config) else cfg)

    def build_logger(self, *args, **kwargs) -> logging.Logger:
        """As upstream, its console handler filtered."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(FileOnly())
        logger.info(f'Environment, config and hooks are listed in {logger.log_file}.')
        return logger


@contextmanager
def quiet_console(package: str, training: bool) -> Iterator[None]:
    """An upstream script of ``package``, ``mmpretrain`` or ``mmseg``, can be run inside."""
    ignore_known_warnings()
    mmengine.runner.Runner = type('Runner', (ConsoleRunner,), dict(package=package, training=training))
    try:
        yield
    finally:
        mmengine.runner.Runner = Runner
