"""The checker: recognizes, counts, pairs, and finds what is broken, doubled or shared."""

import importlib.util
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcabl.datasets import IMD2020
from mmcabl.lab.checks import check_root, find_leakage, recognize, report_text
from mmcabl.lab.checks.inspection import difference_hash
from mmcabl.lab.synthetic import ForgeryRecipe, generate
from mmcabl.lab.synthetic.layouts import LAYOUTS
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
    assert 'usable' in report_text(found) and 'published: ' in report_text(found)


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
    found = check_root(str(root), progress=False, partial=True)
    assert found.counts == (4, 5)
    assert [Path(i.path).name for i in found.without_mask] == ['Tp_D_x_00004.png']
    assert {Path(p).name: i and Path(i).name for p, i in found.stray_masks} == {
        'Tp_D_y_00004_gt.png': 'Tp_D_x_00004.png', 'Tp_D_x_99999_gt.png': None}
    assert [i.mask_size for i in found.wrong_size] == [(20, 30)]
    assert [i.area for i in found.odd_masks] == [1.0]
    assert [Path(i.path).name for g in found.duplicates for i in g] == ['Au_copy.png', 'Tp_D_x_00007.png']
    assert len(found.unreadable) == 2 and 'Au_ani_00001.jpg is truncated' in found.unreadable[0]
    assert found.problems == ['2 files cannot be read']
    said = report_text(found)
    for words in ('here -7487 and -5118', 'usable for I-AUC: 8 of 9 images; for P-F1: 2 of 5 manipulated ones',
                  'P-F1 of marking everything: 0.', '30 x 20, image 48 x 48; resized', 'its number is that of',
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


def run_script(monkeypatch, *arguments):
    spec = importlib.util.spec_from_file_location('check_dataset', SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr('sys.argv', ['check_dataset', *map(str, arguments)])
    return script.main()


def test_the_scripts_exit_status_and_json(tmp_path, monkeypatch, capsys):
    root = write_casia(tmp_path / 'good')
    assert run_script(monkeypatch, root, '--quiet') == 1
    assert 'not usable as it is: only 8 of the 12,614 published images can be used' in capsys.readouterr().out
    assert run_script(monkeypatch, root, '--partial', '--json', tmp_path / 'out/report.json') == 0
    assert 'CASIAv2 at' in capsys.readouterr().out
    report = json.loads((tmp_path / 'out/report.json').read_text())
    assert report['usable'] and (report['authentic'], report['manipulated'], report['missing']) == (4, 4, 12_606)
    assert report['unusable'] == [] and report['all_ones'] == pytest.approx(2 * 572 / (48 ** 2 + 572))
    (root / 'CASIA 2.0/Au/zero.jpg').touch()
    again = (root, '--quiet', '--partial', '--json', tmp_path / 'out/report.json')
    assert run_script(monkeypatch, *again) == 2 and 'exists and is not overwritten' in capsys.readouterr().err
    assert run_script(monkeypatch, *again, '--overwrite') == 1
    assert [u['why'] for u in json.loads((tmp_path / 'out/report.json').read_text())['unusable']] == [
        f'{root}/CASIA 2.0/Au/zero.jpg is empty (0 bytes).']
    assert run_script(monkeypatch, root, '--quiet', '--partial', '--max-pixels', '2303') == 1
    assert 'usable for I-AUC: 0 of 9 images; for P-F1: 0 of 4' in capsys.readouterr().out
    (tmp_path / 'else').mkdir()
    assert run_script(monkeypatch, tmp_path / 'else') == 2
    assert 'looks like none of CASIAv1, CASIAv2' in capsys.readouterr().err
    assert run_script(monkeypatch, tmp_path / 'nowhere') == 2


def test_hostile_files_and_names_are_reported_and_nothing_else_suffers(tmp_path, monkeypatch, capsys):
    root = write_casia(tmp_path / 'set')
    os.mkfifo(root / 'CASIA 2.0/Au/pipe.jpg')
    (root / 'CASIA 2.0/Au/endless.jpg').symlink_to('/dev/zero')
    (root / 'CASIA 2.0/Au/round.png').symlink_to('round.png')
    (root / 'round').symlink_to('round')  # where IMD2020 has its folders
    (root / 'CASIA 2.0/Au/inner.jpg').mkdir()
    with open(os.fsencode(root) + b'/CASIA 2.0/Au/caf\xe9.jpg', 'wb') as file:
        file.write(b'text')
    (root / 'CASIA 2 Groundtruth/Tp_D_x_00004_gt.png').unlink()
    os.mkfifo(root / 'CASIA 2 Groundtruth/Tp_D_x_00004_gt.png')
    assert not IMD2020.looks_like(str(root))
    found = check_root(str(root), progress=False, partial=True)
    assert found.counts == (8, 4) and len(found.unreadable) == 5
    assert [Path(i.path).name for i in found.unusable if i.label] == ['Tp_D_x_00004.png']
    assert run_script(monkeypatch, root, '--quiet', '--partial', '--json', tmp_path / 'report.json') == 1
    said = capsys.readouterr().out
    for words in (r'caf\xe9.jpg is not an image', 'pipe.jpg is a named pipe', 'endless.jpg is a device',
                  'round.png cannot be read: Too many'):
        assert words in said and said.encode()
    assert os.fsencode(json.loads((tmp_path / 'report.json').read_text())['unusable'][0]['image']).endswith(
        b'caf\xe9.jpg')
