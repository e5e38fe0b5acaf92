from dataclasses import asdict
from typing import Dict, List, Optional

from mmcabl.images import shown
from mmcabl.lab.checks.check import Findings
from mmcabl.lab.checks.leakage import Leakage

#: Files named for each kind of finding in the readable report; the JSON has all.
SHOWN = 5


def _listed(title: str, lines: List[str]) -> List[str]:
    if not lines:
        return []
    more = [f'    ... and {len(lines) - SHOWN} more'] if len(lines) > SHOWN else []
    return [f'  {title}: {len(lines)}', *(f'    {shown(line)}' for line in lines[:SHOWN]), *more]


def report_text(found: Findings, leakage: Optional[Leakage] = None, against: str = '') -> str:
    authentic, forged = found.counts
    score, counted = found.all_ones
    readable = sum(i.error is None for i in found.images)
    with_truth = forged - sum(i.label for i in found.unusable)
    lines = [f'{found.dataset} at {shown(found.root)}', f'  images: {authentic} authentic, {forged} manipulated']
    if found.published:
        same = found.published == found.counts
        lines.append(f'  published: {found.published[0]} authentic, {found.published[1]} manipulated'
                     + ('; the same' if same else f'; here {authentic - found.published[0]:+d} and '
                        f'{forged - found.published[1]:+d}'))
    else:
        lines.append('  published: nothing to compare with')
    lines += _listed('files that cannot be read', found.unreadable)
    lines += _listed('manipulated images without a mask', [i.path for i in found.without_mask])
    lines += _listed('masks without an image', [
        path + (f' (its number is that of {image})' if image else '') for path, image in found.stray_masks])
    lines += _listed('masks of another size than their image (width x height)', [
        f'{i.mask}: {_size(i.mask_size)}, image {_size(i.size)}; {i.fitted}' for i in found.wrong_size])
    lines += _listed('images that EXIF turns; masks must lie as the image is stored', [
        f'{i.path}: orientation {i.orientation}' for i in found.images if i.orientation != 1])
    lines += _listed('masks that mark nothing or everything', [f'{i.mask}: {i.area:.0%}' for i in found.odd_masks])
    lines += _listed('images with the same pixels', [
        ' = '.join(f'{i.path} ({"manipulated" if i.label else "authentic"})' for i in group)
        for group in found.duplicates])
    if leakage is not None:
        lines.append(f'  authentic images shared with {shown(against)}: {len(leakage.exact)} exact, '
                     f'{len(leakage.near)} near')
        lines += _listed('exact', [f'{a} = {b}' for a, b in leakage.exact])
        lines += _listed('near (bits of 64 that differ)', [f'{a} ~ {b} ({bits})' for a, b, bits in leakage.near])
    if found.shortcut is not None:
        lines.append(f'  {found.shortcut.sentence}')
    problems = found.problems
    lines.append(f'  usable for I-AUC: {readable:,} of {len(found.images):,} images; for P-F1: {with_truth:,} of '
                 f'{forged:,} manipulated ones')
    if counted:
        lines.append(f'  P-F1 of marking everything: {score:.3f} (a mean of {counted:,} images)')
    lines.append(f'  not usable as it is: {"; ".join(problems)}' if problems else '  usable')
    return '\n'.join(lines)


def _size(size) -> str:
    return f'{size[1]} x {size[0]}'


def as_dict(found: Findings, leakage: Optional[Leakage] = None, against: str = '') -> Dict:
    authentic, forged = found.counts
    result = dict(
        dataset=found.dataset, root=found.root, usable=not found.problems, problems=found.problems,
        authentic=authentic, manipulated=forged, published=found.published, missing=found.missing,
        unreadable=found.unreadable,
        without_mask=[i.path for i in found.without_mask],
        masks_without_image=[dict(mask=p, same_number=image) for p, image in found.stray_masks],
        unusable=[dict(image=i.path, label=i.label, why=i.why_unusable) for i in found.unusable],
        wrong_size=[dict(image=i.path, mask=i.mask, size=i.size, mask_size=i.mask_size, fitted=i.fitted)
                    for i in found.wrong_size],
        turned=[dict(image=i.path, orientation=i.orientation) for i in found.images if i.orientation != 1],
        all_ones=found.all_ones[0] if found.all_ones[1] else None,
        odd_masks=[dict(mask=i.mask, area=i.area) for i in found.odd_masks],
        duplicates=[[dict(path=i.path, label=i.label) for i in group] for group in found.duplicates])
    if found.shortcut is not None:
        result['shortcut'] = dict(asdict(found.shortcut), found=found.shortcut.found)
    if leakage is not None:
        result['leakage'] = dict(against=against, exact=leakage.exact, near=leakage.near)
    return result
