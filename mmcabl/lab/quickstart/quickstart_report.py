import json
from pathlib import Path
from typing import Dict

from mmcabl.utils.files import write_whole

#: Rows of Table VI.
NAMES = {'null': 'Null (the coarse mask)', 'point': 'Point', 'box': 'Box', 'box_point': 'Box+Point'}
PROMPTS = tuple(NAMES)
#: Of PixelScores: what the final mask and the map are worth where P-F1 misleads.
SCORES = ('p_mcc', 'p_iou_authentic', 'p_miou', 'p_ap', 'p_f1_rank', 'p_mcc_rank', 'p_auc_rank')


def summary(metrics: Dict, maps: Dict[str, Dict], seconds: Dict, counts: Dict, seed: int, final: str) -> Dict:
    """What ``report.json`` holds: see its keys below; all scores in [0, 1].

    ``maps``: metrics of the map alone, united, by Eq. (2) as it is written, and, where the training starts from
    weights, before it; ``final``: the final mask's prompt.
    """
    return dict(
        i_auc=metrics['i_auc'],
        p_f1={**{k: metrics[f'p_f1_{k}'] for k in PROMPTS}, 'all_ones': metrics['p_f1_all_ones'],
              'random': metrics['p_f1_random'], 'centre': metrics['p_f1_centre']},
        scores={key: metrics[key] for key in SCORES},
        final=final, p_auc=metrics['p_auc'], i_acc=metrics['i_acc'], p_iou=metrics['p_iou'],
        maps={name: {key: found[key] for key in ('i_auc', 'p_f1_null', 'p_auc')} for name, found in maps.items()},
        seconds={k: round(v, 1) for k, v in seconds.items()}, images=counts, seed=seed)


def verdict(report: Dict) -> str:
    f1 = report['p_f1']
    gain = f1[report['final']] - f1['null']
    worse = [k for k in PROMPTS[1:] if f1[k] < f1['null']]
    verb = 'gains' if gain >= 0 else 'loses'
    text = (f'Refinement ({NAMES[report["final"]]}) {verb} {abs(gain):.3f} P-F1 against the coarse mask on this '
            'data.')
    if worse:
        text += (f' Worse than the coarse mask: {", ".join(NAMES[k] for k in worse)}. '
                 'GrabCut sees colour, and these forgeries differ in traces of processing.')
    return text


def as_markdown(report: Dict, pictures: str = 'overlays') -> str:
    """``report.md``; ``pictures``: where they lie, as seen from it."""
    f1, maps = report['p_f1'], report['maps']
    before = maps.get('before')
    rows = '\n'.join(f'| {name} | {value:.3f} |' for name, value in (
        *((NAMES[k] + (': the final mask' if k == report['final'] else ''), f1[k]) for k in PROMPTS),
        ('baseline: all ones', f1['all_ones']), ('baseline: random half', f1['random']),
        ('baseline: the middle of the image', f1['centre']),
        ('Null of the united map, without Eq. (2)', maps['united']['p_f1_null']),
        ('Null by Eq. (2) as it is written, without the residual', maps['full_eq2']['p_f1_null']),
        *([('Null before this training', before['p_f1_null'])] if before else [])))
    start = 'from weights that know some real forgeries' if before else 'from nothing'
    known = f'; before this training {before["i_auc"]:.3f}' if before else ''
    times = ', '.join(f'{stage} {value:.0f} s' for stage, value in report['seconds'].items())
    counts, scores = report['images'], report['scores']
    return f'''# Quick start

Trained on {counts['train']} synthetic images with image-level labels only, {start},
and tested on {counts['test']} ({counts['test_manipulated']} manipulated) made from photographs that are
not in the training set. Seed {report["seed"]}, one run. These figures say that the method works on this data, and
nothing about real forgeries.

I-AUC **{report['i_auc']:.3f}** (chance 0.5{known}), image accuracy
{report['i_acc']:.3f}, pixel AUC {report['p_auc']:.3f}

| mask | P-F1 |
|---|---|
{rows}

Final mask: MCC {scores['p_mcc']:.3f} (a mask that knows nothing 0), IoU of the manipulated part
{report['p_iou']:.3f} and of the authentic one {scores['p_iou_authentic']:.3f}; map: pixel AP {scores['p_ap']:.3f}.
Place among itself and the three baselines, of 4: {scores['p_f1_rank']:g} by P-F1,
{scores['p_mcc_rank']:g} by MCC, {scores['p_auc_rank']:g} by pixel AUC.

{verdict(report)}

Seconds: {times}

`{pictures}/`: image, truth, map with its prompts (box gold, positive point green, negative red), final mask.
'''


def write_reports(report: Dict, folder: Path, pictures: str = 'overlays') -> None:
    write_whole(folder / 'report.json', json.dumps(report, indent=1) + '\n')
    write_whole(folder / 'report.md', as_markdown(report, pictures))
