"""The site: `make docs`. What is generated (model cards, notebooks as pages) is made here, at build time."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from site_pages import relinked, write_pages  # noqa: E402

from mmcabl.version import __version__  # noqa: E402

project, author, release = 'mmcabl', 'the mmcabl authors', __version__
project_copyright = 'Apache-2.0'
extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon',
              'sphinx.ext.mathjax', 'sphinx.ext.viewcode']
exclude_patterns = ['_build', 'generated/cards.md']
source_suffix = {'.md': 'markdown', '.rst': 'restructuredtext'}

myst_enable_extensions = ['colon_fence', 'deflist']
myst_heading_anchors = 4

autodoc_member_order = 'bysource'
autodoc_typehints = 'signature'
autodoc_default_options = {'members': True, 'show-inheritance': True}
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_use_ivar = True
autodoc_inherit_docstrings = False  # upstream's are upstream's

html_theme = 'furo'
html_title = f'mmcabl {release}'
html_copy_source = False

write_pages(HERE)


def _relink(app, docname, source):
    source[0] = relinked(source[0])


def setup(app):
    app.connect('source-read', _relink)
