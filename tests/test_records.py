"""Records, fingerprints, shares of ranks, overlays: the parts of a resumable test."""

import cv2
import numpy as np
import torch
from mmpretrain.structures import DataSample

from mmcabl.engine.samplers import EveryImageOnceSampler
from mmcabl.evaluation import ImageAUC, PixelF1
from mmcabl.records import ResultStore, file_name, fingerprint
from mmcabl.visualization import LocalizationOverlayHook
from tests.forked import run
from tests.results_runs import ODD


def test_a_cut_line_is_passed_over_and_ended(tmp_path):
    store = ResultStore(tmp_path)
    first = dict(dataset='x', index=0, image='a', unreadable=False, metrics={})
    store.append(first)
    store.close()
    with open(store.path, 'ab') as file:
        file.write(b'{"dataset": "x", "ind')
    again = ResultStore(tmp_path)
    again.append(dict(first, index=1))
    again.append(dict(first, index=0, score=np.float32(0.5)))
    records = ResultStore(tmp_path).read()
    assert [k[1] for k in records] == [0, 1] and records[('x', 0, 'a')]['score'] == 0.5


def one_process_of_several(folder):
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=0, world_size=1)
    model = torch.nn.Linear(3, 2)
    assert fingerprint(torch.nn.parallel.DistributedDataParallel(model), 1) == fingerprint(model, 1)


def test_the_fingerprint_is_the_same_in_one_process_and_in_several(tmp_path):
    run(one_process_of_several, tmp_path)


def test_the_fingerprint_knows_weights_and_settings():
    model = torch.nn.Linear(3, 2)
    before = fingerprint(model, 'x')
    assert before == fingerprint(model, 'x') != fingerprint(model, 'y')
    with torch.no_grad():
        model.bias[0] += 1e-7
    assert fingerprint(model, 'x') != before
    assert fingerprint(torch.nn.BatchNorm1d(2).half(), 1) != fingerprint(torch.nn.BatchNorm1d(2), 1)


def test_every_image_goes_to_one_rank(monkeypatch):
    for size in (0, 1, 2, 7, 31):
        seen = []
        for rank in range(4):
            monkeypatch.setattr('mmcabl.engine.samplers.get_dist_info', lambda r=rank: (r, 4))
            sampler = EveryImageOnceSampler(range(size), seed=3)
            sampler.skip({0, 5})
            assert len(sampler) == len(list(sampler))
            seen += list(sampler)
        assert sorted(seen) == [i for i in range(size) if i not in (0, 5)]
    monkeypatch.setattr('mmcabl.engine.samplers.get_dist_info', lambda: (1, 2))
    sampler = EveryImageOnceSampler(range(12))  # this rank's batches: 1 3, 5 7, 9 11
    sampler.skip({1, 3, 5, 11}, batch_size=2)
    assert list(sampler) == [5, 7, 9, 11]
    sampler.skip({9, 11}, batch_size=2)  # of a second test: of all images again
    assert list(sampler) == [1, 3, 5, 7]
    sampler.skip(())
    assert list(sampler) == [1, 3, 5, 7, 9, 11]


def test_means_over_data_sets_leave_counts_alone():
    auc, f1 = ImageAUC(), PixelF1(curves=False, baselines=False)
    truth = np.eye(4, dtype=bool)
    for name, value in (('one', True), ('two', False)):
        for label in (0, 1):
            sample = dict(dataset_name=name, sample_idx=label, img_path=name, gt_label=torch.tensor([label]),
                          pred_score=torch.tensor([float(label == value)]), gt_mask=truth & bool(label),
                          pred_mask=truth & value)
            auc.process(None, [sample])
            f1.process(None, [sample])
    found = {**auc.evaluate(4), **f1.evaluate(4)}
    assert (found['one/i_auc'], found['two/i_auc'], found['average/i_auc']) == (1, 0, 0.5)
    assert (found['one/p_f1'], found['two/p_f1'], found['average/p_f1']) == (1, 0, 0.5)
    assert 'average/images' not in found and found['one/masks'] == 1


class Written:
    """What the overlay hook needs of a runner."""

    def __init__(self, work_dir):
        self.work_dir, self.visualizer = str(work_dir), None


def test_overlays_of_one_name_in_two_folders_do_not_meet_and_none_ends_the_test(tmp_path):
    paths = [tmp_path / folder / ODD for folder in ('one', 'two')] + [tmp_path / 'gone.png', tmp_path / 'x.png']
    for path in (*paths[:2], paths[3]):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cv2.imencode('.png', np.zeros((8, 9, 3), np.uint8))[1].tobytes())
    samples = [DataSample(metainfo=dict(img_path=str(path), dataset_name='a/b')) for path in paths]
    for sample in samples:
        sample.cam, sample.pred_mask = np.zeros((8, 9), np.float32), np.eye(8, 9, dtype=bool)
        sample.pixels = np.zeros((8, 9, 3), np.uint8)
    del samples[2].pixels  # nothing of it is known
    samples[3].cam = np.zeros((3, 3), np.float32)  # of another size
    hook, runner = LocalizationOverlayHook(), Written(tmp_path / 'work')
    hook.before_test(runner)
    hook.after_test_iter(runner, 0, None, samples)
    made = sorted(p.name for p in (tmp_path / 'work/overlays').iterdir())
    assert made == sorted(f'{file_name(str(p), "a/b")}.png' for p in paths[:2]) and made[0].startswith('a_b_Au_caf_-')
