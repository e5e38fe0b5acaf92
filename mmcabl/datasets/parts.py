"""A part of a data set that keeps both labels."""

from typing import Any, Dict, Iterable, List


def one_in(entries: List[Dict], every: int) -> List[Dict]:
    """One in ``every`` of each label, from the first on, in their order."""
    if every == 1:
        return entries
    seen = {0: 0, 1: 0}
    kept = []
    for entry in entries:
        if seen[entry['gt_label']] % every == 0:
            kept.append(entry)
        seen[entry['gt_label']] += 1
    return kept


def check_part(whole: Iterable[Dict], part: Iterable[Dict], indices: Any, place: str) -> None:
    """ValueError where ``indices``, a number of images from either end, leaves one of two labels.

    Data sets list one label after the other, so the first thousand images may all be authentic.
    """
    if isinstance(indices, int) and len({e['gt_label'] for e in part}) < len({e['gt_label'] for e in whole}):
        raise ValueError(f'indices={indices} of {place} takes images of one label alone, since they are listed label '
                         'by label; give every=N for one in N of each label, or indices as a list.')
