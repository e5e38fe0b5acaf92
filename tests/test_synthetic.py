"""Synthetic forgeries: layout, determinism, truth of the masks, nothing given away by compression."""

import json
import os

import cv2
import numpy as np
import pytest

from mmcabl.datasets import CASIAv2
from mmcabl.lab.synthetic import ForgeryRecipe, embedded_photographs, find_photographs, generate, make_image
from mmcabl.lab.synthetic.forgery import FORGERIES
from mmcabl.lab.synthetic.photographs import EMBEDDED
from mmcabl.lab.synthetic.processing import TRACES, apply_trace, draw_trace
from mmcabl.lab.synthetic.regions import SHAPES, random_region


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(3):
        smooth = cv2.resize(rng.integers(0, 256, (12, 16, 3), np.uint8), (240, 180))
        cv2.imwrite(str(tmp_path / f'photo{i}.png'), smooth)
    return find_photographs(tmp_path)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob('*')) if p.is_file()}


def test_same_seed_same_bytes_whatever_the_workers(photos, tmp_path):
    recipe = ForgeryRecipe(size=64)
    generate(photos, tmp_path / 'a', 12, 5, recipe, workers=1, progress=False)
    generate(photos[::-1], tmp_path / 'b', 12, 5, recipe, workers=2, progress=False)
    generate(photos, tmp_path / 'c', 12, 6, recipe, workers=1, progress=False)
    a, b, c = (contents(tmp_path / name) for name in 'abc')
    assert a == b and a != c


def test_layout_is_casias_and_the_manifest_tells_all(photos, tmp_path):
    records = generate(photos, tmp_path / 'set', 10, 0, ForgeryRecipe(size=64), workers=1, progress=False)
    data = CASIAv2(data_root=str(tmp_path / 'set'), pipeline=[])
    listed = {(e['img_path'], e['gt_label'], e['gt_mask_path']) for e in (data.get_data_info(i) for i in range(10))}
    root = tmp_path / 'set'
    assert listed == {(str(root / r['image']), r['label'], r['mask'] and str(root / r['mask'])) for r in records}
    lines = [json.loads(line) for line in (root / 'manifest.jsonl').read_text().splitlines()]
    assert lines == records
    for record in records:
        if record['label']:
            mask = cv2.imread(str(root / record['mask']), cv2.IMREAD_UNCHANGED)
            assert record['area'] == pytest.approx((mask > 0).mean(), abs=1e-3)
            assert record['forgery'] in FORGERIES and record['trace']['kind'] in TRACES


@pytest.mark.parametrize('forgery', FORGERIES)
def test_pixels_outside_the_mask_are_the_hosts(photos, forgery):
    recipe = ForgeryRecipe(size=96, forgeries=(forgery,), blend=0., quality=(100, 100))
    host, donor = (cv2.imread(str(p)) for p in photos[:2])
    made = make_image(host, donor, True, recipe, np.random.default_rng(3))
    plain = make_image(host, donor, False, recipe, np.random.default_rng(3))
    difference = np.abs(cv2.imdecode(made.jpeg, 1).astype(int) - cv2.imdecode(plain.jpeg, 1)).max(2)
    inside = cv2.erode(made.mask.astype(np.uint8), np.ones((3, 3))) > 0
    outside = cv2.dilate(made.mask.astype(np.uint8), np.ones((33, 33))) == 0  # beyond a JPEG block's reach
    assert difference[outside].max() <= 4
    assert np.median(difference[inside]) > 4


def test_copy_move_content_comes_from_inside_the_same_image(photos):
    recipe = ForgeryRecipe(size=96, forgeries=('copy-move',), traces=(), blend=0., quality=(100, 100))
    photo = cv2.imread(str(photos[0]))
    for seed in range(5):
        made = make_image(photo, photo, True, recipe, np.random.default_rng(seed))
        plain = cv2.imdecode(make_image(photo, photo, False, recipe, np.random.default_rng(seed)).jpeg, 1)
        image = cv2.imdecode(made.jpeg, 1)
        ys, xs = np.nonzero(cv2.erode(made.mask.astype(np.uint8), np.ones((9, 9))))
        errors = [np.abs(plain[ys + dy, xs + dx].astype(int) - image[ys, xs]).mean()
                  for dy in range(-min(ys), 96 - max(ys)) for dx in range(-min(xs), 96 - max(xs))]
        assert min(errors) < 2


