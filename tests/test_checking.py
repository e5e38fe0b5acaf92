"""The checker: recognizes, counts, pairs, and finds what is broken, doubled or shared."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcabl.checking import check_root, find_leakage, recognize, text
from mmcabl.checking.inspect import difference_hash
from mmcabl.synthetic import ForgeryRecipe, generate
from mmcabl.synthetic.layouts import LAYOUTS
from tests import warm
from tests.conftest import write_casia

SCRIPT = Path(__file__).parents[1] / 'tools/check_dataset.py'


@pytest.fixture(scope='module')
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp('photos')
    rng = np.random.default_rng(0)
    paths = []
    for i in range(3):
        picture = cv2.resize(rng.integers(0, 256, (12, 16, 3), np.uint8), (256, 192), interpolation=cv2.INTER_CUBIC)
        paths.append(folder / f'{i}.png')
        cv2.imwrite(str(paths[-1]), picture)
    return paths


@pytest.mark.parametrize('name', list(LAYOUTS))
def test_written_layouts_are_recognized_and_decode_to_their_truth(name, photographs, tmp_path):
    root = tmp_path / 'root'
    records = generate(photographs, root, 8, recipe=ForgeryRecipe(size=96), workers=1, progress=False, layout=name)
    assert recognize(str(root)) == name
    found = check_root(str(root), progress=False)
    assert found.counts == (4, 4) and not found.problems and not found.stray_masks and not found.wrong_size
    areas = {Path(i.path).name: i.area for i in found.images if i.label}
    for record in records:
        if record['mask']:
            # Columbia's coloured JPEGs lose a pixel or two along the border
            assert areas[Path(record['image']).name] == pytest.approx(record['area'], abs=0.02)
    assert 'usable' in text(found) and 'published: ' in text(found)


def test_findings(tmp_path):
    root = write_casia(tmp_path, authentic=3, forged=5)
    base, truth = root / 'CASIA 2.0', root / 'CASIA 2 Groundtruth'
    (base / 'Au/Au_ani_00001.jpg').write_bytes((base / 'Au/Au_ani_00001.jpg').read_bytes()[:200])
    (truth / 'Tp_D_x_00004_gt.png').rename(truth / 'Tp_D_y_00004_gt.png')  # a mistake in the name
    (truth / 'Tp_D_x_99999_gt.png').write_bytes((truth / 'Tp_D_y_00004_gt.png').read_bytes())
    cv2.imwrite(str(truth / 'Tp_D_x_00005_gt.png'), np.full((20, 30), 255, np.uint8))
    (truth / 'Tp_D_x_00006_gt.png').write_bytes(b'')
    picture = Image.open(base / 'Tp/Tp_D_x_00007.png')
    picture.save(base / 'Au/Au_copy.png', pnginfo=None, compress_level=1)
    found = check_root(str(root), progress=False)
    assert found.counts == (4, 5)
    assert [Path(i.path).name for i in found.without_mask] == ['Tp_D_x_00004.png']
    assert {Path(p).name: i and Path(i).name for p, i in found.stray_masks} == {
        'Tp_D_y_00004_gt.png': 'Tp_D_x_00004.png', 'Tp_D_x_99999_gt.png': None}
    assert [i.mask_size for i in found.wrong_size] == [(20, 30)]
    assert [i.area for i in found.odd_masks] == [1.0]
    assert [Path(i.path).name for g in found.duplicates for i in g] == ['Au_copy.png', 'Tp_D_x_00007.png']
    assert len(found.unreadable) == 2 and 'Au_ani_00001.jpg is truncated' in found.unreadable[0]
    assert found.problems == ['2 files cannot be read']
    said = text(found)
    for words in ('here -7487 and -5118', 'its number is that of', '30 x 20, image 48 x 48',
                  'Au_copy.png (authentic) = ', 'not usable as it is: 2 files cannot be read'):
        assert words in said, words


def test_leakage_exact_and_near(photographs, tmp_path):
    roots = []
    for name, layout, seed in (('a', 'CASIAv1', 0), ('b', 'CASIAv2', 5)):
        roots.append(tmp_path / name)
        generate(photographs, roots[-1], 6, seed, ForgeryRecipe(size=128), 1, False, layout)
    ours, theirs = (sorted((r / f).glob('Au*')) for r, f in zip(roots, ('CASIA 1.0 dataset/Au', 'CASIA 2.0/Au')))
    theirs[0].write_bytes(ours[0].read_bytes())
    recompressed = cv2.resize(cv2.imread(str(ours[1])), (100, 100), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(theirs[1]), recompressed, [cv2.IMWRITE_JPEG_QUALITY, 60])
    first, second = (check_root(str(r), progress=False).images for r in roots)
    found = find_leakage(first, second)
    assert [(Path(a), Path(b)) for a, b in found.exact] == [(ours[0], theirs[0])]
    assert [(Path(a), Path(b)) for a, b, _ in found.near] == [(ours[1], theirs[1])]
    assert find_leakage(first, second, max_bits=0).near == [] or found.near[0][2] == 0


def test_the_hash_moves_little_under_compression_and_much_between_pictures():
    rng = np.random.default_rng(1)
    one, other = (cv2.resize(rng.integers(0, 256, (10, 10, 3), np.uint8), (200, 150), interpolation=cv2.INTER_CUBIC)
                  for _ in range(2))
    jpeg = cv2.imdecode(cv2.imencode('.jpg', one, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 1)
    assert bin(difference_hash(one) ^ difference_hash(jpeg)).count('1') <= 4
    assert bin(difference_hash(one) ^ difference_hash(other)).count('1') > 12
    assert difference_hash(np.zeros((3, 3), np.uint8)) == 0


def test_the_scripts_exit_status_and_json(tmp_path):
    def run(*arguments):
        return warm.run([sys.executable, SCRIPT, *arguments], timeout=600)

    root = write_casia(tmp_path / 'good')
    done = run(root, '--json', tmp_path / 'out/report.json')
    assert done.returncode == 0 and 'CASIAv2 at' in done.stdout
    report = json.loads((tmp_path / 'out/report.json').read_text())
    assert report['usable'] and (report['authentic'], report['manipulated']) == (4, 4)
    (root / 'CASIA 2.0/Au/zero.jpg').touch()
    assert run(root, '--quiet').returncode == 1
    (tmp_path / 'else').mkdir()
    done = run(tmp_path / 'else')
    assert done.returncode == 2 and 'looks like none of CASIAv1, CASIAv2' in done.stderr
    assert run(tmp_path / 'nowhere').returncode == 2
