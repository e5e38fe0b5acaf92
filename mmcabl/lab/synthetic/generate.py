"""Write a synthetic data set in one of the benchmark data sets' layouts."""

import json
import logging
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

import cv2
import numpy as np
from rich.progress import track

from mmcabl.images.decoding import pixel_limit
from mmcabl.lab.synthetic.forgery import ForgeryRecipe, make_image
from mmcabl.lab.synthetic.found_photographs import Photographs
from mmcabl.lab.synthetic.layouts import LAYOUTS
from mmcabl.utils.cores import usable_cores
from mmcabl.utils.files import write_whole

LOG = logging.getLogger('mmcabl.lab.synthetic')
MANIFEST = 'manifest.jsonl'
#: Images that a worker takes at a time.
AT_A_TIME = 8

#: Seed, index, whether to forge, numbers of the photograph and the donor, folder, layout, recipe.
Task = Tuple[int, int, bool, int, int, str, str, ForgeryRecipe]
_photographs: Photographs  # of a worker


def _begin(paths: Sequence[str], max_pixels: Optional[int]) -> None:
    global _photographs
    cv2.setNumThreads(1)
    _photographs = Photographs(paths, max_pixels)


def _make(job: Task) -> Tuple[Dict, Dict[str, str]]:
    """Make and write one image; runs in a worker. Depends on nothing but the job and the photographs.

    Returns:
        Its record, and what could not be read, path -> sentence.
    """
    seed, index, manipulated, photo, donor, root, layout, recipe = job
    rng = np.random.default_rng([seed, index])
    photo, host = _photographs.draw(photo, [seed, index, 1])
    donor, given = _photographs.draw(donor, [seed, index, 2], photo)
    made = make_image(host, given, manipulated, recipe, rng)
    forgery = made.record.get('forgery')
    image, mask = LAYOUTS[layout].write(Path(root), index, forgery, made.jpeg, made.mask)
    record = dict(image=image, mask=mask, photo=Path(photo).name, **made.record)
    if mask is not None:
        record['donor'] = Path(donor).name if forgery == 'splicing' else None
    return record, _photographs.bad


def generate(photographs: Sequence[Union[str, Path]], out_dir: Union[str, Path], count: int, seed: int = 0,
             recipe: Optional[ForgeryRecipe] = None, workers: Optional[int] = None,
             progress: bool = True, layout: str = 'CASIAv2', go_on: bool = False,
             max_pixels: Optional[int] = None) -> List[Dict]:
    """Write ``count`` images, every other one forged, in the native layout of a benchmark data set.

    The result depends on the photographs, the seed and the recipe, not on the number of workers. A photograph that
    cannot be read is left out, with a line; others take its place.

    Args:
        photographs: files to draw hosts and donors from.
        out_dir: gets the layout's folders and ``manifest.jsonl``, one JSON record a line on what was done to
            each image. Must be empty or missing, unless ``go_on``.
        count: number of images.
        seed: of everything that is drawn.
        recipe: see :class:`ForgeryRecipe`.
        workers: processes; all cores by default.
        progress: show a progress bar.
        layout: ``CASIAv2``, ``CASIAv1``, ``Columbia``, ``COVERAGE`` or ``IMD2020``, masks encoded as there.
        go_on: ``out_dir`` holds what an interrupted call with the same arguments made; it is made again.
        max_pixels: larger photographs are left out; 100 megapixels by default.

    Returns:
        The manifest's records.

    Raises:
        ValueError: no photograph can be read, or an argument is none of those accepted.
        FileExistsError: ``out_dir`` is not empty.
    """
    if not photographs or count < 1:
        raise ValueError(f'Given {len(photographs)} photographs and count={count}; one of each is the least.')
    if layout not in LAYOUTS:
        raise ValueError(f'Unknown layout {layout!r}; accepted are {", ".join(LAYOUTS)}.')
    out_dir, recipe = Path(out_dir), recipe or ForgeryRecipe()
    if not go_on and out_dir.exists() and any(out_dir.iterdir()):
        raise FileExistsError(f'{out_dir} is not empty; give a new folder, or remove it first.')
    out_dir.mkdir(parents=True, exist_ok=True)
    paths = sorted(str(p) for p in photographs)
    rng = np.random.default_rng(seed)
    jobs: List[Task] = []
    for index in range(count):
        host, donor = rng.choice(len(paths), 2, replace=len(paths) < 2)
        jobs.append((seed, index, bool(index % 2), int(host), int(donor), str(out_dir), layout, recipe))
    records = _run(jobs, (paths, pixel_limit(max_pixels)), workers or usable_cores(), progress)
    write_whole(out_dir / MANIFEST, ''.join(json.dumps(record) + '\n' for record in records))
    made = dict(seed=seed, count=count, layout=layout, **asdict(recipe))
    write_whole(out_dir / 'recipe.json', json.dumps(made, indent=1))
    return records


def _run(jobs: List[Task], sources: tuple, workers: int, progress: bool) -> List[Dict]:
    said = set()

    def watched(results) -> List[Dict]:
        records = []
        for record, bad in track(results, 'Making images', total=len(jobs), disable=not progress):
            for path in bad.keys() - said:
                LOG.warning('%s It is left out.', bad[path])
                said.add(path)
            records.append(record)
        return records

    workers = min(workers, -(-len(jobs) // AT_A_TIME))  # one without a chunk would import for seconds and do nothing
    if workers == 1:
        _begin(*sources)
        return watched(map(_make, jobs))
    # spawn: fork is unsafe once OpenCV or torch have started threads
    with ProcessPoolExecutor(workers, get_context('spawn'), _begin, sources) as pool:
        return watched(pool.map(_make, jobs, chunksize=AT_A_TIME))
