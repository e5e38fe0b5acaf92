"""The mmsegmentation side: upstream's scripts, one method in two toolboxes, refinement behind any model."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.structures import PixelData
from PIL import Image

from mmcabl.engine.scripts.upstream import upstream_script
from mmcabl.evaluation import ImageAUC, PixelF1
from mmcabl.records import file_name
from mmcabl.registry import HOOKS, TRANSFORMS
from mmcabl.stack import StackError, require_mmseg
from tests import warm
from tests.conftest import write_casia

pytest.importorskip('mmseg')
from mmseg.structures import SegDataSample  # noqa: E402

from mmcabl.models import RefinedSegmentor  # noqa: E402
from mmcabl.segmentation import CGSRHook, WeaklySupervisedSegmentor  # noqa: E402

ROOT = Path(__file__).parents[1] / 'configs'
SIDES = dict(mmseg=ROOT / 'mmseg/cabl-seg_conformer-mini_b8-8e_synthetic-160.py',
             mmpretrain=ROOT / 'quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py')


def run(package, script, *arguments):
    done = warm.run([sys.executable, upstream_script(package, script), *arguments], timeout=600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """One training with mmseg's script; tests of its checkpoint with both toolboxes' scripts."""
    tmp = tmp_path_factory.mktemp('mmseg')
    data = write_casia(tmp / 'data', authentic=6, forged=6, size=64)
    options = ['--cfg-options', f'train_dataloader.dataset.data_root={data}',
               f'test_dataloader.dataset.data_root={data}',
               'train_cfg.max_epochs=2', 'train_dataloader.batch_size=4', 'default_hooks.logger.interval=1']
    log = run('mmseg', 'train.py', SIDES['mmseg'], '--work-dir', tmp / 'train', *options)
    checkpoint = tmp / 'train/epoch_2.pth'
    for side, config in SIDES.items():
        log += run(side, 'test.py', config, checkpoint, '--work-dir', tmp / side, *options)
    return dict(tmp=tmp, data=data, log=log, checkpoint=checkpoint, options=options)


def summary(runs, side):
    return json.loads((runs['tmp'] / side / 'results/summary.json').read_text())


def test_both_sides_give_the_same_numbers(runs):
    seg, cls = summary(runs, 'mmseg'), summary(runs, 'mmpretrain')
    assert {'i_auc', 'p_f1', 'p_f1_null', 'p_f1_box', 'p_auc'} <= set(cls)
    assert {key: seg[key] for key in cls} == pytest.approx(cls, abs=1e-6)
    masks = [{p.name: cv2.imread(str(p), -1) for p in (runs['tmp'] / side / 'results').glob('*/masks/*/*.png')}
             for side in SIDES]
    assert masks[0].keys() == masks[1].keys() and len(masks[0]) == 12
    assert all(np.array_equal(masks[0][name], masks[1][name]) for name in masks[0])


def test_mmsegs_pictures_and_test_time_augmentation(runs):
    work = runs['tmp'] / 'tta'
    run('mmseg', 'test.py', SIDES['mmseg'], runs['checkpoint'], '--work-dir', work, '--show-dir', work / 'pictures',
        '--tta', *runs['options'], 'default_hooks.overlays.max_images=0')
    assert len(list(work.rglob('pictures/**/*.png'))) == 12
    found, plain = json.loads((work / 'results/summary.json').read_text()), summary(runs, 'mmseg')
    # the model averages over mirror images itself: mirrored once more, its numbers stay, those of the map almost
    assert {key: found[key] for key in plain} == pytest.approx(plain, abs=0.02)
    assert (found['i_auc'], found['p_auc']) == pytest.approx((plain['i_auc'], plain['p_auc']), abs=1e-3)


def test_mmsegs_iou_agrees_with_the_saved_masks(runs):
    found = {}
    for kind in (0, 1):
        inter = union = 0
        for path in (runs['tmp'] / 'mmseg/results').glob('*/masks/*/*.png'):
            mask = cv2.imread(str(path), -1) > 0
            truth = np.zeros_like(mask)
            if '_Tp_' in path.name:
                truth[8:30, 10:36] = True
            inter, union = (inter + ((mask == kind) & (truth == kind)).sum(),
                            union + ((mask == kind) | (truth == kind)).sum())
        found[kind] = 100 * inter / union
    assert summary(runs, 'mmseg')['mIoU'] == pytest.approx((found[0] + found[1]) / 2, abs=0.01)  # printed to 0.01


def test_training_from_labels_alone_logs_finite_losses(runs):
    losses = [float(line.split(' loss: ')[1].split()[0]) for line in runs['log'].split('\n') if ' loss: ' in line]
    assert len(losses) >= 6 and np.isfinite(losses).all()


def test_a_checkpoint_of_either_side_has_the_same_names(runs):
    state = torch.load(runs['checkpoint'], map_location='cpu', weights_only=False)['state_dict']
    for side in SIDES:
        cfg = Config.fromfile(str(SIDES[side]))
        init_default_scope(cfg.default_scope)
        assert set(MODELS.build(cfg.model).state_dict()) == set(state)


def segmentor():
    init_default_scope('mmseg')
    cfg = Config.fromfile(str(SIDES['mmseg']))
    return MODELS.build(cfg.model).eval()


def test_predictions_are_mmsegs(runs):
    model = segmentor()
    assert isinstance(model, WeaklySupervisedSegmentor)
    with torch.no_grad():
        sample = model.test_step(dict(inputs=[torch.randint(0, 256, (3, 64, 96), dtype=torch.uint8)],
                                      data_samples=[SegDataSample()]))[0]
    assert isinstance(sample, SegDataSample)
    assert sample.pred_sem_seg.data.shape == (1, 64, 96) and sample.seg_logits.data.shape == (2, 64, 96)
    assert np.array_equal(sample.pred_sem_seg.data[0].numpy() == 1, sample.pred_mask)
    assert np.array_equal(sample.seg_logits.data.argmax(0).numpy() == 1, sample.cam > 0.5)


def test_a_training_sample_without_a_label_is_said(runs):
    with pytest.raises(KeyError, match='has no image label'):
        segmentor().data_preprocessor(dict(inputs=[torch.zeros(3, 32, 32)], data_samples=[SegDataSample()]), True)


class Knowing(torch.nn.Module):
    """Stands for a trained model: knows where the bright square is."""

    def test_step(self, data):
        logits = torch.zeros(2, 40, 60)
        logits[1, 12:20, 15:30] = 4
        sample = SegDataSample(metainfo=dict(img_path='i.png', gt_label=1, sample_idx=0))
        truth = torch.zeros(1, 40, 60, dtype=torch.long)
        truth[0, 10:30, 15:45] = 1
        sample.set_data(dict(seg_logits=PixelData(data=logits), gt_sem_seg=PixelData(data=truth),
                             pred_sem_seg=PixelData(data=logits.argmax(0, keepdim=True))))
        return [sample]


@pytest.fixture
def picture():
    image = np.full((40, 60, 3), 40, np.uint8)
    image[10:30, 15:45] = (200, 220, 240)
    image += np.random.default_rng(0).integers(0, 9, image.shape, np.uint8)
    return dict(inputs=[torch.from_numpy(image.transpose(2, 0, 1))])


def test_cgsr_refines_a_model_that_knows_nothing_of_it(picture):
    class Runner:
        model = Knowing()

    plain = Runner.model
    hook = CGSRHook(dict(prompt='box', compare=['null', 'point'], refiner=dict(min_fill=0.1)))
    before = plain.test_step(picture)[0]
    hook.before_test(Runner)
    assert isinstance(Runner.model, RefinedSegmentor)
    after = Runner.model.test_step(picture)[0]
    hook.after_test(Runner)
    assert Runner.model is plain and set(after.masks) == {'null', 'point', 'box'}
    assert np.array_equal(after.masks['null'], before.pred_sem_seg.data[0].numpy() == 1)
    assert np.array_equal(after.pred_sem_seg.data[0].numpy() == 1, after.masks['box'])
    assert after.prompts['box'] == (15, 12, 29, 19)


def test_metrics_read_any_segmentation_model(picture):
    sample = Knowing().test_step(picture)[0].to_dict()
    auc, f1 = ImageAUC(), PixelF1()
    auc.process(None, [dict(sample)])
    f1.process(None, [dict(sample)])
    assert auc.results[0].row['score'] == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-6)
    assert f1.results[0].row['p_f1'] == pytest.approx(2 * 120 / (120 + 600))
    assert f1.results[0].row['p_auc'] > 0.5
    sample['gt_sem_seg']['data'][0, 0, 0] = 255  # unknown: not for pixel metrics
    f1.process(None, [dict(sample)])
    assert f1.results[1].row is None
    with pytest.raises(ValueError, match='predicts 3 classes'):
        f1.process(None, [dict(sample, seg_logits=dict(data=torch.zeros(3, 4, 4)))])


def test_where_mmseg_cannot_be_imported_a_sentence_says_so(monkeypatch):
    for name in ('mmseg', 'mmseg.models', 'mmseg.datasets'):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(StackError, match='mmcabl.segmentation needs mmsegmentation.*the mmpretrain side'):
        require_mmseg()


def test_show_dir_draws_on_the_stored_grid(monkeypatch, tmp_path):
    picture = Image.new('RGB', (20, 12), (0, 0, 255))
    exif = Image.Exif()
    exif[274] = 6
    picture.save(tmp_path / 'turned.png', exif=exif)
    drawn = []
    visualizer = SimpleNamespace(
        add_datasample=lambda name, image, **_: drawn.append((name, image.shape, image[0, 0].tolist())))
    monkeypatch.setattr('mmengine.visualization.Visualizer.get_current_instance', lambda: visualizer)
    hook = HOOKS.build(dict(type='mmcabl.SegmentationOverlayHook', draw=True))
    samples = [SegDataSample(metainfo=dict(img_path=str(tmp_path / 'turned.png'), unreadable=broken))
               for broken in (True, False)]
    load = TRANSFORMS.build(dict(type='mmcabl.LoadForensicImage'))
    pixels = torch.from_numpy(load(dict(img_path=str(tmp_path / 'turned.png')))['img']).permute(2, 0, 1)
    (tmp_path / 'turned.png').unlink()  # nothing reads the file again
    hook.after_test_iter(None, 0, dict(inputs=[pixels, pixels], data_samples=samples), samples)
    assert drawn == [(file_name(str(tmp_path / 'turned.png'), 'test'), (12, 20, 3), [0, 0, 255])]
