"""Refinement behind a foreign model: its pixels, its scores, its names; test-time augmentation of any model."""

import copy

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import TRANSFORMS
from mmengine.structures import PixelData
from mmpretrain.structures import DataSample
from torch import nn

from mmcabl.evaluation import ImageAUC, PixelF1
from mmcabl.models import ForensicTTAModel
from mmcabl.models.segmentors.refined_segmentor import RefinedSegmentor, refined_config
from mmcabl.refinement import CGSR, Refiner
from mmcabl.registry import HOOKS, MODELS
from mmcabl.structures import forensic_sample, unmirrored
from mmcabl.structures.pictures import pixels_of
from tests.conftest import build_localizer

SHAPE = (40, 60)


class Bright(BaseModel):
    """Stands for a trained segmentation model of mmseg's kind: bright is manipulated, sides are mirrored back."""

    def __init__(self, classes=2, gain=4.):
        super().__init__()
        self.classes, self.weight, self.bias = classes, nn.Parameter(torch.tensor(gain)), nn.BatchNorm2d(2)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        images = torch.stack(list(inputs)).float() if isinstance(inputs, (list, tuple)) else inputs.float()
        if mode == 'loss':
            return dict(loss=(images.mean() * self.weight).square())
        for image, sample in zip(images, data_samples):
            # not symmetric: the columns count, so that a mirrored image has other logits
            logit = self.weight * (image.mean(0) / 128 - 1) + torch.linspace(-1, 1, image.shape[-1])
            logit = torch.from_numpy(unmirrored(logit.detach().numpy(), sample))
            shape = sample.get('ori_shape', logit.shape)
            logit = torch.nn.functional.interpolate(logit[None, None], tuple(shape))[0]
            data = logit.sigmoid() if self.classes == 1 else torch.cat([-logit, logit])
            found = (data > 0.5) if self.classes == 1 else data.argmax(0, keepdim=True)
            sample.set_data(dict(seg_logits=PixelData(data=data), pred_sem_seg=PixelData(data=found.long())))
        return data_samples


class Seen(Refiner):
    """Remembers the pictures it was given."""

    def __init__(self):
        self.pictures, self.calls = [], 0

    def refine(self, images, prompts, kinds):
        self.pictures += list(images)
        self.calls += 1
        return [[image.mean(2) > 100 for _ in kinds] for image in images]


def seeing(prompt='box'):
    cgsr = CGSR(prompt=prompt, compare=['null'])
    cgsr._refiner = Seen()
    return cgsr


@pytest.fixture
def scene(tmp_path):
    """An asymmetric photograph, and the steps that load it."""
    image = np.random.default_rng(0).integers(30, 60, (*SHAPE, 3)).astype(np.uint8)
    image[10:30, 5:20] = (200, 220, 240)
    path = tmp_path / 'image.png'
    cv2.imwrite(str(path), image)
    return path, image


def load(path, *steps, keys=('img_path', 'ori_shape', 'unreadable', 'sample_idx', 'gt_label', 'flip',
                             'flip_direction', 'picture')):
    pipeline = Compose([TRANSFORMS.build(s) for s in (
        dict(type='mmcabl.LoadForensicImage'), *steps, dict(type='mmpretrain.PackInputs', meta_keys=keys))])
    found = pipeline(dict(img_path=str(path), sample_idx=0))
    samples = found['data_samples']
    return dict(inputs=found['inputs'], data_samples=samples)


def batch(*loaded):
    return dict(inputs=[x['inputs'] for x in loaded], data_samples=[x['data_samples'] for x in loaded])


