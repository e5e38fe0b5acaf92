"""Whatever bytes an image or mask file has: an array of the agreed shape, or one sentence that names the file."""

import io
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from mmcabl.datasets import read_mask
from mmcabl.images import full_scale, read_picture, stored, upright
from mmcabl.images.regular_files import shown

LIMIT = 200_000
FORMATS = {'JPEG': {}, 'progressive': dict(format='JPEG', progressive=True), 'PNG': {}, 'TIFF': {}, 'BMP': {},
           'LZW': dict(format='TIFF', compression='tiff_lzw'), 'WEBP': {}, 'GIF': {}, 'PPM': {}, 'JPEG2000': {}}


def made(kind):
    options = dict(FORMATS[kind])
    rng, file = np.random.default_rng(0), io.BytesIO()
    picture = cv2.resize(rng.integers(0, 256, (5, 6, 3), np.uint8), (48, 40), interpolation=cv2.INTER_CUBIC)
    exif = Image.Exif()
    exif[274] = 6
    options = {**dict(format=kind, exif=exif), **options}
    Image.fromarray(picture).save(file, **options)
    return file.getvalue()


FILES = {kind: made(kind) for kind in FORMATS}


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return str(tmp_path_factory.mktemp('fuzz') / 'x.jpg')


def check(path, data):
    """Read the bytes as image and as mask; the image, if it is one."""
    with open(path, 'wb') as file:
        file.write(data)
    found = None
    for read in (read_picture, read_mask):
        try:
            result = read(path, max_pixels=LIMIT)
        except ValueError as error:
            text = str(error)
            assert type(error) is ValueError and path in text and text.isprintable() and text.endswith('.'), text
            continue
        array = result.array if read is read_picture else result
        assert 0 < array.shape[0] * array.shape[1] <= LIMIT
        if read is read_picture:
            assert array.dtype == np.uint8 and array.shape[2:] == (3,) and 1 <= result.orientation <= 8
            found = array
        else:
            assert array.dtype == bool and array.ndim == 2
    return found


@given(st.binary(max_size=400))
@example(b'\xff\xd8\xff\xd9')
@example(b'\x89PNG\r\n\x1a\n')
@example(b'II*\0\xff\xff\xff\xff')
def test_any_bytes(path, data):
    check(path, data)
    for start in (b'\xff\xd8', b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR', b'II*\0', b'MM\0*', b'BM', b'GIF89a', b'P6 ',
                  b'RIFF\xff\0\0\0WEBPVP8X'):
        check(path, start + data)


@given(st.sampled_from(sorted(FILES)), st.data())
def test_mutated_files(path, kind, data):
    content = bytearray(FILES[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        part = data.draw(st.binary(min_size=1, max_size=6))
        if data.draw(st.booleans()):
            content[at:at + len(part)] = part
        else:
            content[at:at] = part
    check(path, bytes(content))


@given(st.sampled_from(sorted(FILES)), st.floats(0, 1), st.binary(max_size=40))
def test_cut_files_are_never_whole(path, kind, part, behind):
    content = FILES[kind]
    whole = check(path, content)
    assert kind in ('GIF', 'JPEG2000', 'WEBP') or whole is not None  # not in every build of OpenCV
    cut = content[:int(part * (len(content) - 1))]
    found = check(path, cut)
    assert found is None or np.array_equal(found, whole)
    if kind in ('JPEG', 'progressive'):
        assert found is None and check(path, cut + behind) is None or b'\xff\xd9' in behind
        assert np.array_equal(check(path, content + behind), whole)


@given(st.sampled_from(['JPEG', 'progressive']), st.floats(0.02, 0.8), st.binary(max_size=40))
def test_half_a_jpeg_with_an_end_marker_is_never_whole(path, kind, part, behind):
    """Up to the last of the picture's nine blocks."""
    content = FILES[kind]
    start = content.index(b'\xff\xda') + 14
    assert check(path, content[:start + int(part * (len(content) - start))] + b'\xff\xd9' + behind) is None


@given(st.integers(0, 2 ** 32 - 1), st.integers(0, 2 ** 32 - 1), st.sampled_from([1, 2, 4, 8, 16]),
       st.sampled_from([0, 2, 3, 4, 6]))
def test_any_size_in_a_png_header(path, width, height, bits, colours):
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    header = struct.pack('>IIBBBBB', width, height, bits, colours, 0, 0, 0)
    check(path, b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(bytes(99)))
          + chunk(b'IEND', b''))


@given(st.sampled_from(['uint8', 'int8', 'uint16', 'int16', 'int32', 'float32', 'float64']), st.data())
def test_any_samples_have_a_white_or_a_reason(dtype, data):
    values = st.floats(width=32) if dtype[0] == 'f' else st.integers(np.iinfo(dtype).min, np.iinfo(dtype).max)
    array = np.array(data.draw(st.lists(values, min_size=1, max_size=9)), dtype)
    try:
        white = full_scale(array)
    except ValueError as error:
        assert 'there are ' in str(error)
    else:
        assert array.max() <= 1.05 * white and white in (1, 127, 255, 1023, 4095, 16383, 32767, 65535, 2 ** 31 - 1)


@given(st.integers(1, 8), st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_upright_and_stored_undo_each_other(orientation, height, width, is_mask):
    image = np.arange(height * width).reshape(height, width)
    image = image % 2 > 0 if is_mask else image.astype(np.uint8)
    turned = upright(image, orientation)
    assert turned.dtype == image.dtype and turned.shape == ((width, height) if orientation > 4 else (height, width))
    assert np.array_equal(stored(turned, orientation), image)


@given(st.binary(min_size=1, max_size=30))
def test_any_name_can_be_said(name):
    text = shown(os.fsdecode(name))
    assert text.isprintable() and text.encode()
