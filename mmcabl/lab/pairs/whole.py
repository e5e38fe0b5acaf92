"""Whole forgeries with masks from their hosts, to choose on: what no training has seen, in CASIA v2's layout."""

import json
import shutil
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Union

import numpy as np

from mmcabl.images import read_image
from mmcabl.lab.pairs.hosts import HostPair
from mmcabl.lab.pairs.windows import changed
from mmcabl.utils.files import write_mask


def write_whole_pairs(pairs: Sequence[HostPair], out_dir: Union[str, Path], count: Optional[int] = None,
                      seed: int = 0) -> List[Dict]:
    """Copy forgeries and their hosts byte for byte, and write where they differ as masks.

    Args:
        pairs: of :func:`mmcabl.lab.pairs.find_hosts`; those whose difference is no region are left out.
        out_dir: empty or missing; gets ``Au``, ``Tp``, ``CASIA 2 Groundtruth`` and ``manifest.jsonl``.
        count: at most so many, drawn at random and each with a host of its own; None: all.
        seed: of the drawing.

    Returns:
        One record for each forgery, also in the manifest.

    Raises:
        FileExistsError: ``out_dir`` is not empty.
    """
    root, records, hosts = Path(out_dir), [], set()
    if root.exists() and any(root.iterdir()):
        raise FileExistsError(f'{root} is not empty; give a new folder, or remove it first.')
    for folder in ('Au', 'Tp', 'CASIA 2 Groundtruth'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    order = range(len(pairs)) if count is None else np.random.default_rng(seed).permutation(len(pairs))
    for pair in (pairs[i] for i in order):
        if len(records) == count:
            break
        if count is not None and pair.host in hosts:
            continue
        mask = changed(read_image(pair.host), read_image(pair.forged))
        if mask is None:
            continue
        forged, host = Path(pair.forged), Path(pair.host)
        shutil.copyfile(forged, root / 'Tp' / forged.name)
        if pair.host not in hosts:
            shutil.copyfile(host, root / 'Au' / host.name)
        hosts.add(pair.host)
        write_mask(root / 'CASIA 2 Groundtruth' / f'{forged.stem}_gt.png', mask)
        records.append(dict(forged=forged.name, host=host.name, agreement=round(pair.agreement, 4),
                            area=round(float(mask.mean()), 4)))
    (root / 'manifest.jsonl').write_text(''.join(json.dumps(r) + '\n' for r in records))
    return records
