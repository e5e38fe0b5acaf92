"""Find and run the scripts that the OpenMMLab packages install."""

import runpy
from importlib import util
from pathlib import Path
from typing import Sequence

from mmengine.config import Config


def upstream_script(package: str, name: str) -> Path:
    """Path of ``<package>/.mim/tools/<name>`` in the installed package.

    Raises:
        FileNotFoundError: the package is not installed, or was installed without its MIM files.
    """
    spec = util.find_spec(package)
    if spec is None or not spec.origin:
        raise FileNotFoundError(f'{package} is not installed.')
    script = Path(spec.origin).parent / '.mim' / 'tools' / name
    if not script.is_file():
        raise FileNotFoundError(f'{script} is missing: {package} was installed without its MIM files; '
                                'reinstall it from its wheel.')
    return script


def run_upstream(package: str, name: str) -> None:
    """Run an upstream script in this process, unmodified, with this process's arguments."""
    runpy.run_path(str(upstream_script(package, name)), run_name='__main__')


def toolbox_of(arguments: Sequence[str]) -> str:
    """The toolbox that a command line's config is for, its ``default_scope``; ``mmpretrain`` without a config."""
    config = next((a for a in arguments if a.endswith('.py') and Path(a).is_file()), None)
    if config is None:
        return 'mmpretrain'  # its script says what is wrong
    return Config.fromfile(config, import_custom_modules=False).get('default_scope', 'mmpretrain')
