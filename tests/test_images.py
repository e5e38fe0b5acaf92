"""Image files as they come: turned, huge, endless, cut, with things behind them, with any name and any samples."""

import io
import os
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from mmcabl.datasets import LoadForensicImage, LoadForgeryMask, read_image, read_mask
from mmcabl.images import full_scale, read_picture, stored, upright
from mmcabl.images.regular_files import shown
from mmcabl.visualization.overlays import overlay

RNG = np.random.default_rng(0)
PHOTO = cv2.resize(RNG.integers(0, 256, (9, 12, 3), np.uint8), (160, 120), interpolation=cv2.INTER_CUBIC)
PHOTO = np.clip(PHOTO + RNG.normal(0, 6, PHOTO.shape), 0, 255).astype(np.uint8)  # RGB


def encoded(fmt, array=PHOTO, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, fmt, **options)
    return file.getvalue()


def put(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


def turned(fmt, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    options = dict(tiffinfo={274: orientation}) if fmt == 'TIFF' else dict(exif=exif)
    return encoded(fmt, np.ascontiguousarray(PHOTO[:, :100]), **options)


@pytest.mark.parametrize('fmt', ['JPEG', 'PNG', 'TIFF', 'WEBP'])
def test_pixels_stay_on_the_stored_grid_and_orientation_turns_them_upright(tmp_path, fmt):
    plain = read_picture(put(tmp_path, 'plain', turned(fmt, 1))).array
    for orientation in range(1, 9):
        path = put(tmp_path, f'{orientation}', turned(fmt, orientation))
        found = read_picture(path)
        assert found.orientation == orientation and np.array_equal(found.array, plain)
        assert np.array_equal(read_mask(path), plain.max(2) > 127)
        seen = upright(found.array, found.orientation)
        if fmt == 'JPEG':  # OpenCV's own turning is the reference
            assert np.array_equal(seen, cv2.imread(str(path)))
        assert np.array_equal(stored(seen, orientation), plain)
        assert np.array_equal(upright(plain.max(2) > 99, orientation), seen.max(2) > 99)
    results = LoadForensicImage()(dict(img_path=str(path)))
    assert results['orientation'] == 8 and results['ori_shape'] == (120, 100)


def test_a_mask_drawn_on_the_turned_image_is_turned_back_with_a_line(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('mmcabl.datasets.transforms.loading.print_log', lambda text, **_: said.append(text))
    truth = np.zeros((120, 100), np.uint8)
    truth[10:40, 20:90], truth[100:, :9] = 255, 255
    for orientation in (5, 6, 7, 8, 1):  # without EXIF to the left, which undoes 6
        image = put(tmp_path, 'i.jpg', turned('JPEG', orientation))
        mask = put(tmp_path, 'm.png', encoded('PNG', upright(truth, 6 if orientation == 1 else orientation)))
        results = LoadForensicImage()(dict(img_path=str(image), gt_label=1, gt_mask_path=str(mask)))
        assert np.array_equal(LoadForgeryMask()(results)['gt_mask'], truth > 0), orientation
        assert said.pop() == f'{mask} is 120 x 100 px, its image 100 x 120; the mask is turned.' and not said
    results['gt_mask_path'] = str(put(tmp_path, 's.png', encoded('PNG', truth)))
    assert np.array_equal(LoadForgeryMask()(dict(results, orientation=6))['gt_mask'], truth > 0) and not said


def test_overlays_show_every_panel_upright():
    image = np.ascontiguousarray(PHOTO[:, :100])
    truth, mask = image[..., 0] > 99, image[..., 1] > 120
    cam = (image[..., 2] / 255).astype(np.float32)
    prompts = dict(box=(10, 20, 60, 50), positive=(30, 30), negative=(90, 110))
    plain = overlay(image, truth, cam, prompts, mask)
    turned = overlay(image, truth, cam, prompts, mask, orientation=6)
    assert plain.shape == (120, 4 * 100 + 3 * 2, 3) and turned.shape == (100, 4 * 120 + 3 * 2, 3)
    for i in range(4):
        assert np.array_equal(turned[:, 122 * i:122 * i + 120], upright(plain[:, 102 * i:102 * i + 100], 6))


def huge(side=60_000):
    """Headers that say 60,000 x 60,000 px, in nine formats."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    png = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0))
    jpeg = encoded('JPEG')
    frame = jpeg.index(b'\xff\xc0') + 5
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in ((256, side), (257, side), (258, (8, 8, 8)), (259, 1), (262, 2), (273, 8), (277, 3),
                       (278, side), (279, 2 ** 32 - 1)):
        tags[tag] = value
    tiff = io.BytesIO()
    tiff.write(b'II*\0\x08\0\0\0')
    tags.save(tiff)
    webp = b'WEBPVP8X' + struct.pack('<I', 10) + bytes(4) + 2 * struct.pack('<I', side - 1)[:3]
    jp2 = encoded('JPEG2000')
    size = jp2.index(b'\xff\x51') + 6
    box = jp2.index(b'ihdr') + 4
    jp2 = jp2[:size] + struct.pack('>II', side, side) + jp2[size + 8:]
    return {
        'png': png + chunk(b'IDAT', zlib.compress(bytes(1000))) + chunk(b'IEND', b''),
        'jpg': jpeg[:frame] + struct.pack('>HH', side, side) + jpeg[frame + 4:],
        'bmp': b'BM' + struct.pack('<IHHI', 2 ** 31, 0, 0, 54) + struct.pack('<IiiHHIIiiII', 40, side, side, 1, 24, 0,
                                                                               0, 0, 0, 0, 0),
        'tif': tiff.getvalue(), 'gif': b'GIF89a' + struct.pack('<HH', side, side) + encoded('GIF')[10:],
        'ppm': b'P6 %d %d 255\n' % (side, side), 'webp': b'RIFF' + struct.pack('<I', len(webp)) + webp,
        'jp2': jp2[:box] + struct.pack('>II', side, side) + jp2[box + 8:],
        'ras': struct.pack('>8I', 0x59a66a95, side, side, 24, 0, 1, 0, 0)}


@pytest.mark.parametrize('kind', list(huge()))
def test_huge_headers_are_a_sentence_as_image_and_as_mask(tmp_path, kind):
    path = put(tmp_path, f'x.{kind}', huge()[kind])
    for read in (read_image, read_mask):
        # Pillow 12 refuses the WebP file before it says its size
        with pytest.raises(ValueError, match=rf'x.{kind} (has .*limit|is not .*broken WEBP header)') as caught:
            read(path)
        assert '\n' not in str(caught.value)


def test_the_pixel_limit_is_an_option(tmp_path, monkeypatch):
    path = str(put(tmp_path, 'x.png', encoded('PNG')))
    said = 'x.png has 160 x 120 px, more than the limit of 0.019199 megapixels'
    for read in (read_image, read_mask):
        assert read(path, max_pixels=19_200).shape[:2] == (120, 160)
        with pytest.raises(ValueError, match=said):
            read(path, max_pixels=19_199)
    assert LoadForensicImage(max_pixels=19_199)(dict(img_path=path))['unreadable']
    base = dict(ori_shape=(120, 160), gt_label=1, gt_mask_path=path)
    assert 'gt_mask' not in LoadForgeryMask(max_pixels=9)(dict(base)) and 'gt_mask' in LoadForgeryMask()(dict(base))
    monkeypatch.setenv('MMCABL_MAX_PIXELS', '19199')
    with pytest.raises(ValueError, match=said):
        read_image(path)
    for text in ('many', '0', '-1'):
        monkeypatch.setenv('MMCABL_MAX_PIXELS', text)
        with pytest.raises(ValueError, match=f"MMCABL_MAX_PIXELS in the environment. is '{text}'; accepted"):
            read_image(path)


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / 'pipe.jpg')
    (tmp_path / 'folder.jpg').mkdir()
    (tmp_path / 'zero.png').symlink_to('/dev/zero')
    (tmp_path / 'lost.png').symlink_to(tmp_path / 'gone')
    (tmp_path / 'round.png').symlink_to(tmp_path / 'round.png')
    with open(tmp_path / 'sparse.jpg', 'wb') as file:
        file.truncate(10 ** 13)
    for name, said in (('pipe.jpg', 'is a named pipe, not a regular file'), ('folder.jpg', 'is a folder, not'),
                       ('zero.png', 'is a device, not'), ('lost.png', 'cannot be read: No such file'),
                       ('round.png', 'cannot be read: Too many'), ('sparse.jpg', 'is larger than 1667 MB')):
        for read in (read_image, read_mask):
            with pytest.raises(ValueError, match=f'{name} {said}'):
                read(tmp_path / name)
    for read in (read_image, read_mask):
        with pytest.raises(ValueError, match=r'a.x00b.png is n'):
            read('a\0b.png')


def test_names_that_are_not_utf8_are_read_and_said(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b'caf\xe9\n.png')
    with open(path, 'wb') as file:
        file.write(encoded('PNG'))
    name = os.fsdecode(path)
    assert read_image(name).shape == (120, 160, 3) and read_mask(name).any()
    with open(path, 'wb') as file:
        file.write(b'text')
    with pytest.raises(ValueError) as caught:
        read_image(name)
    assert r'caf\xe9\n.png is not an image' in str(caught.value) and str(caught.value).encode()
    assert shown('naïve 日本.jpg') == 'naïve 日本.jpg'


def motion_photo(image):
    """What telephones append: an MP4 that has all markers of a JPEG in it."""
    return image + b'\0\0\0\x18ftypmp42' + b'\xff\xda\0\x0c\xff\xd8' + bytes(RNG.integers(0, 256, 5000, np.uint8))


@pytest.mark.parametrize('options', [dict(), dict(progressive=True), dict(subsampling=0, quality=98), dict(
    restart_marker_blocks=4), dict(grey=True), dict(grey=True, progressive=True), dict(cmyk=True)], ids=str)
def test_whole_and_cut_jpegs_whatever_stands_behind(tmp_path, options):
    options = dict(options)
    picture = Image.fromarray(PHOTO)
    picture = picture.convert('L') if options.pop('grey', False) else picture
    picture = picture.convert('CMYK') if options.pop('cmyk', False) else picture
    file = io.BytesIO()
    thumbnail = Image.Exif()
    thumbnail[0x927c] = encoded('JPEG', PHOTO[:60, :80])  # a whole JPEG inside the header
    picture.save(file, 'JPEG', exif=thumbnail, **options)
    data = file.getvalue()
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    for whole in (data, data + b'junk', motion_photo(data), data + data[:700]):
        assert np.array_equal(read_image(put(tmp_path, 'w.jpg', whole)), expected)
    start = data.rindex(b'\xff\xda') if not options.get('progressive') else data.index(b'\xff\xda')
    for part in np.linspace(0.02, 0.98, 25):
        cut = data[:start + int(part * (len(data) - start))]
        for broken in (cut, cut + b'\xff\xd9', motion_photo(cut + b'\xff\xd9')):
            for read in (read_image, read_mask):
                with pytest.raises(ValueError, match='c.jpg is truncated'):
                    read(put(tmp_path, 'c.jpg', broken))


def test_grey_and_flat_jpegs_are_whole(tmp_path):
    for value in (0, 128, 255):
        for options in (dict(), dict(progressive=True)):
            flat = np.full((40, 50, 3), value, np.uint8)
            assert np.array_equal(read_image(put(tmp_path, 'f.jpg', encoded('JPEG', flat, **options))), flat)


def png_chunks(data):
    at = 8
    while at < len(data):
        length = int.from_bytes(data[at:at + 4], 'big')
        yield data[at:at + 12 + length]
        at += 12 + length


def test_cut_pngs_and_what_only_looks_like_an_end(tmp_path):
    data = encoded('PNG')
    end = data[-12:]
    for cut in (data[:len(data) // 2], data[:-5], data[:len(data) // 2] + end, data[:-12]):
        with pytest.raises(ValueError, match='c.png is (truncated|not an image)'):
            read_image(put(tmp_path, 'c.png', cut))
    chunks = list(png_chunks(data))
    text = b'tEXtIEND\0IEND'
    inside = struct.pack('>I', len(text) - 4) + text + struct.pack('>I', zlib.crc32(text))
    assert read_image(put(tmp_path, 'w.png', data[:8] + chunks[0] + inside + b''.join(chunks[1:]))).shape
    with pytest.raises(ValueError, match='c.png is truncated'):
        read_image(put(tmp_path, 'c.png', data[:8] + chunks[0] + inside + chunks[1][:-9]))


@pytest.mark.parametrize('fmt', ['BMP', 'TIFF', 'WEBP', 'GIF', 'PPM', 'JPEG2000'])
def test_other_formats_are_read_whole_or_not_at_all(tmp_path, fmt):
    data = encoded(fmt)
    reference = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if reference is not None:  # OpenCV 4.10 has no GIF
        assert np.array_equal(read_image(put(tmp_path, 'w', data)), reference)
    for part in (0.02, 0.3, 0.5, 0.9):
        with pytest.raises(ValueError, match='/c ') as caught:
            read_image(put(tmp_path, 'c', data[:int(part * len(data))]))
        assert '\n' not in str(caught.value)


def tiff(tmp_path, array):
    cv2.imwrite(str(tmp_path / 'x.tif'), array, [cv2.IMWRITE_TIFF_COMPRESSION, 1])  # else colour floats become LogLuv
    return tmp_path / 'x.tif'


@pytest.mark.parametrize('dtype, white', [
    ('float32', 1), ('float32', 255), ('float64', 255), ('float32', 65535), ('uint16', 255), ('uint16', 4095),
    ('uint16', 16383), ('uint16', 65535), ('int16', 255), ('int16', 4095), ('int16', 32767), ('int32', 255)])
def test_masks_of_any_range_have_half_of_white_as_their_border(tmp_path, dtype, white):
    truth = np.zeros((10, 12), bool)
    truth[2:7, 3:9] = True
    levels = np.where(truth, 0.55, 0.45)
    levels[0, 0], levels[4, 4] = 0, 1
    mask = (levels * white).astype(dtype)
    if np.dtype(dtype).kind != 'i':
        assert np.array_equal(read_mask(tiff(tmp_path, mask)), truth)
    else:  # OpenCV writes no signed TIFF files
        pytest.importorskip('tifffile').imwrite(tmp_path / 'x.tif', mask)
        assert np.array_equal(read_mask(tmp_path / 'x.tif'), truth)
    assert full_scale(mask) == white


def test_values_that_mean_nothing_are_refused(tmp_path):
    mask = np.zeros((5, 6), np.float32)
    for value, said in ((np.nan, 'not finite'), (np.inf, 'not finite'), (-1, 'from -1 to 0'), (1e9, 'from 0 to 1e')):
        mask[2, 2] = value
        for read, start in ((read_mask, "does not fit the mask rule 'bright'"), (read_image, 'cannot become grey')):
            with pytest.raises(ValueError, match=f'x.tif {start}.*there are values (that are )?{said}'):
                read(tiff(tmp_path, mask))
    with pytest.raises(ValueError, match='negative values .the least is -3'):
        full_scale(np.array([[-3]], np.int16))


@pytest.mark.parametrize('white', [1, 255, 65535])
@pytest.mark.parametrize('channels', [1, 3, 4])
def test_float_images_are_read(tmp_path, white, channels):
    grey = np.dstack([PHOTO, PHOTO[..., 0]])[..., :channels].squeeze()
    grey[:2], grey[2:4] = 0, 255
    found = read_picture(tiff(tmp_path, (grey / 255 * white).astype(np.float32)))
    expected = grey[..., :3] if channels > 1 else np.dstack([grey] * 3)
    assert found.array.dtype == np.uint8 and np.array_equal(found.array, expected)


def test_opencv_says_nothing_while_it_reads(tmp_path):
    """COVERAGE's TIFF files have a tag that OpenCV does not know."""
    path = put(tmp_path, 'x.tif', encoded('TIFF', tiffinfo={59932: b'abcd'}))
    code = ('import sys, cv2; from mmcabl.images import read_image\n'
            'level = getattr(cv2, "getLogLevel", None) or cv2.utils.logging.getLogLevel\n'
            'before = level()\n'
            'for _ in range(20): read_image(sys.argv[1])\n'
            'assert level() == before > 1')
    done = subprocess.run([sys.executable, '-c', code, str(path)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if 'OneDL' not in line] == []