def test_a_score_is_of_the_map_before_it_is_normalised(scene):
    path, image = scene
    auc, scores = ImageAUC(), []
    for index, part in enumerate((1, 0.9, 0.2, 0.1)):  # the two bright ones are manipulated
        model = RefinedSegmentor(Bright(), seeing())
        loaded = load(path)
        loaded['inputs'] = (loaded['inputs'] * part).to(torch.uint8)
        sample = model.test_step(batch(loaded))[0]
        sample.set_metainfo(dict(sample_idx=index, gt_label=index < 2))
        view = forensic_sample(sample.to_dict())
        assert view.cam.max() == 1 and view.mask is not None
        scores.append(float(view.score))
        assert scores[-1] == pytest.approx(float(sample.seg_logits.data.softmax(0)[1].max()))
        auc.process(None, [sample.to_dict()])
    assert auc.evaluate(4)['i_auc'] == 1 and len(set(scores)) == 4


@pytest.mark.parametrize('steps', [
    [], [dict(type='mmcabl.KeepPicture'), dict(type='mmcv.Resize', scale=(32, 32))],
    [dict(type='mmcabl.KeepPicture'), dict(type='mmcv.RandomFlip', prob=1., direction='vertical')],
    [dict(type='mmcv.RandomFlip', prob=1., direction=['diagonal'])]])
@pytest.mark.parametrize('perturbation', [[], [dict(type='mmcabl.GaussianNoise', sigma=30)]])
def test_what_is_refined_are_the_pixels_that_the_pipeline_loaded(scene, steps, perturbation):
    path, image = scene
    expected = image
    for step in perturbation:
        expected = TRANSFORMS.build(step)(dict(img=image, img_path=str(path)))['img']
    loaded = batch(load(path, *perturbation, *steps))
    path.unlink()  # nothing reads the file again
    model = RefinedSegmentor(Bright(), seeing())
    sample = model.test_step(loaded)[0]
    assert np.array_equal(model.postprocessor.refiner.pictures[0], expected[..., ::-1])
    assert np.array_equal(sample.pred_sem_seg.data[0].numpy() == 1, sample.masks['box'])
    assert sample.cam_raw.shape == SHAPE and sample.cam_raw[15, 10] > 0.5 > sample.cam_raw[35, 10]


def test_an_image_that_another_size_was_made_of_comes_back_at_its_own(scene):
    path, image = scene
    loaded = batch(load(path, dict(type='mmcabl.Rescaling', factor=0.5), dict(type='mmcabl.KeepPicture')))
    model = RefinedSegmentor(Bright(), seeing())
    model.test_step(loaded)
    half = TRANSFORMS.build(dict(type='mmcabl.Rescaling', factor=0.5))(dict(img=image))['img']
    assert np.array_equal(model.postprocessor.refiner.pictures[0][..., ::-1], cv2.resize(half, SHAPE[::-1]))


def test_an_unreadable_image_costs_itself_alone(scene, tmp_path):
    (tmp_path / 'broken.jpg').write_bytes(b'no image')
    keep = [dict(type='mmcabl.KeepPicture'), dict(type='mmcv.Resize', scale=(32, 32))]
    loaded = batch(load(scene[0], *keep), load(tmp_path / 'broken.jpg', *keep))
    samples = RefinedSegmentor(Bright(), seeing()).test_step(loaded)
    auc = ImageAUC()
    for index, sample in enumerate(samples):
        sample.set_metainfo(dict(sample_idx=index, gt_label=1))
    auc.process(None, [sample.to_dict() for sample in samples])
    assert [result.unreadable for result in auc.results] == [False, True]
    assert auc.evaluate(2)['images'] == 1


def test_pixels_that_are_not_there_are_asked_for(scene):
    model = RefinedSegmentor(Bright(), seeing())
    with pytest.raises(ValueError, match=r'is 40 x 60 px .* reaches the model as 32 x 48, .*KeepPicture'):
        model.test_step(batch(load(scene[0], dict(type='mmcv.Resize', scale=(48, 32)))))
    with pytest.raises(ValueError, match=r'reaches the model as torch.float32.*KeepPicture'):
        pixels_of(torch.zeros(3, 4, 4), DataSample())
    with pytest.raises(ValueError, match='behind a step that mirrors'):
        load(scene[0], dict(type='mmcv.RandomFlip', prob=1.), dict(type='mmcabl.KeepPicture'))
    with pytest.raises(ValueError, match="in the direction 'sideways'; known are horizontal, vertical, diagonal"):
        unmirrored(np.zeros((2, 2)), DataSample(metainfo=dict(flip=True, flip_direction='sideways')))


