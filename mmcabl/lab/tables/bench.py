"""Run what is missing: one training, its test on four data sets, and Fig. 5, for each variant and seed."""

import json
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Dict, List, Optional, Sequence, Tuple

from mmengine.config import Config

from mmcabl.engine.needs import test_needs, training_needs
from mmcabl.engine.scripts.upstream import run_script, visible_gpus, with_options
from mmcabl.lab.runs.identity import test_identity, training_identity
from mmcabl.lab.runs.work_folders import existing, finish, finished, folder_for, sha256_of, trained_weights
from mmcabl.lab.tables.families import Family, data_options
from mmcabl.lab.tables.rehearsal import is_synthetic

Run = Tuple[str, int]
#: In the folder of a test that has finished.
SUMMARY = 'results/summary.json'


@dataclass(frozen=True)
class Bench:
    """Where everything is, and how it is run.

    Attributes:
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
    _listings: Dict = field(default_factory=dict)
    _parsed: Dict[Path, Config] = field(default_factory=dict)

    def _config(self, config: Path, *extra: str) -> Tuple[Config, List[str]]:
        """A config with the options of its run, and these options."""
        if config not in self._parsed:
            self._parsed[config] = Config.fromfile(str(config))
        cfg = deepcopy(self._parsed[config])
        found = data_options(cfg, self.data)
        refiner = cfg.model.get('postprocessor', {}).get('refiner', {})
        if self.encodings and refiner.get('type') == 'mmcabl.SAMRefiner':
            found['model.postprocessor.refiner.cache_dir'] = str(self.encodings)
        given = [*(f'{k}={v}' for k, v in found.items()), *self.options, *extra]
        return with_options(cfg, given), given

    def _train_config(self, run: Run) -> Tuple[Path, Config, List[str]]:
        config = self.family.config(run[0])
        return (config, *self._config(config, f'randomness.seed={run[1]}'))

    def _test_config(self, run: Run, stage: str) -> Tuple[Path, Config, List[str]]:
        config = self.family.config(run[0]) if stage == 'test' else self.family.robustness_config()
        return (config, *self._config(config, *self.test_options))

    def _place(self, run: Run, stage: str) -> Path:
        return self.out / run[0] / f'seed{run[1]}' / stage

    def _training(self, run: Run) -> Run:
        """The run whose training serves this one."""
        return self.family.trained_as.get(run[0], run[0]), run[1]

    def train(self, run: Run, gpu: Optional[str] = None) -> Path:
        """Train, go on, or find it done; returns the checkpoint."""
        run = self._training(run)
        config, cfg, options = self._train_config(run)
        folder = folder_for(self._place(run, 'train'), training_identity(cfg, self._listings))
        if finished(folder) is None:
            run_script('train.py', str(config), '--resume', 'auto', '--work-dir', str(folder), '--cfg-options',
                       *options, log=folder / 'train.log', threads=self.threads, gpu=gpu)
            finish(folder, trained_weights(folder))
        return folder / finished(folder)['checkpoint']

    def _weights(self, run: Run) -> Optional[Tuple[Path, str]]:
        """The checkpoint to test and its SHA-256, as it is given or as training made it; None: it is not there."""
        given = self.family.given_weights(run[0])
        if given is not None:
            return (given, sha256_of(given)) if given.is_file() else None
        run = self._training(run)
        folder = existing(self._place(run, 'train'), training_identity(self._train_config(run)[1], self._listings))
        done = folder and finished(folder)
        return (folder / done['checkpoint'], done['sha256']) if done else None

    def test(self, run: Run, stage: str = 'test', gpu: Optional[str] = None) -> None:
        """Test on all data sets (``test``) or under perturbations (``robustness``); an interrupted test goes on."""
        if self.family.given_weights(run[0]) is None:
            self.train(run, gpu)
        checkpoint, digest = self._weights(run)
        config, cfg, options = self._test_config(run, stage)
        wanted = test_identity(cfg, digest, self._listings)
        folder = folder_for(self._place(run, stage), wanted)
        if not (folder / SUMMARY).is_file():
            run_script('test.py', str(config), str(checkpoint), '--work-dir', str(folder), '--cfg-options', *options,
                       log=folder / 'test.log', threads=self.threads, gpu=gpu)

    def result(self, run: Run, stage: str = 'test') -> Optional[Path]:
        """Folder of a finished test; None: there is none with these settings.

        Where the data are not at hand, so that it cannot be told what a test was made for, the only one counts.
        """
        there = sorted(p.parents[1] for p in self._place(run, stage).parent.glob(f'{stage}*/{SUMMARY}'))
        if not there:
            return None
        try:
            weights = self._weights(run)
            found = weights and existing(self._place(run, stage), test_identity(
                self._test_config(run, stage)[1], weights[1], self._listings))
        except (OSError, ValueError):  # a data set's own sentence: it is not here
            found = there[0] if len(there) == 1 else None
        if found not in there:
            print(f'{run[0]}, seed {run[1]}: {", ".join(map(str, there))} was made with other options or other data '
                  'and is left out.', flush=True)
            return None
        return found

    def summary(self, folder: Path) -> Dict[str, float]:
        """The metrics of a finished test."""
        return json.loads((folder / SUMMARY).read_text())

    def check(self, tests: Sequence[Run], robustness: Sequence[Run]) -> None:
        """Raise SystemExit that lists what the runs need and lack, before the first of them begins."""
        found: List[str] = []
        if self.family.name == 'paper' and is_synthetic(self.data):
            found.append(f"{self.data} holds synthetic sets of the rehearsal under the data sets' names; the paper's "
                         'tables need the real ones: give their folder as --data.')
        for variant in dict.fromkeys(variant for variant, _ in tests):
            given = self.family.given_weights(variant)
            if given is None:
                found += training_needs(self._train_config((variant, 0))[1])
            elif not given.is_file():
                found.append(f'The weights {given} of {variant} are not a file: configs/table1/README.md says where '
                             'they are published and how they are converted.')
            found += test_needs(self._test_config((variant, 0), 'test')[1], listed=True)
        if robustness:
            found += test_needs(self._test_config(robustness[0], 'robustness')[1], listed=True)
        if found:
            raise SystemExit('\n'.join(dict.fromkeys(found)))

    def run(self, tests: Sequence[Run], robustness: Sequence[Run], jobs: Optional[int] = 1) -> None:
        """Run what is missing, ``jobs`` at a time; SystemExit where a run failed, once the others have ended.

        Where there are GPUs and several jobs, each job sees the GPU that has fewest. None: a job for each GPU.
        """
        self.check(tests, robustness)
        gpus = visible_gpus() if jobs != 1 else []
        jobs = jobs or max(1, len(gpus))
        free: Queue = Queue()
        for number in range(jobs):
            free.put(gpus[number % len(gpus)] if gpus else None)

        def both(run: Run) -> None:
            gpu = free.get()
            try:
                self.test(run, gpu=gpu)
                if run in robustness:
                    self.test(run, 'robustness', gpu)
            finally:
                free.put(gpu)

        with ThreadPoolExecutor(jobs) as pool:
            futures = [pool.submit(both, run) for run in tests]
        failed = [future.exception() for future in futures if future.exception()]
        if failed:
            raise SystemExit('\n'.join(map(str, failed)))
