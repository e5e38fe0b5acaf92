"""Pages of the site that are made when it is built: model cards, notebooks, the API's rooms, pages from elsewhere.

They lie in ``docs/generated``, which git ignores; pages that are read on GitHub too link to the sources, and
:func:`relinked` turns these links to the generated pages.
"""

import json
from dataclasses import asdict, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, List

#: Title -> modules, by room, whose ``__all__`` is public.
ROOMS: Dict[str, List[str]] = {
    'apis': ['mmcabl.apis'],
    'structures': ['mmcabl.structures'],
    'models': ['mmcabl.models.backbones', 'mmcabl.models.heads', 'mmcabl.models.layers', 'mmcabl.models.losses',
               'mmcabl.models.detectors', 'mmcabl.models.streams', 'mmcabl.models'],
    'evidence': ['mmcabl.evidence'],
    'refinement': ['mmcabl.refinement'],
    'datasets': ['mmcabl.datasets'],
    'images': ['mmcabl.images'],
    'evaluation': ['mmcabl.evaluation'],
    'records': ['mmcabl.records'],
    'visualization': ['mmcabl.visualization'],
    'engine': ['mmcabl.engine.hooks', 'mmcabl.engine.loops'],
    'checkpoints': ['mmcabl.checkpoints', 'mmcabl.conversion'],
    'zoo': ['mmcabl.zoo'],
}
#: Link in a page of the repository -> page of the site.
MOVED = {'../configs/table1/README.md': 'generated/table1_systems.md', '../README.md': 'generated/readme.md',
         'notebooks/check_photographs.ipynb': 'generated/notebook_check_photographs.md',
         'notebooks/train_and_look.ipynb': 'generated/notebook_train_and_look.md',
         'notebooks/add_cabl.ipynb': 'generated/notebook_add_cabl.md'}


def write_pages(docs: Path) -> None:
    """Write all generated pages below ``docs/generated``; what has not changed keeps its time."""
    out = docs / 'generated'
    out.mkdir(exist_ok=True)
    pages = {'table1_systems.md': _from_elsewhere(docs.parent / 'configs/table1/README.md', {'../../docs/': '../'}),
             'readme.md': _from_elsewhere(docs.parent / 'README.md', {
                 'docs/': '../', 'configs/table1/README.md': 'table1_systems.md', 'Dockerfile': '../../Dockerfile'}),
             'cards.md': cards()}
    for path in sorted((docs / 'notebooks').glob('*.ipynb')):
        pages[f'notebook_{path.stem}.md'] = notebook_page(path)
    seen: List[int] = []
    for room, modules in ROOMS.items():
        pages[f'api_{room}.md'] = _api_page(room, modules, seen)
    for name, text in pages.items():
        path = out / name
        if not path.is_file() or path.read_text(encoding='utf-8') != text:
            path.write_text(text, encoding='utf-8')


def relinked(text: str) -> str:
    """Links to sources in the repository as links to their pages on the site."""
    for source, page in MOVED.items():
        text = text.replace(f']({source}', f']({page}')
    return text


def cards() -> str:
    """Every model card as a section."""
    try:
        from mmcabl.zoo import model_cards
    except ImportError:
        return 'No model cards in this version.\n'
    parts = []
    for name, card in model_cards().items():
        rows = [(key, _cell(value)) for key, value in _fields(card).items() if key != 'name' and value]
        parts.append('\n'.join([f'## {name}', '', '| | |', '|---|---|', *(f'| {k} | {v} |' for k, v in rows), '']))
    return '\n'.join(parts) or 'No model cards in this version.\n'


def notebook_page(path: Path) -> str:
    """Markdown cells as they are, code cells as fenced blocks."""
    parts = []
    for cell in json.loads(path.read_text(encoding='utf-8'))['cells']:
        source = ''.join(cell['source'])
        parts.append(source if cell['cell_type'] == 'markdown' else f'```python\n{source}\n```')
    return '\n\n'.join(parts) + f'\n\nThe notebook: {{download}}`{path.name} <../notebooks/{path.name}>`\n'


def _from_elsewhere(path: Path, links: Dict[str, str]) -> str:
    """A page of another folder, with what its links begin with replaced."""
    text = path.read_text(encoding='utf-8')
    for before, after in links.items():
        text = text.replace(f']({before}', f']({after}')
    return text.replace('# mmcabl\n', '# README\n', 1)


def _api_page(room: str, modules: List[str], seen: List[int]) -> str:
    """A room's page; what an earlier one has (ids in ``seen``) is not described again."""
    lines = [f'# {room}', '']
    for name in modules:
        module = import_module(name)
        public = {member: getattr(module, member) for member in getattr(module, '__all__', ())}
        known = [member for member, found in public.items() if id(found) in seen]
        seen += [id(found) for found in public.values() if callable(found)]
        leave_out = [f'   :exclude-members: {", ".join(known)}'] if known else []
        lines += [f'## {name}', '', '```{eval-rst}', f'.. automodule:: {name}', '   :members:',
                  '   :imported-members:', *leave_out, '```', '']
    return '\n'.join(lines)


def _fields(card: Any) -> Dict[str, Any]:
    if hasattr(card, 'as_dict'):  # paths below the package
        return card.as_dict()
    return asdict(card) if is_dataclass(card) else dict(card)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return '<br>'.join(f'{k}: {_cell(v)}' for k, v in value.items())
    if isinstance(value, (int, float)):
        return f'{value:,}' if isinstance(value, int) else f'{value:g}'
    return str(value).replace('|', '\\|')
