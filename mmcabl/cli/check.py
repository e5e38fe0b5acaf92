"""``mmcabl check``: photographs in, a report out that opens offline."""

import os
from pathlib import Path
from typing import Annotated, Any, Dict, List, Optional, Tuple

import typer

from mmcabl.apis.image_stream import checked_threshold
from mmcabl.apis.inputs import Given, given_images, photographs_in
from mmcabl.apis.model_choice import DEFAULT, Choice, choose_model, with_data_of
from mmcabl.apis.model_configs import read_config
from mmcabl.apis.refiner_choice import refiner_settings
from mmcabl.cli.judging import judge, make_inferencer
from mmcabl.cli.output import print_json, say
from mmcabl.images import shown
from mmcabl.lab.runs.work_folders import digest, sha256_of
from mmcabl.reports.about import About
from mmcabl.reports.check_folder import CheckFolder, is_check
from mmcabl.reports.entries import counts, titles
from mmcabl.reports.tables import as_report
from mmcabl.utils.data_configs import type_name
from mmcabl.utils.names import to_text
from mmcabl.utils.soft_maps import checked_bits
from mmcabl.version import __version__

PANEL = 'Model'
#: Photographs that are listed at the end, the highest scores first.
LINES = 40


def check(
    photographs: Annotated[List[Path], typer.Argument(
        help='Files, folders (searched in depth), .txt lists of paths.')],
    out: Annotated[Path, typer.Option('--out', '-o', help='Folder for the report: new, or of the same check, which '
                                      'is gone on with.')],
    model: Annotated[str, typer.Option(help='A name (`mmcabl models` lists them), a config, an exported .onnx file.',
                                       rich_help_panel=PANEL)] = DEFAULT,
    weights: Annotated[Optional[Path], typer.Option(help='Weights for it (.pth, .safetensors); by default the '
                                                    "model's own.", rich_help_panel=PANEL)] = None,
    refiner: Annotated[Optional[str], typer.Option(help="Masks by grabcut, by sam (weights in checkpoints), or by a "
                                                   "file of SAM's weights; by default as the model's config says.",
                                                   rich_help_panel=PANEL)] = None,
    threshold: Annotated[Optional[float], typer.Option(help="Score from which a photograph is flagged; the model's "
                                                       'own by default, on its card.', rich_help_panel=PANEL)] = None,
    device: Annotated[str, typer.Option(help='cpu, cuda, cuda:1; a GPU if there is one.',
                                        rich_help_panel=PANEL)] = '',
    maps: Annotated[int, typer.Option(help='Also keep the soft maps as PNG of 8 or 16 bits.')] = 0,
    as_json: Annotated[bool, typer.Option('--json', help='Print what report.json holds, and nothing else, on '
                                          'stdout.')] = False,
) -> None:
    """Judge photographs: OUT/report.html, report.csv, report.json, overlays, and masks of those that are flagged."""
    checked_bits(maps)
    found, passed_over = wanted_photographs(photographs)
    choice = choose_model(model, None if weights is None else str(weights))
    about, wanted = decided(choice, refiner, threshold)
    with CheckFolder(out, wanted, maps) as folder:
        left = [given for given in found if not folder.has(given.source)]
        say(first_words(about, found, passed_over, len(found) - len(left), folder))
        try:
            if left:
                judge(left, folder, make_inferencer(choice, refiner, threshold, device), about)
        except KeyboardInterrupt:
            finish(folder, found, about, as_json)
            say('Interrupted; the same command goes on from here.')
            raise SystemExit(130) from None
        entries = finish(folder, found, about, as_json)
    if not any('score' in entry for entry in entries):
        raise SystemExit(1)


def wanted_photographs(paths: List[Path]) -> Tuple[List[Given], List[str]]:
    """Photographs, each once, and the paths of what folders hold besides; a check's own folder is passed over.

    Raises:
        FileNotFoundError: a path that is not there; no photograph at all.
    """
    found: Dict[str, Given] = {}
    passed_over: List[str] = []
    for path in paths:
        if not os.path.lexists(path):
            raise FileNotFoundError(f'{shown(path)} is not there; accepted are photographs, folders, .txt lists of '
                                    'paths.')
        if path.is_dir():
            inside, others = photographs_in(path, leave_out=is_check)
            found.update({name: Given(name, name) for name in inside})
            passed_over += others
        else:
            found.update({given.source: given for given in given_images(path)})
    if not found:
        raise FileNotFoundError(f'There is no photograph in {", ".join(shown(p) for p in paths)}, judging by names '
                                f'({len(passed_over)} other files).')
    return list(found.values()), passed_over


def decided(choice: Choice, refiner: Optional[str], threshold: Optional[float]) -> Tuple[About, Dict[str, Any]]:
    """What the report says of the check, and the settings that its results depend on."""
    settings = refiner_settings(refiner) if refiner else {}
    sha256 = sha256_of(Path(choice.weights))
    card, config = choice.card, None
    if choice.exported:
        from mmcabl.apis.exported import ExportedInferencer
        exported = ExportedInferencer(choice)
        card = exported.card  # what the file says of itself
        sought = tuple(type(each).__name__ for each in exported.evidence)
    else:
        cfg = read_config(choice.config, imports=False)
        card, config = with_data_of(card, cfg), digest(cfg.to_dict())
        sought = tuple(type_name(each) for each in cfg.model.get('evidence') or ())
    threshold = checked_threshold(threshold, card.threshold)
    about = About(card, sha256, threshold, refiner or '', sought)
    return about, dict(mmcabl=__version__, weights=sha256, config=config, threshold=threshold, refiner=settings)


def first_words(about: About, found: List[Given], passed_over: List[str], done: int, folder: CheckFolder) -> str:
    """What will be done, before anything that takes time."""
    parts = [f'{counted(len(found))} with {about.card.name}, into {shown(folder.folder)}.']
    if done:
        parts.append(f'{done} of them were judged before.')
    earlier = set(folder.entries) - {to_text(given.source) for given in found}
    if earlier:
        parts.append(f'The report also keeps {len(earlier)} from before.')
    if passed_over:
        names = ', '.join(shown(Path(p).name) for p in passed_over[:3])
        names += ', ...' if len(passed_over) > 3 else ''
        parts.append(f'Passed over: {len(passed_over)} other files ({names}).')
    return ' '.join(parts) + f'\nTrained on: {about.card.trained_on}\nNOT good for: {about.card.not_for}'


def counted(count: int) -> str:
    return f'{count} photograph{"" if count == 1 else "s"}'


def finish(folder: CheckFolder, found: List[Given], about: About, as_json: bool) -> List[Dict[str, Any]]:
    """Write the report and say where it is."""
    entries = folder.finish([given.source for given in found], about)
    if as_json:
        print_json(dict(as_report(entries, about), report=to_text(str(folder.folder / 'report.html'))))
        return entries
    said = ', '.join(f'{count} {verdict}' for verdict, count in counts(entries).items() if count)
    for entry, title in sorted(zip(entries, titles(entries)), key=lambda pair: -pair[0].get('score', -1.))[:LINES]:
        score = f'{entry["score"]:.3f}' if 'score' in entry else '-----'
        print(f'{score}  {entry["verdict"]:12} {entry.get("reason") or title}')
    if len(entries) > LINES:
        print(f'... and {len(entries) - LINES} more in the report.')
    print(f'{counted(len(entries))}: {said}. {about.limit()}\nReport: {shown(folder.folder / "report.html")}')
    return entries
