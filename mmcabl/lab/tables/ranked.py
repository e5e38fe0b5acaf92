"""The best, the median and the worst tenth of a test's images, from its per-image results: names and pictures."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Union

from mmcabl.lab.tables import figures
from mmcabl.records import ResultStore, from_text
from mmcabl.utils.files import write_whole
from mmcabl.utils.names import file_name, folder_name

#: Where in the order from best to worst a tenth begins: 0, so that the middles agree, or so that it ends last.
PLACES = {'best': 0., 'median': 0.5, 'worst': 1.}
TENTH = 0.1


class Ranked(NamedTuple):
    """One image of a test: its path as text, its number."""

    image: str
    value: float


def number_of(record: dict, number: str) -> Optional[float]:
    """One metric's number of a stored image; None where it has none."""
    values = [row[number] for row in record['metrics'].values() if row and row.get(number) is not None]
    return float(values[0]) if values and values[0] == values[0] else None


def ranked(folder: Union[str, Path], number: str = 'p_f1') -> Dict[str, Dict[str, List[Ranked]]]:
    """Data set -> ``best``, ``median``, ``worst`` -> images, from best to worst.

    Args:
        folder: holds ``images.*.jsonl`` of a test.
        number: of the metrics' per-image numbers, higher is better; images without it are left out.

    Raises:
        ValueError: no image has the number.
    """
    sets: Dict[str, List[Ranked]] = {}
    for key, record in sorted(ResultStore(folder).read().items()):
        value = number_of(record, number)
        if value is not None:
            sets.setdefault(key.dataset, []).append(Ranked(record['image'], value))
    if not sets:
        raise ValueError(f'No image in {folder} has the number {number}; per_image.csv there names those that are.')
    return {name: tenths(rows) for name, rows in sets.items()}


def tenths(rows: Sequence[Ranked]) -> Dict[str, List[Ranked]]:
    """The three tenths of images in any order, one image at least; equal numbers keep their order."""
    order = sorted(rows, key=lambda row: -row.value)
    count = max(1, round(TENTH * len(order)))
    begins = {name: round(place * (len(order) - count)) for name, place in PLACES.items()}
    return {name: order[begin:begin + count] for name, begin in begins.items()}


def write_ranked(folder: Union[str, Path], out: Union[str, Path], number: str = 'p_f1',
                 overlays: Optional[Union[str, Path]] = None, rows: int = 8) -> List[Path]:
    """Write ``ranked.md`` and, of the overlays that are there, ``<data set>_<tenth>.png``; returns what was written.

    The pictures show test images: they are for looking at, and belong into no repository where the data's terms
    say so.
    """
    found, out = ranked(folder, number), Path(out)
    lines, written = [f'# Images by {number}\n'], [out / 'ranked.md']
    for name, parts in found.items():
        for part, images in parts.items():
            pictures = _overlays(Path(overlays), name, images) if overlays else []
            lines.append(f'## {name or "images"}: the {part} tenth, {_span(images)}\n')
            if pictures:
                written.append(out / f'{folder_name(name or "images")}_{part}.png')
                figures.grid(pictures, written[-1], rows=min(rows, len(pictures)))
                lines.append(f'![]({written[-1].name})\n')
            lines += [f'- {image.value:.3f} {image.image}' for image in images] + ['']
    write_whole(out / 'ranked.md', '\n'.join(lines))
    return written


def _overlays(folder: Path, name: str, images: Sequence[Ranked]) -> List[Path]:
    """Pictures that ``LocalizationOverlayHook`` wrote of these images, where it did."""
    named = [folder / f'{file_name(from_text(image.image), name)}.png' for image in images]
    return [path for path in named if path.is_file()]


def _span(images: Sequence[Ranked]) -> str:
    first, last = images[0].value, images[-1].value
    return f'{len(images)} images, {first:.3f} to {last:.3f}'
