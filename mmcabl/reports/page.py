"""``report.html``: all in one file that opens offline, asks nobody for anything and runs no script but its own."""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List

from mmcabl.reports.about import MAP_FLAGGED, MAP_OTHER, About
from mmcabl.reports.entries import FLAGGED, MEANING, Entry, counts, titles
from mmcabl.utils.files import write_whole
from mmcabl.version import __version__

#: Photographs on a page; each brings some 300 kB.
PER_PAGE = 100
HERE = Path(__file__).parent
LAYERS = ('photo', 'map', 'mask')


def write_pages(folder: Path, entries: List[Entry], about: About) -> List[str]:
    """Write ``report.html``, and ``report-2.html``, ... where photographs are many: the highest scores first then.

    Args:
        folder: has the files that entries name.
    """
    named = list(zip(entries, titles(entries)))
    if len(named) > PER_PAGE:
        named.sort(key=lambda pair: -pair[0].get('score', -1.))
    parts = [named[i:i + PER_PAGE] for i in range(0, len(named), PER_PAGE)] or [[]]
    names = ['report.html', *(f'report-{i}.html' for i in range(2, len(parts) + 1))]
    for number, part in enumerate(parts):
        shown = [dict(_shown(folder, entry, title), place=i) for i, (entry, title) in enumerate(part)]
        write_whole(folder / names[number], html(shown, about, counts(entries), names, number))
    return names


def html(photographs: List[Dict[str, Any]], about: About, counted: Dict[str, int], names: List[str],
         number: int) -> str:
    """A page as text; every name in it is escaped, whatever it holds."""
    style, script = ((HERE / f'page.{kind}').read_text(encoding='utf-8') for kind in ('css', 'js'))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _template().render(
        photographs=photographs, about=about, card=about.card, counts=counted, pages=names, number=number,
        style=style, script=script, digest=digest, meaning=MEANING, version=__version__, total=sum(counted.values()),
        map_flagged=MAP_FLAGGED, map_other=MAP_OTHER)


@lru_cache(1)
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined  # torch asks for it, too
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string((HERE / 'page.html.j2').read_text(encoding='utf-8'))


def _shown(folder: Path, entry: Entry, title: str) -> Dict[str, Any]:
    """An entry with its pictures as ``data:`` addresses."""
    pictures = {layer: _address(folder / entry[f'page_{layer}']) for layer in LAYERS if entry.get(f'page_{layer}')}
    if not {'photo', 'map'} <= pictures.keys():
        pictures = {}
    return dict(entry, title=title, pictures=pictures, flagged=entry['verdict'] == FLAGGED,
                css=re.sub(r'\W', '-', entry['verdict']), reason=entry.get('reason', ''), note=entry.get('note', ''))


def _address(path: Path) -> str:
    try:
        return 'data:image/jpeg;base64,' + base64.b64encode(path.read_bytes()).decode()
    except OSError:
        return ''