def test_global_processing_does_not_depend_on_the_label(photos, tmp_path):
    records = generate(photos, tmp_path / 'set', 400, 1, ForgeryRecipe(size=32), workers=1, progress=False)
    for key in ('noise', 'quality'):
        authentic, forged = ([r[key] for r in records if r['label'] == v] for v in (0, 1))
        spread = np.std(authentic + forged) / np.sqrt(200)
        assert abs(np.mean(authentic) - np.mean(forged)) < 4 * spread
    files = [(tmp_path / 'set' / r['image']).suffix for r in records]
    assert set(files) == {'.jpg'}


@pytest.mark.parametrize('kind', SHAPES)
def test_regions_are_connected_and_of_the_asked_size(kind):
    for seed in range(20):
        mask = random_region(np.random.default_rng(seed), (100, 140), (0.1, 0.3), kind)
        assert cv2.connectedComponents(mask.astype(np.uint8))[0] == 2
        assert 0.07 <= mask.mean() <= 0.42


@pytest.mark.parametrize('kind', TRACES)
def test_traces_change_what_they_say(kind):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 64, 3), np.uint8)
    trace = draw_trace(rng, [kind], 1.0)
    out = apply_trace(image if kind != 'noise' else np.full_like(image, 128), trace, rng)
    if kind == 'noise':
        assert out.std() == pytest.approx(trace['value'], rel=0.05)
    else:
        assert out.std() < image.std()  # JPEG, resampling and blur take high frequencies away
    smooth = cv2.GaussianBlur(image, (0, 0), 4)
    weak = draw_trace(np.random.default_rng(0), [kind], 0.0)
    assert np.abs(apply_trace(smooth, weak, rng).astype(int) - smooth).mean() < 1


def test_embedded_photographs_are_disjoint_and_readable():
    names = [name for split in EMBEDDED.values() for name in split]
    assert len(names) == len(set(names))
    for split in EMBEDDED:
        assert all(min(cv2.imread(str(p)).shape[:2]) >= 300 for p in embedded_photographs(split))


def test_bad_input_is_named(photos, tmp_path):
    with pytest.raises(FileNotFoundError, match='No photographs'):
        find_photographs(tmp_path / 'none')
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full' / 'x').touch()
    with pytest.raises(FileExistsError, match='is not empty'):
        generate(photos, tmp_path / 'full', 2)
    for bad in (dict(traces=('sepia',)), dict(forgeries=('deepfake',)), dict(size=8), dict(strength=2)):
        with pytest.raises(ValueError, match='Unknown|recipe needs'):
            ForgeryRecipe(**bad)
    with pytest.raises(ValueError, match="'all'.*train, test"):
        embedded_photographs('all')


def test_bad_photographs_are_left_out_with_a_line_each(photos, tmp_path, caplog):
    for name, content in (('bad.jpg', b'text'), ('empty.png', b''), ('cut.png', photos[0].read_bytes()[:900])):
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / 'pipe.jpg')
    (tmp_path / 'folder.jpg').mkdir()
    given = find_photographs(tmp_path)
    assert len(given) == 7
    recipe = ForgeryRecipe(size=64)
    records = generate(given, tmp_path / 'a', 40, 5, recipe, workers=1, progress=False)
    assert {r['photo'] for r in records} == {p.name for p in photos}
    assert all(r['donor'] != r['photo'] for r in records if r.get('donor'))
    lines = sorted(record.getMessage() for record in caplog.records)
    assert [line.split(f'{tmp_path}/')[1][:12] for line in lines] == ['bad.jpg is n', 'cut.png is t', 'empty.png is',
                                                                       'pipe.jpg is ']
    assert all(line.endswith('It is left out.') for line in lines)
    generate(given, tmp_path / 'b', 40, 5, recipe, workers=2, progress=False)
    assert contents(tmp_path / 'a') == contents(tmp_path / 'b')
    with pytest.raises(ValueError, match='None of the 3 photographs can be read; the first: .*bad.jpg is not'):
        generate([p for p in given if p not in photos][:3], tmp_path / 'c', 4, progress=False,
                 workers=1)
    with pytest.raises(ValueError, match='None of the 3 photographs can be read.*more than the limit of 0.0001 mega'):
        generate(photos, tmp_path / 'c', 4, progress=False, workers=1, max_pixels=100)


def test_folders_of_any_name_can_be_written_and_read(photos, tmp_path):
    out = os.fsdecode(os.fsencode(tmp_path) + b'/caf\xe9')
    odd = os.fsdecode(os.fsencode(tmp_path) + b'/ph\xe9.png')
    with open(odd, 'wb') as file:
        file.write(photos[0].read_bytes())
    records = generate([odd], out, 4, 0, ForgeryRecipe(size=64), workers=1, progress=False, layout='Columbia')
    assert len(records) == 4 and all(os.path.getsize(os.path.join(out, r['image'])) for r in records)
