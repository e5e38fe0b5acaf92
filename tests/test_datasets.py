"""CASIA v2's layout, and images and masks as they really come."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcabl.datasets import CASIAv2, LoadForensicImage, LoadForgeryMask, read_image, read_mask
from tests.conftest import write_casia


def encode(tmp_path, name, array, **options):
    path = tmp_path / name
    Image.fromarray(array, **({'mode': options.pop('mode')} if 'mode' in options else {})).save(path, **options)
    return path


def test_casia_lists_labels_and_masks(tmp_path, caplog):
    root = write_casia(tmp_path, authentic=3, forged=2)
    lone = root / 'CASIA 2.0/Tp/Tp_S_lone.TIF'
    Image.new('RGB', (8, 8)).save(lone, format='TIFF')
    (root / 'CASIA 2.0/Tp/Thumbs.db').touch()
    data = CASIAv2(data_root=str(root), pipeline=[])
    entries = [data.get_data_info(i) for i in range(len(data))]
    assert [e['gt_label'] for e in entries] == [0, 0, 0, 1, 1, 1]
    assert [e['gt_mask_path'] is None for e in entries] == [True, True, True, False, False, True]
    assert entries[-1]['img_path'] == str(lone)
    assert data.metainfo['classes'] == ('authentic', 'manipulated')
    assert [e['sample_idx'] for e in entries] == list(range(6))


def test_casia_takes_a_list(tmp_path):
    root = write_casia(tmp_path)
    names = tmp_path / 'list.txt'
    names.write_text('CASIA 2.0/Tp/Tp_D_x_00005.png,CASIA 2 Groundtruth/Tp_D_x_00005_gt.png,x.jpg\n'
                     'CASIA 2.0/Au/Au_ani_00001.jpg,None,y.jpg\n\n')
    data = CASIAv2(data_root=str(root), ann_file=str(names), pipeline=[])
    assert [data.get_data_info(i)['gt_label'] for i in range(len(data))] == [1, 0]
    names.write_text('CASIA 2.0/Au/Au_ani_00001.jpg\nCASIA 2.0/Au/gone.jpg\n')
    with pytest.raises(FileNotFoundError, match='list.txt, line 2: CASIA 2.0/Au/gone.jpg'):
        CASIAv2(data_root=str(root), ann_file=str(names), pipeline=[])


def test_an_empty_data_set_and_a_missing_class_are_said(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match='has no images.*help'):
        CASIAv2(data_root=str(tmp_path / 'none'), pipeline=[])
    said = []
    monkeypatch.setattr('mmcabl.datasets.forgery_dataset.print_log', lambda text, **_: said.append(text))
    CASIAv2(data_root=str(write_casia(tmp_path / 'one', forged=0)), pipeline=[])
    assert len(said) == 1 and 'authentic images only' in said[0]


def test_every_encoding_becomes_bgr_uint8(tmp_path):
    rgb = np.zeros((20, 30, 3), np.uint8)
    rgb[..., 0], rgb[..., 1], rgb[..., 2] = 200, 100, 40
    grey16 = np.full((20, 30), 40000, np.uint16)
    made = {
        'rgb.png': Image.fromarray(rgb), 'rgba.png': Image.fromarray(np.dstack([rgb, rgb[..., 0] * 0 + 9])),
        'grey.png': Image.fromarray(rgb[..., 0]), 'cmyk.jpg': Image.fromarray(rgb).convert('CMYK'),
        'deep.png': Image.fromarray(grey16), 'palette.png': Image.fromarray(rgb).convert('P'),
        'one.png': Image.fromarray(rgb[:1, :1]), 'photo.tif': Image.fromarray(rgb)}
    for name, picture in made.items():
        picture.save(tmp_path / name)
        image = read_image(tmp_path / name)
        assert image.dtype == np.uint8 and image.shape == (*picture.size[::-1], 3)
        expected = {'grey.png': [200] * 3, 'deep.png': [40000 // 257] * 3}.get(name, [40, 100, 200])
        assert np.abs(image[0, 0].astype(int) - expected).max() <= 12, name


def broken_files(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (64, 64, 3), np.uint8)
    for name in ('cut.jpg', 'cut.png'):
        cv2.imwrite(str(tmp_path / name), noise)
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[:len(data) // 2])
    (tmp_path / 'zero.jpg').touch()
    (tmp_path / 'text.jpg').write_text('not an image')
    return {'cut.jpg': 'truncated', 'cut.png': 'truncated', 'zero.jpg': 'empty', 'text.jpg': 'not an image',
            'gone.jpg': 'cannot be read'}


def test_broken_files_are_one_sentence_each(tmp_path):
    for name, reason in broken_files(tmp_path).items():
        with pytest.raises(ValueError, match=f'{name} is {reason}|{name} {reason}'):
            read_image(tmp_path / name)


def test_broken_files_do_not_end_a_run(tmp_path):
    broken_files(tmp_path)
    results = dict(img_path=str(tmp_path / 'cut.jpg'), gt_label=1, gt_mask_path=None)
    assert LoadForensicImage(skip_unreadable=True)(dict(results)) is None
    marked = LoadForensicImage()(dict(results))
    assert marked['unreadable'] and marked['img'].shape == (32, 32, 3) and 'cut.jpg is truncated' in marked['reason']
    root = write_casia(tmp_path / 'set', authentic=2, forged=1)
    (root / 'CASIA 2.0/Au/Au_zzz.jpg').touch()
    data = CASIAv2(data_root=str(root), pipeline=[dict(type='mmcabl.LoadForensicImage', skip_unreadable=True)])
    assert all(not data[i]['unreadable'] for i in range(len(data)))


def test_masks_of_every_encoding_decode_alike(tmp_path):
    truth = np.zeros((12, 16), bool)
    truth[3:9, 4:12] = True
    white = truth.astype(np.uint8) * 255
    full = np.full_like(white, 255)
    soft = cv2.GaussianBlur(white, (3, 3), 0)
    for name, array in (('l.png', white), ('rgb.png', np.dstack([white] * 3)), ('soft.png', soft),
                        ('rgba.png', np.dstack([white, white, white, full])), ('bool.png', truth),
                        ('deep.png', white.astype(np.uint16) * 257),
                        ('red.png', np.dstack([white, 0 * white, 0 * white]))):
        assert np.array_equal(read_mask(encode(tmp_path, name, array)), truth), name
    assert np.array_equal(read_mask(encode(tmp_path, 'jpeg.jpg', white, quality=95)), truth)
    # real ones too, where they lie beside the checkout (research data, never in it): L and RGBA
    for path in Path(__file__).parents[2].glob('shared/samples/casia2/*_gt.png'):
        assert 0.005 < read_mask(path).mean() < 0.6


def test_mask_loader(tmp_path, monkeypatch):
    said, loader = [], LoadForgeryMask()
    monkeypatch.setattr('mmcabl.datasets.transforms.loading.print_log', lambda text, **_: said.append(text))
    base = dict(ori_shape=(24, 32), gt_label=1)
    small = encode(tmp_path, 'small.png', np.eye(12, 16, dtype=np.uint8) * 255)
    resized = loader(dict(base, gt_mask_path=str(small)))['gt_mask']
    assert resized.shape == (24, 32) and resized.mean() == pytest.approx(np.eye(12, 16).mean())
    assert 'is 16 x 12 px, its image 32 x 24' in said[0]
    assert 'gt_mask' not in loader(dict(base, gt_mask_path=str(tmp_path / 'gone.png')))
    assert 'gone.png is not a mask' in said[1]
    assert 'gt_mask' not in loader(dict(base, gt_mask_path=None))
    authentic = loader(dict(base, gt_label=0, gt_mask_path=None))['gt_mask']
    assert authentic.shape == (24, 32) and not authentic.any()


def test_a_part_has_both_labels(tmp_path):
    root = str(write_casia(tmp_path, authentic=5, forged=3))

    def names(**kwargs):
        data = CASIAv2(data_root=root, pipeline=[], **kwargs)
        entries = map(data.get_data_info, range(len(data)))
        return [(entry['gt_label'], Path(entry['img_path']).name) for entry in entries]

    whole = names()
    assert names(every=2) == [whole[i] for i in (0, 2, 4, 5, 7)]
    assert names(every=9) == [whole[0], whole[5]]
    assert names(indices=[0, 6]) == [whole[0], whole[6]] and names(indices=[1]) == [whole[1]]
    assert names(indices=6) == whole[:6] and names(indices=4, test_mode=True) == whole[:4]
    for some in (4, -3):
        with pytest.raises(ValueError, match=f'indices={some} of CASIAv2 at .* one label alone.*every=N'):
            names(indices=some)
    for wrong in (0, 1.5):
        with pytest.raises(ValueError, match=f'every={wrong}'):
            names(every=wrong)
