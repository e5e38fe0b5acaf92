"""From nothing to found forgeries on embedded data: make images, judge some by shipped weights, train, test, report.

Run again, it reuses what is there; with other options it works beside that. ``make quickstart`` sets up and calls it.
"""

import argparse
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, Optional, Sequence

from mmengine.config import Config

from mmcabl.apis.model_choice import DEFAULT
from mmcabl.lab.quickstart import quickstart_report as reporting
from mmcabl.lab.quickstart.quickstart_stages import Plan, check, make_data, starting_weights, test, train
from mmcabl.lab.runs.work_folders import folder_for, made_for
from mmcabl.zoo import find_card
from mmcabl.zoo.metafiles import root_folder

CONFIG = root_folder() / 'configs/quickstart/cabl_lite_b16-3e_synthetic-160.py'
#: Tests of the map alone, beside the one of the method: name -> options.
MAPS = {
    'united': ('model.attention=none',),
    'full_eq2': ('model.attention=auto', 'model.attention_residual=0.'),
}
ALONE = ('model.postprocessor.prompt=null', 'model.postprocessor.compare=[]', 'default_hooks.overlays.max_images=0')


def parse_args(arguments: Optional[Sequence[str]], prog: Optional[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/quickstart'), help='folder for everything')
    parser.add_argument('--config', type=Path, default=CONFIG)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--train-images', type=int, default=2400)
    parser.add_argument('--test-images', type=int, default=200)
    parser.add_argument('--started', type=float, help='when setting up began, in seconds since the epoch')
    parser.add_argument('--cfg-options', nargs='*', default=[], help='as of the upstream scripts')
    return parser.parse_args(arguments)


@contextmanager
def stage(name: str, seconds: Dict[str, float]) -> Iterator[None]:
    print(f'\n=== {name} ===', flush=True)
    start = time.time()
    yield
    seconds[name] = time.time() - start


def main(arguments: Optional[Sequence[str]] = None, prog: Optional[str] = None) -> None:
    args = parse_args(arguments, prog)
    seconds: Dict[str, float] = {}
    if args.started:
        seconds['setup'] = time.time() - args.started
    began = time.time() - seconds.get('setup', 0.)
    plan = Plan(args.out, args.config, args.train_images, args.test_images, args.seed, tuple(args.cfg_options))
    folder_for(plan.root, dict(what='quick start'))

    with stage('check', seconds):
        page = check(plan)
        print(f'By the weights that come with the package; names with Tp are forged. Pictures: {page}', flush=True)
    with stage('data', seconds):
        train_data, test_data = make_data(plan)
    with stage('train', seconds):
        checkpoint = train(plan, train_data, test_data)
    with stage('test', seconds):
        tested, metrics = test(plan, test_data, checkpoint)
        pictures = folder_for(plan.root / 'overlays', dict(test=made_for(tested)))
        shutil.copytree(tested / 'overlays', pictures, dirs_exist_ok=True)
        maps = {name: test(plan, test_data, checkpoint, f'test_{name}', (*options, *ALONE))[1]
                for name, options in MAPS.items()}
        if starting_weights(plan):
            start = Path(find_card(DEFAULT).checked_weights())
            maps['before'] = test(plan, test_data, start, 'test_before', ALONE)[1]
    seconds['total'] = time.time() - began
    counts = dict(train=plan.train_images, test=int(metrics['images']),
                  test_manipulated=int(metrics['manipulated']))
    final = Config.fromfile(str(plan.config)).model.postprocessor.prompt
    found = reporting.summary(metrics, maps, seconds, counts, plan.seed, final)
    for folder in (tested, plan.root):  # every run's own, and the last one's
        reporting.write_reports(found, folder, os.path.relpath(pictures, folder))
    print(f'\n{reporting.as_markdown(found, pictures.name)}')
    print(f'Report:   {plan.root / "report.md"} and report.json\nPictures: {pictures}')
