"""Build script: what pyproject.toml cannot say, the MIM files that go inside the package."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
#: What ``mim train mmcabl CONFIG`` looks for in ``mmcabl/.mim``.
MIM_FILES = ('configs', 'tools', 'model-index.yml')


class BuildWithMim(build_py):
    """Copy the MIM files into the built package; link them in an editable install."""

    def run(self) -> None:
        super().run()
        if getattr(self, 'editable_mode', False):
            self._place(ROOT / 'mmcabl' / '.mim', link=True)
        else:
            self._place(Path(self.build_lib, 'mmcabl', '.mim'), link=False)

    @staticmethod
    def _place(folder: Path, link: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in MIM_FILES:
            source, target = ROOT / name, folder / name
            if target.is_symlink() or target.is_file():
                target.unlink()
            elif target.is_dir():
                shutil.rmtree(target)
            if link:
                target.symlink_to(Path('..', '..', name), target_is_directory=source.is_dir())
            elif source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))
            else:
                shutil.copy(source, target)


setup(cmdclass={'build_py': BuildWithMim})
