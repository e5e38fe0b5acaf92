from pathlib import Path
from typing import Dict, List, Sequence

from mmcabl.lab.runs.work_folders import folder_for
from mmcabl.lab.tables import figures
from mmcabl.lab.tables.bench import Bench
from mmcabl.lab.tables.definitions import FULL, MIXES, UNITED, VARIANTS
from mmcabl.lab.tables.render import comma_separated, latex, markdown
from mmcabl.lab.tables.systems import SYSTEMS
from mmcabl.utils.files import write_whole


def summaries(bench: Bench, seeds: Sequence[int], stage: str = 'test') -> Dict[str, List[Dict[str, float]]]:
    """The metrics of every finished run: variant -> one summary a seed."""
    variants = filter(bench.family.has, dict.fromkeys((*VARIANTS, UNITED, FULL, *MIXES, *SYSTEMS)))
    folders = {variant: [bench.result((variant, seed), stage) for seed in seeds] for variant in variants}
    return {variant: [bench.summary(folder) for folder in found if folder] for variant, found in folders.items()}


def write_report(bench: Bench, only: Sequence[str], seeds: Sequence[int], seconds: float) -> str:
    """Write ``report/<name>.{md,csv,tex}`` and figures below the bench's folder; returns ``report.md``.

    Rows whose runs have not finished have no number of ours.
    """
    folder = folder_for(bench.out / 'report', dict(what='report of the tables', family=bench.family.name))
    found = summaries(bench, seeds)
    listed = ', '.join(map(str, seeds))
    parts = [f'# Tables and figures: {bench.family.name}\n\n{bench.family.note} Seeds: {listed}.\n']
    for name in only:
        if name in bench.family.tables:
            table = bench.family.tables[name]
            parts.append(markdown(found, table))
            for ending, text in (('md', parts[-1]), ('csv', comma_separated(found, table)),
                                 ('tex', latex(found, table))):
                write_whole(folder / f'{name}.{ending}', text)
    parts += _figures(bench, only, seeds, folder)
    parts.append(f'This call ran for {seconds:.0f} s.\n')
    text = '\n'.join(parts)
    write_whole(folder / 'report.md', text)
    return text


def _figures(bench: Bench, only: Sequence[str], seeds: Sequence[int], folder: Path) -> List[str]:
    parts = []
    tested = bench.result(('cabl', seeds[0])) if 'fig4' in only else None
    overlays = sorted((tested / 'overlays').glob('*.png')) if tested else []
    if overlays:
        figures.grid(overlays, folder / 'fig4.png')
        parts.append('## Fig. 4: image, truth, CAM with its prompts, refined mask\n\n![](fig4.png)\n')
    perturbed = summaries(bench, seeds, 'robustness')['cabl'] if 'fig5' in only else []
    if perturbed:
        figures.curves(perturbed, folder / 'fig5.png')
        clean = sum(s['clean/p_f1'] for s in perturbed) / len(perturbed)
        ones = sum(s['clean/p_f1_all_ones'] for s in perturbed) / len(perturbed)
        lines = [f'## Fig. 5: P-F1 of the final mask under perturbations\n\n![](fig5.png)\n\nClean {clean:.3f}, all '
                 f'ones {ones:.3f}.\n\n| perturbation | P-F1 at each value |\n|---|---|']
        lines += [f'| {figures.PERTURBATIONS[kind]} | ' + ', '.join(f'{x:g}: {y:.3f}' for x, y, _ in rows) + ' |'
                  for kind, rows in figures.points(perturbed).items()]
        parts.append('\n'.join(lines) + '\n')
    return parts
