"""Build script: what pyproject.toml cannot say, the MIM files that go inside the package."""

import os
import shutil
from pathlib import Path
from typing import Sequence

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
#: What ``mim train mmcabl CONFIG`` looks for in ``mmcabl/.mim``.
MIM_FILES = ('configs', 'tools', 'model-index.yml')


class BuildWithMim(build_py):
    """Copy the MIM files into the built package; link them in an editable install."""

    def run(self) -> None:
        super().run()
        if getattr(self, 'editable_mode', False):
            place(ROOT / 'mmcabl' / '.mim', MIM_FILES, link=True)
            # onedl-mim takes the repository for the package of an editable install
            place(ROOT / '.mim', ('tools',), link=True)
        else:
            place(Path(self.build_lib, 'mmcabl', '.mim'), MIM_FILES, link=False)


class WheelWithMim(bdist_wheel):
    """Put the MIM files where onedl-mim 0.5 looks for them, too.

    It takes the folder of a package's first installed file, in the order of names, for the package. That of a package
    with a command would be ``..`` (of ``../../../bin/mmcabl``); a name with a plus comes before it.
    """

    def egg2dist(self, egginfo_path, distinfo_path) -> None:
        super().egg2dist(egginfo_path, distinfo_path)
        place(Path(distinfo_path).parent / '+mmcabl' / '.mim', MIM_FILES, link=False)


def place(folder: Path, names: Sequence[str], link: bool) -> None:
    """Copy or link files and folders of the repository into ``folder``, replacing what an earlier build put there.

    Links replace links alone: what else lies in a repository's ``.mim`` was made by someone else. Copies go into
    the build's own folders.

    Raises:
        SystemExit: something that no build made is in the way; one sentence says what.
    """
    if folder.is_symlink():
        raise SystemExit(f'{folder} is a link; the build writes into a folder of its own there: move it away.')
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        source, target = ROOT / name, folder / name
        if target.is_symlink():
            target.unlink()
        elif target.exists() and link:
            raise SystemExit(f'{target} is no link that an earlier install made; move it away.')
        elif target.is_dir():
            shutil.rmtree(target)
        if link:
            target.symlink_to(os.path.relpath(source, folder), target_is_directory=source.is_dir())
        elif source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copy(source, target)


setup(cmdclass={'build_py': BuildWithMim, 'bdist_wheel': WheelWithMim})