def test_checkpoints_are_the_inner_models():
    plain, refined = Bright(), RefinedSegmentor(Bright(), seeing())
    state = refined.state_dict()
    assert state.keys() == plain.state_dict().keys()
    plain.weight.data.fill_(7)
    assert not any(refined.load_state_dict(plain.state_dict())) and refined.segmentor.weight == 7
    wrapped = nn.ModuleDict(dict(module=refined))
    assert set(wrapped.state_dict()) == {f'module.{key}' for key in state}
    wrapped.load_state_dict({f'module.{key}': value + 1 for key, value in state.items()})
    assert refined.segmentor.weight == 8
    refined.load_state_dict(refined.state_dict())
    assert refined.segmentor.weight == 8
    with pytest.raises(RuntimeError, match='unexpected_one'):
        refined.load_state_dict({**state, 'unexpected_one': torch.ones(1)})
    assert copy.deepcopy(refined).state_dict().keys() == state.keys() and refined.classes == 2
    with pytest.raises(AttributeError, match='no_such_thing'):
        refined.no_such_thing  # noqa: B018, the question is the test


def test_training_is_the_inner_models():
    from mmengine.optim import OptimWrapper
    losses = []
    for model in (Bright(), RefinedSegmentor(Bright(), seeing())):
        wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), 0.1))
        data = dict(inputs=torch.full((1, 3, 4, 4), 0.5), data_samples=[DataSample()])
        losses.append([model.train_step(data, wrapper)['loss'].item() for _ in range(3)])
    assert losses[0] == losses[1] and len(set(losses[0])) == 3


def test_a_hook_means_the_same_without_a_runner():
    model = dict(type='Anything', out_channels=2)
    hook = dict(type='mmcabl.CGSRHook', postprocessor=dict(prompt='null'))
    assert refined_config(model, None) is model and refined_config(model, [dict(type='EMAHook')]) is model
    with pytest.warns(FutureWarning, match='CGSRHook.* is now model=.*RefinedSegmentor') as said:
        assert refined_config(model, [dict(type='EMAHook'), hook]) == dict(
            type='mmcabl.RefinedSegmentor', segmentor=model, postprocessor=dict(prompt='null'))
        HOOKS.build(dict(hook))
    assert len(said) == 2


FLIPS = [dict(type='mmcv.RandomFlip', prob=p, direction='horizontal') for p in (1., 0.)]


def passes(path, *before, flips=FLIPS, **kwargs):
    found = [load(path, *before, flip, **kwargs) for flip in flips]
    return dict(inputs=[[x['inputs']] for x in found], data_samples=[[x['data_samples']] for x in found])


