"""Run what is missing: one training, its test on four data sets, and Fig. 5, for each variant and seed."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from mmengine.config import Config

from mmcabl.engine.stages import is_made_for, run_script, stamp
from mmcabl.tables.families import Family, data_options

Run = Tuple[str, int]


@dataclass(frozen=True)
class Bench:
    """Where everything is, and how it is run.

    Attributes:
        family: whose configs.
        out: gets ``<variant>/seed<k>/{train,test,robustness}`` and the reports.
        data: holds ``CASIAv2``, ``CASIAv1``, ``Columbia``, ``COVERAGE``, ``IMD2020``.
        threads: of each process; None: all cores.
        options: more ``--cfg-options`` for every run.
        test_options: more of them for tests alone.
        encodings: folder for SAM's image encodings, where SAM refines.
    """

    family: Family
    out: Path
    data: Path
    threads: int = 0
    options: Sequence[str] = field(default_factory=tuple)
    test_options: Sequence[str] = field(default_factory=tuple)
    encodings: Optional[Path] = None

    def folder(self, run: Run, stage: str) -> Path:
        """Folder of one stage of a run."""
        return self.out / run[0] / f'seed{run[1]}' / stage

    def missing(self, run: Run, stage: str = 'test') -> bool:
        """Whether a stage has not finished."""
        return not (self.folder(run, stage) / 'results' / 'summary.json').is_file()

    def summary(self, run: Run, stage: str = 'test') -> Dict[str, float]:
        """The metrics of a finished stage."""
        return json.loads((self.folder(run, stage) / 'results' / 'summary.json').read_text())

    def _options(self, config: Path, folder: Path, *extra: str) -> Tuple[Dict, Dict, List[str]]:
        cfg = Config.fromfile(str(config))
        found = data_options(len(cfg.test_dataloader.dataset.datasets), self.data)
        refiner = cfg.model.get('postprocessor', {}).get('refiner', {})
        if self.encodings and refiner.get('type') == 'mmcabl.SAMRefiner':
            found['model.postprocessor.refiner.cache_dir'] = str(self.encodings)
        given = [*(f'{k}={v}' for k, v in found.items()), *self.options, *extra]
        return dict(config=repr(cfg.to_dict()), options=given), dict(package=cfg.default_scope), [
            str(config), '--work-dir', str(folder), '--cfg-options', *given]

    def train(self, run: Run) -> Path:
        """Train, go on, or find it done; returns the checkpoint."""
        folder = self.folder(run, 'train')
        wanted, toolbox, arguments = self._options(self.family.config(run[0]), folder, f'randomness.seed={run[1]}')
        if not is_made_for(folder, wanted):
            stamp(folder, wanted)
        if not (folder / 'finished').is_file():
            resume = ['--resume'] if toolbox['package'] == 'mmseg' else ['--resume', 'auto']
            run_script('train.py', arguments[0], *resume, *arguments[1:], log=folder / 'train.log',
                       threads=self.threads, **toolbox)
            (folder / 'finished').touch()
        return Path((folder / 'last_checkpoint').read_text().strip())

    def test(self, run: Run, stage: str = 'test') -> None:
        """Test on all data sets (``test``) or under perturbations (``robustness``); an interrupted test goes on."""
        checkpoint, folder = self.train(run), self.folder(run, stage)
        config = self.family.config(run[0]) if stage == 'test' else self.family.robustness_config()
        wanted, toolbox, arguments = self._options(config, folder, *self.test_options)
        wanted['checkpoint'] = [str(checkpoint), checkpoint.stat().st_mtime]
        if not is_made_for(folder, wanted):
            stamp(folder, wanted)
        if self.missing(run, stage):
            run_script('test.py', arguments[0], str(checkpoint), *arguments[1:], log=folder / 'test.log',
                       threads=self.threads, **toolbox)

    def run(self, tests: Sequence[Run], robustness: Sequence[Run], jobs: int = 1) -> None:
        """Run everything that is missing, ``jobs`` runs at a time.

        Raises:
            SystemExit: a run failed, once the others have ended; what they finished is kept.
        """
        def both(run: Run) -> None:
            self.test(run)
            if run in robustness:
                self.test(run, 'robustness')

        with ThreadPoolExecutor(jobs) as pool:
            futures = [pool.submit(both, run) for run in tests]
        failed = [future.exception() for future in futures if future.exception()]
        if failed:
            raise SystemExit('\n'.join(map(str, failed)))
