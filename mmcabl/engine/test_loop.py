"""A test loop that goes on where an interrupted one stopped."""

import json
from pathlib import Path
from typing import Dict, Set

from mmengine.dist import barrier, get_rank, is_main_process
from mmengine.logging import print_log
from mmengine.runner import TestLoop

from mmcabl.engine.samplers import EveryImageOnceSampler
from mmcabl.evaluation.sharded_metric import Key, PerImageMetric, key_of
from mmcabl.registry import LOOPS
from mmcabl.results.export import write_table
from mmcabl.results.recording import RecordingEvaluator
from mmcabl.results.store import ResultStore, fingerprint, write_atomically
from mmcabl.results.summary import table_one_row
from mmcabl.version import __version__


@LOOPS.register_module()
class ResumableTestLoop(TestLoop):
    """mmengine's test loop with per-image results on disk: ``test_cfg = dict(type='mmcabl.ResumableTestLoop')``.

    ::

        <work_dir>/<out_dir>
        |-- summary.json              the metrics of the last finished test
        `-- <fingerprint>             one folder for each combination of weights, model and data settings
            |-- images.<rank>.jsonl   one record an image, written as soon as it is known
            |-- per_image.csv         the same as a flat table, when the test has finished
            |-- summary.json, table1.md
            `-- masks/...             final masks, 255 is manipulated

    Run again with the same weights and settings, batches whose images all have records are not computed again;
    with others, a new folder is made beside. The test data loader's sampler must be ``mmcabl.EveryImageOnceSampler``.

    Args:
        out_dir: folder of the results; relative paths are below the runner's ``work_dir``.
        save_masks: write the final masks.
        **kwargs: of mmengine's ``TestLoop``.
    """

    def __init__(self, *args, out_dir: str = 'results', save_masks: bool = True, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.out_dir, self.save_masks = out_dir, save_masks
        if not isinstance(self.dataloader.sampler, EveryImageOnceSampler):
            raise TypeError(f'ResumableTestLoop was given the sampler {type(self.dataloader.sampler).__name__}; it '
                            "needs test_dataloader.sampler=dict(type='mmcabl.EveryImageOnceSampler').")

    def run(self) -> Dict[str, float]:
        """Test what is left, summarize everything."""
        top = Path(self.runner.work_dir, self.out_dir)
        cfg = self.runner.cfg
        settings = {key: cfg.get(key) for key in ('model', 'test_evaluator', 'test_cfg', 'custom_hooks')}
        settings['dataset'] = cfg.get('test_dataloader', {}).get('dataset')
        stamp = fingerprint(self.runner.model, __version__, json.dumps(settings, sort_keys=True, default=str))
        folder = top / stamp
        store = ResultStore(folder, get_rank())
        done = self._resumable(store.read())
        positions = self._positions(set(done))
        barrier()  # every rank has read before any of them writes
        self.dataloader.sampler.skip(positions, self.dataloader.batch_size)
        evaluator = RecordingEvaluator(self.evaluator.metrics, store, folder / 'masks' if self.save_masks else None)
        evaluator.dataset_meta = self.evaluator.dataset_meta
        self.evaluator = evaluator
        if done and is_main_process():
            print_log(f'{len(positions)} of {len(self.dataloader.dataset)} images have results in {folder}; they are '
                      'not computed again.', logger='current')
            evaluator.restore({key: record for key, record in done.items() if key in self._listed})
        metrics = super().run()
        store.close()
        barrier()
        if is_main_process():
            self._finish(top, folder, metrics)
        return metrics

    def _resumable(self, done: Dict[Key, dict]) -> Dict[Key, dict]:
        """The records, or none of them where a metric would miss images that are not computed again."""
        others = [type(m).__name__ for m in self.evaluator.metrics if not isinstance(m, PerImageMetric)]
        if done and others:
            print_log(f'All images are computed again: {", ".join(others)} cannot go on from stored results.',
                      logger='current', level=30)
            return {}
        return done

    def _positions(self, done: Set[Key]) -> Set[int]:
        """Positions in the data set of the images that are done."""
        if not done:
            return set()
        dataset = self.dataloader.dataset
        keys = [key_of(dataset.get_data_info(i)) for i in range(len(dataset))]
        self._listed = set(keys)
        return {i for i, key in enumerate(keys) if key in done}

    def _finish(self, top: Path, folder: Path, metrics: Dict[str, float]) -> None:
        records = ResultStore(folder).read()
        write_table(records, folder / 'per_image.csv')
        text = json.dumps({k: float(v) for k, v in metrics.items()}, indent=1) + '\n'
        write_atomically(folder / 'summary.json', text)
        write_atomically(top / 'summary.json', text)
        row = table_one_row(metrics)
        write_atomically(folder / 'table1.md', row + '\n')
        print_log(f'Results of {len(records)} images: {folder}\n{row}', logger='current')
