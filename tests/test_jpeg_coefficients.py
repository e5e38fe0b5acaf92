"""DCT coefficients of JPEG files: what a decoder makes of them, every kind of file, hostile ones, crops."""

import io
import struct
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcabl.datasets import GridCrop, LoadDCT, LoadForensicImage
from mmcabl.datasets.transforms.perturbations import GaussianNoise, JPEGCompression, SocialNetwork
from mmcabl.images.coefficients import without_metadata
from tests.forked import run

pytest.importorskip('jpeglib', reason='jpeglib is not installed (pip install jpeglib)')
#: Beside the repository, where the reference numbers' sample images are.
SAMPLE = Path(__file__).parents[2] / 'shared/samples/casia2/Tp_D_CRN_M_N_pla00035_pla00033_10997.jpg'
KINDS = {'4:4:4': dict(subsampling=0), '4:2:2': dict(subsampling=1), '4:2:0': dict(subsampling=2),
         'progressive': dict(progressive=True), 'optimized': dict(optimize=True), 'coarse': dict(quality=10),
         'fine': dict(quality=100), 'restarts': dict(restart_marker_blocks=2)}


def picture(height=64, width=96, seed=0):
    """RGB: soft colours with some noise."""
    rng = np.random.default_rng(seed)
    soft = cv2.resize(rng.integers(60, 196, (4, 5, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    return (soft.astype(int) + rng.integers(-9, 10, soft.shape)).clip(0, 255).astype(np.uint8)


def jpeg(image, **options):
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'JPEG', **options)
    return file.getvalue()


def load(tmp_path, data, name='x.jpg', **options):
    (tmp_path / name).write_bytes(data)
    return LoadDCT(**options)(LoadForensicImage()(dict(img_path=str(tmp_path / name))))


def synthesised(dct, table):
    """Grey levels (H, W) from coefficients by the definition: the inverse DCT of each block, in steps, plus 128."""
    found = np.empty(dct.shape)
    for top in range(0, dct.shape[0], 8):
        for left in range(0, dct.shape[1], 8):
            block = np.s_[top:top + 8, left:left + 8]
            found[block] = cv2.idct(dct[block] * table.astype(np.float64)) + 128
    return found.clip(0, 255)


def test_the_references_file(shared):
    if not SAMPLE.is_file():
        pytest.skip(f'{SAMPLE.name} does not lie in shared/samples beside the repository')
    numbers = np.load(shared / 'table1/cat_net.npz')
    found = LoadDCT()(LoadForensicImage()(dict(img_path=str(SAMPLE))))
    assert np.array_equal(found['dct'], numbers['y_dct_coefficients']) and found['dct'].dtype == np.int16
    assert np.array_equal(found['qtable'], numbers['y_qtable'])
    crop = found['img'][64:192, 96:224, ::-1].transpose(2, 0, 1)
    assert np.array_equal(crop, numbers['input_uint8'][0])
    clipped = np.minimum(np.abs(found['dct']), 20)
    assert np.array_equal(np.bincount(clipped.ravel(), minlength=21), numbers['dct_volume_sum_per_plane'])
    assert np.array_equal(clipped[64:192, 96:224], numbers['input_planes'][0])


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('size', [(64, 96), (61, 90), (7, 17)])
def test_coefficients_give_the_luma_that_a_decoder_gives(tmp_path, kind, size):
    data = jpeg(picture(*size), **KINDS[kind])
    found = load(tmp_path, data)
    assert not found['unreadable'] and found['dct'].shape == tuple(-(-side // 8) * 8 for side in size)
    opened = Image.open(io.BytesIO(data))
    opened.draft('L', opened.size)  # libjpeg's own Y
    assert opened.mode == 'L'
    luma = synthesised(found['dct'], found['qtable'])[:size[0], :size[1]]
    assert np.abs(luma - np.asarray(opened)).max() <= 1.01
    assert found['qtable'].ravel()[[0, 1, 8]].tolist() == np.reshape(opened.quantization[0], 64)[[0, 1, 8]].tolist()


def test_grey_and_four_components(tmp_path):
    grey = picture()[..., 0]
    found = load(tmp_path, jpeg(grey))
    assert np.abs(synthesised(found['dct'], found['qtable']) - found['img'][..., 0]).max() <= 1.01
    file = io.BytesIO()
    Image.fromarray(picture()).convert('CMYK').save(file, 'JPEG')
    assert load(tmp_path, file.getvalue())['dct'].any()


def test_progressive_is_the_same_and_metadata_do_not_matter(tmp_path):
    plain = load(tmp_path, jpeg(picture()))
    data = jpeg(picture(), progressive=True)
    segment = b'\xff\xe5' + struct.pack('>H', 402) + b'x' * 400
    many = data[:2] + 70 * segment + b'\xff\xff\xfe\0\3!' + data[2:] + b'behind the end'  # jpeglib bears 50
    for found in (load(tmp_path, data), load(tmp_path, many)):
        assert np.array_equal(found['dct'], plain['dct']) and np.array_equal(found['qtable'], plain['qtable'])
    assert len(without_metadata(many)) < len(data) + 20


@pytest.mark.parametrize('name, kind', [('x.png', 'PNG'), ('x.bmp', 'BMP'), ('x.webp', 'WEBP'), ('x.tif', 'TIFF'),
                                        ('lies.jpg', 'PNG')])
def test_other_formats_are_saved_at_quality_100(tmp_path, name, kind):
    image, file = picture(61, 90), io.BytesIO()
    Image.fromarray(image).save(file, kind, lossless=True)
    found = load(tmp_path, file.getvalue(), name)
    expected = np.asarray(Image.open(io.BytesIO(jpeg(image, quality=100, subsampling=0))))
    assert np.array_equal(found['img'][..., ::-1], expected) and (found['qtable'] == 1).all()
    assert np.abs(found['img'][..., ::-1].astype(int) - image).max() <= 5
    again = load(tmp_path, jpeg(image, quality=100, subsampling=0))
    assert np.array_equal(again['dct'], found['dct']) and np.array_equal(again['img'], found['img'])


def test_pixels_as_the_source_pass_over_the_file(tmp_path):
    found = load(tmp_path, jpeg(picture(), quality=50), source='pixels')
    assert (found['qtable'] == 1).all()
    inferencer = LoadDCT()(dict(img=picture(), ori_shape=(64, 96)))  # an array, no file
    assert (inferencer['qtable'] == 1).all() and 'unreadable' not in inferencer


def damaged():
    data = jpeg(picture())
    table, frame = data.index(b'\xff\xdb'), data.index(b'\xff\xc0')
    yield 'half', data[:len(data) // 2]
    yield 'half and an end', data[:len(data) // 2] + b'\xff\xd9'
    yield 'table of zeros', data[:table + 5] + bytes(64) + data[table + 69:]
    yield 'no table', data.replace(b'\xff\xdb', b'\xff\xec')
    yield 'unknown table', data[:frame + 12] + b'\3' + data[frame + 13:]
    yield 'two frames', data[:frame] + data[frame:frame + 19] + data[frame:]
    yield 'huge', data[:frame + 5] + struct.pack('>HH', 65500, 65500) + data[frame + 9:]
    yield 'odd sampling', data[:frame + 11] + b'\x44' + data[frame + 12:]
    yield 'text', b'\xff\xd8 is no picture'


@pytest.mark.parametrize('kind, data', damaged())
def test_damaged_files_are_left_out_with_a_sentence(tmp_path, kind, data):
    found = load(tmp_path, data)
    assert found['unreadable'] and found['reason'].endswith('.') and 'x.jpg' in found['reason']
    assert not found['dct'].any() and (found['qtable'] == 1).all()
    assert tuple(found['dct'].shape) == tuple(-(-side // 8) * 8 for side in found['img'].shape[:2])


def test_training_draws_another_image_for_one_without_coefficients(tmp_path):
    assert load(tmp_path, dict(damaged())['table of zeros'], skip_unreadable=True) is None


def mutated(folder, seed, count=300):
    """Read files with some bytes changed; in a process of its own, for native code reads them."""
    rng = np.random.default_rng(seed)
    files = [np.frombuffer(jpeg(picture(40, 48), **options), np.uint8) for options in KINDS.values()]
    read = 0
    for i in range(count):
        data = files[i % len(files)].copy()
        span = len(data) if i % 2 else 640  # headers are where it hurts
        data[rng.integers(2, min(span, len(data)), rng.integers(1, 6))] = rng.integers(0, 256)
        found = load(folder, data.tobytes(), max_pixels=10 ** 6)
        read += not found['unreadable']
    print('read', read)


@pytest.mark.parametrize('seed', [0, 1])
def test_no_file_ends_the_run(tmp_path, seed):
    said = run(mutated, tmp_path, seed)
    assert 30 < int(said.split('read ')[-1]) < 300
    assert [path.name for path in tmp_path.iterdir()] == ['x.jpg']


def test_crops_keep_to_the_grid():
    height, width = 96, 136
    where = np.arange(height * width).reshape(height, width)
    image, seen = np.repeat((where % 251)[..., None], 3, 2).astype(np.uint8), set()
    for _ in range(60):
        found = GridCrop((48, 64))(dict(img=image, dct=where.astype(np.int32), gt_seg_map=image[..., 0] % 2))
        top, left = divmod(int(found['dct'][0, 0]), width)
        seen.add((top, left))
        assert top % 8 == left % 8 == 0 and found['img'].dtype == np.float32 and found['img_shape'] == (48, 64)
        assert np.array_equal(found['dct'] % 251, found['img'][..., 1])
        assert np.array_equal(found['gt_seg_map'], found['img'][..., 0] % 2)
        assert top <= 48 and left <= 72
    assert len(seen) > 20  # of 70


def test_small_images_are_filled_up():
    image = picture(20, 30)
    found = GridCrop(64)(dict(img=image, dct=np.ones((24, 32), np.int16), gt_seg_map=np.zeros((20, 30), np.uint8)))
    assert np.array_equal(found['img'][:20, :30], image) and (found['img'][20:] == 127.5).all()
    assert found['dct'].sum() == 24 * 32 and (found['gt_seg_map'] == 255).sum() == 64 * 64 - 20 * 30
    assert found['gt_seg_map'].dtype == np.uint8 and found['dct'].dtype == np.int16


def test_bad_use_is_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match='Unknown source'):
        LoadDCT(source='bytes')
    for size in (60, (64, 4), (8, 8, 8)):
        with pytest.raises(ValueError, match='crop_size of GridCrop'):
            GridCrop(size)
    for changed in (dict(ori_shape=(32, 48)), dict(ori_shape=(64, 96), flip=True)):
        with pytest.raises(ValueError, match='resizes or mirrors'):
            LoadDCT()(dict(img=picture(), **changed))
    monkeypatch.setitem(sys.modules, 'jpeglib', None)
    with pytest.raises(ImportError, match='pip install jpeglib'):
        LoadDCT()


def test_behind_a_perturbation_the_coefficients_are_those_of_the_pixels(tmp_path):
    """One quality for all test images: CAT-Net must not look into the file as it was published."""
    (tmp_path / 'x.jpg').write_bytes(jpeg(picture(64, 96), quality=95))
    published = LoadForensicImage()(dict(img_path=str(tmp_path / 'x.jpg')))
    again = LoadDCT()(JPEGCompression(50)(dict(published)))
    standard = LoadDCT()(LoadForensicImage()(dict(img_path=save_at(tmp_path / 'y.jpg', 50))))['qtable']
    assert np.array_equal(again['qtable'], standard) and standard.max() > 50
    grey = cv2.cvtColor(again['img'], cv2.COLOR_BGR2GRAY)
    assert np.abs(synthesised(again['dct'], again['qtable']) - grey).mean() < 1
    shared_once = LoadDCT()(SocialNetwork(qualities=(90, 50))(dict(published)))
    assert np.array_equal(shared_once['qtable'], standard)
    noisy = LoadDCT()(GaussianNoise(5)(dict(published)))
    assert noisy['qtable'].max() == 1, 'pixels of no file are saved at quality 100'


def save_at(path, quality):
    path.write_bytes(jpeg(picture(64, 96), quality=quality))
    return str(path)
