"""ForensicInferencer: what it takes, what it says, and that scoring says the same."""

import os

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmcabl.apis import ForensicInferencer, Predictor
from mmcabl.apis.inputs import given_images
from mmcabl.apis.model_choice import choose_model
from mmcabl.apis.refiner_choice import refiner_settings
from tests.test_stock_inference import saved, shrunk

NAME = 'quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py'
SURE = 1 / (1 + np.exp(-2.))


@pytest.fixture(scope='module')
def setting(tmp_path_factory):
    """A tiny model whose score is about 0.88, its config and a picture."""
    tmp = tmp_path_factory.mktemp('inferencer')
    cfg = shrunk(NAME)
    cfg.dump(str(tmp / 'config.py'))
    saved(cfg, tmp, 2.)
    rgb = cv2.resize(np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8), (64, 48))
    cv2.imwrite(str(tmp / 'picture.png'), rgb[..., ::-1])
    return tmp, rgb


@pytest.fixture(scope='module')
def inferencer(setting):
    return ForensicInferencer(str(setting[0] / 'config.py'), device='cpu')  # its weights lie beside it


def test_every_way_to_give_an_image_gives_the_same(setting, inferencer):
    tmp, rgb = setting
    path = str(tmp / 'picture.png')
    found = inferencer([path, rgb, Image.fromarray(rgb), np.stack([rgb, rgb]), tmp / 'picture.png'], batch_size=4)
    assert [sample.index for sample in found] == list(range(6)) and found[0].source == path
    for sample in found:
        assert sample.score == pytest.approx(SURE, abs=0.01) and sample.flagged
        assert np.array_equal(sample.picture, rgb) and np.array_equal(sample.cam, found[0].cam)
        assert np.array_equal(sample.mask, found[0].mask) and sample.mask.any()
    assert inferencer(str(tmp))[0].score == found[0].score  # a folder
    (tmp / 'list.txt').write_text('picture.png\n')
    assert [s.score for s in inferencer(str(tmp / 'list.txt'))] == [found[0].score]
    drawn = inferencer.visualize(found[:1], out_dir=str(tmp / 'drawn'))
    assert drawn[0].shape[0] == 48 and len(list((tmp / 'drawn').iterdir())) == 1


def test_scoring_sits_on_it(setting, inferencer):
    tmp, _ = setting
    predictor = Predictor(str(tmp / 'config.py'), str(tmp / 'model.pth'), 'cpu')
    jobs = [(0, str(tmp / 'picture.png')), (1, str(tmp / 'gone.png'))]
    (record, mask, cam), (left_out, none, _) = predictor.predict(jobs, predictor.load(jobs))
    sample = inferencer(str(tmp / 'picture.png'))[0]
    assert record['score'] == sample.score and np.array_equal(mask, sample.mask) and np.array_equal(cam, sample.cam)
    assert left_out['unreadable'] and none is None and 'gone.png' in left_out['reason']


def test_below_the_threshold_there_is_a_map_but_no_mask_and_no_refiner(setting, monkeypatch):
    tmp, rgb = setting
    cfg = Config.fromfile(str(tmp / 'config.py'))
    strict = ForensicInferencer(cfg, str(tmp / 'model.pth'), 'cpu', threshold=0.95)
    monkeypatch.setattr('mmcabl.refinement.grabcut.GrabCutRefiner.refine', lambda *a: pytest.fail('was asked'))
    sample = strict(rgb)[0]
    assert sample.flagged is False and sample.mask is None and not sample.masks
    assert sample.cam.min() == 0 and sample.cam.max() == 1 and sample.prompts['box'] is not None
    assert strict.visualize([sample])[0].shape[0] == 48  # the mask's panel is empty
    with pytest.raises(ValueError, match='threshold is 2'):
        ForensicInferencer(str(tmp / 'config.py'), device='cpu', threshold=2)


def test_orientation_depth_and_animation(tmp_path, setting, inferencer):
    rgb, exif = setting[1], Image.Exif()
    exif[274] = 6
    Image.fromarray(rgb).save(tmp_path / 'turned.png', exif=exif)
    cv2.imwrite(str(tmp_path / 'deep.png'), rgb[..., ::-1].astype(np.uint16) * 257)
    frames = [Image.fromarray(frame).quantize() for frame in (rgb, rgb[::-1].copy())]
    frames[0].save(tmp_path / 'moving.gif', save_all=True, append_images=frames[1:])
    turned, opened, deep, moving, plain = inferencer(
        [tmp_path / 'turned.png', Image.open(tmp_path / 'turned.png'), tmp_path / 'deep.png', tmp_path / 'moving.gif',
         rgb])
    assert turned.orientation == opened.orientation == 6 and turned.cam.shape == (48, 64)  # the stored grid
    assert np.array_equal(turned.cam, plain.cam) and np.array_equal(deep.cam, plain.cam)
    assert moving.unreadable or 'first picture' in moving.note  # OpenCV reads no GIF before 4.11
    assert not plain.note


def test_hostile_files_are_samples_and_wrong_arguments_sentences(tmp_path, inferencer):
    contents = {b'empty.jpg': b'', b'junk.jpg': b'\xff\xd8junk', b'phone.heic': b'\0\0\0\x18ftypheic' + b'\0' * 99,
                b'caf\xe9.png': b'\x89PNG\r\n\x1a\n'}
    for name, content in contents.items():
        with open(os.path.join(os.fsencode(tmp_path), name), 'wb') as file:
            file.write(content)
    found = inferencer(tmp_path)
    assert [sample.unreadable for sample in found] == [True] * 4 and all(s.reason and s.score is None for s in found)
    assert 'is HEIC' in next(s.reason for s in found if s.source.endswith('heic'))
    cut = Image.open(os.path.join(os.path.dirname(__file__), '..', 'docs', 'overlay.jpg'))
    cut.fp.close()
    assert inferencer([cut])[0].failed  # PIL reads late
    for given, error in ((3, TypeError), (np.zeros((4, 4), np.float32), ValueError), (tmp_path / 'no', OSError)):
        with pytest.raises(error, match='accept'):
            inferencer(given)


def test_folders_are_searched_for_all_photographs(tmp_path):
    for name in ('b.JPG', 'a.webp', 'in/c.heic', 'notes.md', '._d.jpg'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [os.path.relpath(g.source, tmp_path) for g in given_images(tmp_path)] == ['a.webp', 'b.JPG', 'in/c.heic']


def test_models_and_refiners_are_chosen_by_a_word(setting, tmp_path, monkeypatch):
    tmp, _ = setting
    choice = choose_model(str(tmp / 'config.py'))
    assert choice.weights == str(tmp / 'model.pth') and 'no model card' in choice.card.not_for
    (tmp_path / 'config.py').write_text('')
    for given, sentence in (('nonsense', 'is no model'), (str(tmp_path / 'config.py'), 'no weights beside it')):
        with pytest.raises(ValueError, match=sentence):
            choose_model(given)
    with pytest.raises(FileNotFoundError, match='is not a file'):
        choose_model('gone.py')
    assert refiner_settings('grabcut')['prompt'] == 'box'
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match='segment-anything release'):
        refiner_settings('sam')
    (tmp_path / 'sam_vit_b_01ec64.pth').touch()
    assert refiner_settings('sam_vit_b_01ec64.pth')['refiner']['model'] == 'vit_b'
    with pytest.raises(ValueError, match='is no refiner'):
        refiner_settings('magic')