@pytest.mark.parametrize('order', [1, -1])
@pytest.mark.parametrize('config', ['default_runtime', 'default_runtime_mmseg'])
def test_a_localizer_with_tta_is_the_localizer_that_averages_mirror_images(scene, config, order):
    if 'mmseg' in config:
        pytest.importorskip('mmseg')
    cfg = Config.fromfile(f'configs/_base_/{config}.py', import_custom_modules=False)
    post = dict(compare=['null', 'point', 'box'])
    model = build_localizer(scales=[64], postprocessor=post)
    model.head.trans_cls_head.bias.data.fill_(0.3)
    with torch.no_grad():
        expected = build_localizer(scales=[64], postprocessor=post, flip=True)
        expected.load_state_dict(model.state_dict())
        expected = expected.test_step(batch(load(scene[0])))[0]
        alone = model.test_step(batch(load(scene[0])))[0]
        mirrored = model.test_step(batch(load(scene[0], FLIPS[0])))[0]
        merged = MODELS.build(dict(cfg.tta_model, module=model)).test_step(passes(scene[0], flips=FLIPS[::order]))[0]
    np.testing.assert_allclose(merged.cam_raw, (alone.cam_raw + mirrored.cam_raw) / 2, atol=1e-5)
    np.testing.assert_allclose(merged.cam_raw, expected.cam_raw, atol=1e-5)
    np.testing.assert_allclose(merged.cam, expected.cam, atol=1e-4)
    assert torch.allclose(merged.pred_score, expected.pred_score, atol=1e-6)
    assert merged.pred_label == expected.pred_label
    for point, extreme in (('positive', np.max), ('negative', np.min)):  # of a near tie either place will do
        x, y = merged.prompts[point]
        assert expected.cam_raw[y, x] == pytest.approx(extreme(expected.cam_raw), abs=1e-5)
    assert merged.masks.keys() == expected.masks.keys()
    for kind, mask in merged.masks.items():
        assert np.mean(mask != expected.masks[kind]) < 0.01
    assert np.array_equal(merged.pred_mask, merged.masks['box_point']) and not merged.flip
    assert not np.allclose(alone.cam_raw, merged.cam_raw, atol=1e-3), 'the image is symmetric: this shows nothing'


@pytest.mark.parametrize('classes', [1, 2])
@pytest.mark.parametrize('refined', [False, True])
def test_a_segmentation_model_with_tta_is_the_mean_of_its_probabilities(scene, classes, refined):
    inner = Bright(classes)
    single = [inner.test_step(batch(load(scene[0], flip)))[0].seg_logits.data for flip in FLIPS]
    chance = sum(x[0] if classes == 1 else x.softmax(0)[1] for x in single).numpy() / 2
    assert not np.allclose(single[0], single[1], atol=0.1)
    model = ForensicTTAModel(RefinedSegmentor(inner, seeing()) if refined else inner)
    merged = model.test_step(passes(scene[0], dict(type='mmcabl.KeepPicture')))[0]
    view = forensic_sample(merged.to_dict())
    assert float(view.score) == pytest.approx(chance.max(), abs=1e-6)
    if not refined:
        np.testing.assert_allclose(view.cam, chance, atol=1e-6)
        assert np.array_equal(view.mask, chance > 0.5)
        return
    seen = model.module.postprocessor.refiner
    assert seen.calls == 1 and np.array_equal(seen.pictures[0], scene[1][..., ::-1])
    np.testing.assert_allclose(merged.cam_raw, chance, atol=1e-6)
    y, x = np.unravel_index(chance.argmax(), chance.shape)
    assert merged.prompts['positive'] == (x, y)
    assert np.array_equal(view.mask, merged.masks['box']) and model.module.refines


def test_metrics_under_tta_are_those_of_the_upright_result(scene):
    truth = np.zeros(SHAPE, bool)
    truth[10:30, 5:20] = True
    model = ForensicTTAModel(RefinedSegmentor(Bright(), seeing('null')))
    merged = model.test_step(passes(scene[0], dict(type='mmcabl.KeepPicture')))[0]
    f1 = PixelF1()
    f1.process(None, [dict(merged.to_dict(), gt_mask=truth, gt_label=1)])
    assert f1.results[0].row['p_f1'] > 0.95 and f1.results[0].row['p_auc'] > 0.95


def test_a_classifier_with_tta_averages_its_scores(scene):
    class Classifier(BaseModel):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            return [s.set_pred_score(torch.tensor([0.2, 0.8]) if s.flip else torch.tensor([0.6, 0.4]))
                    for s in data_samples]

    found = ForensicTTAModel(Classifier()).test_step(passes(scene[0]))[0]
    assert torch.allclose(found.pred_score, torch.tensor([0.4, 0.6])) and found.pred_label.item() == 1


def test_a_pipeline_that_does_not_say_what_it_mirrored_is_refused(scene):
    with pytest.raises(ValueError, match="image.png does not say whether it was mirrored; list 'flip'"):
        ForensicTTAModel(Bright()).test_step(passes(scene[0], keys=('img_path', 'ori_shape')))
