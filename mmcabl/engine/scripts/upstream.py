"""Find and run the scripts that the OpenMMLab packages install."""

import argparse
import ast
import os
import runpy
import subprocess
import sys
from argparse import ArgumentParser
from contextlib import suppress
from importlib import util
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from mmengine.config import Config, DictAction

_PACKAGE = Path(__file__).resolve().parents[2]
#: In an installed package inside it, in a clone beside it.
TOOLS = next((p for p in (_PACKAGE / '.mim/tools', _PACKAGE.parent / 'tools') if p.is_dir()), _PACKAGE)


def upstream_script(package: str, name: str) -> Path:
    """Path of ``<package>/.mim/tools/<name>`` in the installed package; FileNotFoundError says why there is none."""
    spec = util.find_spec(package)
    if spec is None or not spec.origin:
        raise FileNotFoundError(f'{package} is not installed.')
    script = Path(spec.origin).parent / '.mim' / 'tools' / name
    if not script.is_file():
        raise FileNotFoundError(f'{script} is missing: {package} was installed without its MIM files; '
                                'reinstall it from its wheel.')
    return script


def run_upstream(package: str, name: str) -> None:
    """Run an upstream script in this process, unmodified, with this process's arguments.

    What the run will need is checked before anything is built, and what upstream is known to print beside the
    point goes to its log file alone.
    """
    script = upstream_script(package, name)
    if {'-h', '--help'} & set(sys.argv[1:]):
        _help(script)
    from mmcabl.engine.scripts.console import quiet_console  # imports torch
    with quiet_console(package, training=name == 'train.py'):
        runpy.run_path(str(script), run_name='__main__')


def _help(script: Path) -> None:
    """Let a script's own ``parse_args`` say what it takes, and leave, without what else the script imports.

    Comes back where the script has none, or one that needs more than a parser's own modules.
    """
    body = [node for node in ast.parse(script.read_text(encoding='utf-8')).body
            if isinstance(node, ast.FunctionDef) and node.name == 'parse_args']
    names: Dict[str, Any] = dict(argparse=argparse, os=os, DictAction=DictAction)
    exec(compile(ast.Module(body, []), str(script), 'exec'), names)  # an installed package's own code
    with suppress(KeyError, NameError):
        names['parse_args']()


def toolbox_of(arguments: Sequence[str]) -> str:
    """The toolbox that a command line's config is for, its ``default_scope``; ``mmpretrain`` without a config."""
    # Not by argparse: which words are values of options and which the config, only the toolbox's own script knows.
    config = next((a for a in arguments if a.endswith('.py') and Path(a).is_file()), None)
    if config is None:
        return 'mmpretrain'  # its script says what is wrong
    return Config.fromfile(config, import_custom_modules=False).get('default_scope', 'mmpretrain')


def arguments_for(toolbox: str, arguments: Sequence[str]) -> List[str]:
    """Arguments of ``train.py`` as the toolbox's script takes them: mmpretrain's ``--resume auto`` is ``--resume`` in
    mmsegmentation, where no value follows."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument('--resume', nargs='?')
    known, others = parser.parse_known_args(arguments)
    return [*others, '--resume'] if toolbox == 'mmseg' and known.resume == 'auto' else list(arguments)


def with_options(cfg: Config, options: Sequence[str]) -> Config:
    """A config with ``--cfg-options`` merged, read as the upstream scripts read them."""
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='*', action=DictAction, default={})
    cfg.merge_from_dict(parser.parse_args(['--cfg-options', *options]).cfg_options)
    return cfg


def visible_gpus() -> List[str]:
    """The numbers of the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` takes them."""
    import torch
    if not torch.cuda.is_available():
        return []
    given = os.environ.get('CUDA_VISIBLE_DEVICES')
    return given.split(',') if given else [str(n) for n in range(torch.cuda.device_count())]


def run_script(script: str, *arguments: str, log: Optional[Path] = None, threads: Optional[int] = None,
               gpu: Optional[str] = None) -> None:
    """Run ``tools/train.py`` or ``tools/test.py``, and so the unmodified script of a toolbox, in its own process.

    Args:
        log: file to which everything it prints is added; None: this process's output.
        threads: of PyTorch and OpenCV; all cores by default.
        gpu: the one that it sees; None: those of this process.

    Raises:
        SystemExit: it ended with another status than 0; the sentence has its last line and says where the rest is.
    """
    command = [sys.executable, str(TOOLS / script), *arguments]
    print('+', ' '.join(command), flush=True)
    environment = {**os.environ, 'PYTHONUNBUFFERED': '1'}
    if threads:
        environment.update(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    if gpu is not None:
        environment['CUDA_VISIBLE_DEVICES'] = gpu
    if log is None:
        code = subprocess.run(command, env=environment, check=False).returncode
    else:
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, 'a') as file:
            code = subprocess.run(command, env=environment, check=False, stdout=file, stderr=file).returncode
    if code:
        where = f'in {log}, whose last line is "{_last_line(log)}"' if log else 'above'
        raise SystemExit(f'{script} ended with exit status {code}; its own message is {where}. Run the same '
                         'command again to go on from the last checkpoint.')


def _last_line(log: Path) -> str:
    """What a run said last, shortened."""
    said = [line.strip() for line in log.read_text(errors='replace').splitlines() if line.strip()]
    return said[-1][:300] if said else ''

