import json
from pathlib import Path
from typing import Dict, Set

from mmengine.dist import barrier, get_rank, is_main_process
from mmengine.logging import print_log
from mmengine.runner import TestLoop

from mmcabl.engine.loops.tolerant_step import tolerant
from mmcabl.engine.samplers import EveryImageOnceSampler
from mmcabl.evaluation.per_image_metric import PerImageMetric
from mmcabl.records.export import write_table
from mmcabl.records.recording import RecordingEvaluator
from mmcabl.records.run_folder import RunFolder
from mmcabl.records.store import ResultStore
from mmcabl.records.summary import left_out, table_one_row
from mmcabl.registry import LOOPS
from mmcabl.structures.forensic_sample import Key
from mmcabl.utils.failures import Failures
from mmcabl.utils.files import NotWritten, remove_parts, write_whole
from mmcabl.utils.soft_maps import checked_bits


@LOOPS.register_module()
class ResumableTestLoop(TestLoop):
    """mmengine's test loop with per-image results on disk: ``test_cfg = dict(type='mmcabl.ResumableTestLoop')``.

    ::

        <work_dir>/<out_dir>
        |-- summary.json              the metrics of the last finished test
        `-- <fingerprint>             one folder for each combination of weights, model, data settings and images
            |-- images.<rank>.jsonl   one record an image, written as soon as it is known
            |-- per_image.csv         the same as a flat table, when the test has finished
            |-- summary.json, table1.md
            |-- masks/...             final masks, 255 is manipulated
            `-- maps/...              soft maps, on wish

    Run again with the same weights and settings, batches whose images all have records are not computed again;
    with others, or with images that came or went, a new folder is made beside. The test data loader's sampler must be
    ``mmcabl.EveryImageOnceSampler``.

    An image on which the model fails (see :mod:`mmcabl.utils.failures`), or whose score is not finite, is recorded
    as ``failed`` with the reason, left out of the metrics, counted in the summary, and tried again by the next run.

    Args:
        out_dir: folder of the results; relative paths are below the runner's ``work_dir``.
        save_masks: write the final masks.
        save_maps: bits, 8 or 16, of the soft maps to write; 0: none. Needs ``save_masks``.
        max_failures: images that may fail one after the other before the test ends; 0: any number.
    """

    def __init__(self, *args, out_dir: str = 'results', save_masks: bool = True, save_maps: int = 0,
                 max_failures: int = 50, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.out_dir, self.save_masks, self.max_failures = out_dir, save_masks, max_failures
        self.save_maps = checked_bits(save_maps)
        if not isinstance(self.dataloader.sampler, EveryImageOnceSampler):
            raise TypeError(f'ResumableTestLoop was given the sampler {type(self.dataloader.sampler).__name__}; it '
                            "needs test_dataloader.sampler=dict(type='mmcabl.EveryImageOnceSampler').")
        self.evaluator = RecordingEvaluator(self.evaluator.metrics)
        self.evaluator.dataset_meta = getattr(self.dataloader.dataset, 'metainfo', None)

    def run(self) -> Dict[str, float]:
        top = Path(self.runner.work_dir, self.out_dir)
        place = RunFolder(top, self.runner.model, self.runner.cfg, self.dataloader.dataset)
        store = ResultStore(place.folder, get_rank())
        done = self._resumable(place.keep_listed(store.read()))
        positions = {i for i, key in enumerate(place.keys) if key in done and not done[key].get('failed')}
        barrier()  # every rank has read before any of them writes
        self.failures = Failures(self.max_failures)
        if is_main_process():
            place.claim()
            if done:
                print_log(f'{len(positions)} of {len(place.keys)} images have results in {place.folder}; they are '
                          'not computed again.', logger='current')
                self.evaluator.restore(done)
        self.dataloader.sampler.skip(positions, self.dataloader.batch_size)
        masks = place.folder / 'masks' if self.save_masks else None
        try:
            with self.evaluator.recording(store, masks, self.failures, self.save_maps):
                metrics = super().run()
        finally:  # whoever uses the loader next sees all images
            self.dataloader.sampler.skip((), self.dataloader.batch_size)
        barrier()
        if is_main_process():
            self._finish(top, place, metrics)
        return metrics

    def run_iter(self, idx: int, data_batch: dict) -> None:
        """As upstream, an image on which the model fails costing no other one."""
        with tolerant(self.runner.model, self.failures):
            super().run_iter(idx, data_batch)

    def _resumable(self, done: Dict[Key, dict]) -> Dict[Key, dict]:
        """The records, or none of them where a metric would miss images that are not computed again."""
        others = [type(m).__name__ for m in self.evaluator.metrics if not isinstance(m, PerImageMetric)]
        if done and others:
            print_log(f'All images are computed again: {", ".join(others)} cannot go on from stored results.',
                      logger='current', level=30)
            return {}
        return done

    def _finish(self, top: Path, place: RunFolder, metrics: Dict[str, float]) -> None:
        records = place.keep_listed(ResultStore(place.folder).read())
        missing: Set[Key] = set(place.keys) - set(records)
        if missing:
            raise NotWritten(f'{len(missing)} of {len(place.keys)} images have no record in {place.folder}, though '
                             'they were tested: the disk lost them, or processes write to different disks. Run the '
                             'same command again to test these alone.')
        remove_parts(place.folder)
        write_table(records, place.folder / 'per_image.csv')
        counts = left_out(records)
        text = json.dumps({**{k: float(v) for k, v in metrics.items()}, **counts}, indent=1) + '\n'
        write_whole(place.folder / 'summary.json', text)
        write_whole(top / 'summary.json', text)
        row = table_one_row(metrics)
        write_whole(place.folder / 'table1.md', row + '\n')
        print_log(f'Results of {len(records)} images ({counts["unreadable"]} unreadable, {counts["failed"]} failed): '
                  f'{place.folder}\n{row}', logger='current')
