"""What our own commands show of upstream's scripts: environment, config and lists of parameters go to the log file.

Nothing of upstream is changed: for as long as a script runs, the console handler of mmengine's logger has a filter,
and a config is checked before it becomes a Runner. The log file has everything.
"""

import logging
import re
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any, Callable, Dict, Iterator
from unittest.mock import patch

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


def remembered(function: Callable) -> Callable:
    """A pure function that computes the same only once, for arguments that cannot be hashed."""
    found: Dict[str, Any] = {}

    @wraps(function)
    def remembering(*args, **kwargs) -> Any:
        key = repr((args, sorted(kwargs.items())))
        if key not in found:
            found[key] = function(*args, **kwargs)
        return found[key]

    return remembering


@contextmanager
def quiet_console(package: str, training: bool) -> Iterator[None]:
    """An upstream script of ``package``, ``mmpretrain`` or ``mmseg``, can be run inside."""
    ignore_known_warnings()
    from mmengine.config import config
    from mmengine.runner import Runner
    from yapf.yapflib import yapf_api

    from mmcabl.engine.hooks.preflight import check_run
    from mmcabl.stack import require_mmseg
    build_logger, from_cfg = Runner.build_logger, Runner.from_cfg

    def with_filter(runner: Runner, *args, **kwargs) -> logging.Logger:
        logger = build_logger(runner, *args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(FileOnly())
        logger.info(f'Environment, config and hooks are listed in {logger.log_file}.')
        return logger

    def checked(cfg) -> Runner:
        if package == 'mmseg':
            require_mmseg()
        import_quietly(f'{package}.models', f'{package}.datasets')
        check_run(cfg, training)
        return from_cfg(cfg)

    with ExitStack() as stack:
        stack.enter_context(patch.object(Runner, 'build_logger', with_filter))
        stack.enter_context(patch.object(Runner, 'from_cfg', checked))
        # the same config is laid out four times and at each checkpoint; one of many data sets takes seconds
        lay_out = remembered(yapf_api.FormatCode)
        for module in (yapf_api, config):
            if hasattr(module, 'FormatCode'):  # mmengine imports it when it is used, or with its module
                stack.enter_context(patch.object(module, 'FormatCode', lay_out))
        yield
