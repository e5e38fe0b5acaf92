"""What headers give away: closed cases, and the published sets where they are laid out."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcabl.cli.data import main
from mmcabl.lab.checks import check_headers, check_root, find_shortcut, report_text
from mmcabl.lab.checks.shortcuts import header_traces

REAL = Path(os.environ.get('MMCABL_REAL_DATA') or Path(__file__).parents[1] / 'data')


def write(folder, count, seed=0, **options):
    """Small noise pictures; ``quality``, ``subsampling`` or ``size`` as functions of the index."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, paths = np.random.default_rng(seed), []
    for i in range(count):
        size = options.get('size', lambda i: 16)(i)
        paths.append(folder / f'{seed}_{i:03d}.{options.get("ending", "jpg")}')
        saved = {key: options[key](i) for key in ('quality', 'subsampling') if key in options}
        Image.fromarray(rng.integers(0, 256, (size, 16, 3), np.uint8)).save(paths[-1], **saved)
    return paths


def found(folder, authentic, forged, count=60):
    paths = write(folder / 'Au', count, 1, **authentic) + write(folder / 'Tp', count, 2, **forged)
    return find_shortcut(paths, [0] * count + [1] * count)


@pytest.mark.parametrize('authentic, forged, trace', [
    (dict(quality=lambda i: 90), dict(quality=lambda i: 75), 'tables'),
    (dict(size=lambda i: 16), dict(size=lambda i: 24), 'size'),
    (dict(quality=lambda i: 90, subsampling=lambda i: 0), dict(quality=lambda i: 90, subsampling=lambda i: 2),
     'sampling'),
    (dict(ending='jpg'), dict(ending='png'), 'format')])
def test_what_differs_between_the_classes_is_told_by_name(tmp_path, authentic, forged, trace):
    got = found(tmp_path, authentic, forged)
    assert got.auc == 1 and got.aucs[trace] == 1 and got.found and 'an AUC of 1.000' in got.sentence
    others = {k: v for k, v in got.aucs.items() if k != trace and not (trace == 'format' and k in 'tables sampling')}
    assert all(value == 0.5 for value in others.values())


def test_what_does_not_differ_is_no_shortcut(tmp_path):
    """The same for all; different for each file; equal within pairs of the classes, which would tell the opposite."""
    alike = found(tmp_path / 'a', dict(quality=lambda i: 90), dict(quality=lambda i: 90))
    assert alike.auc == 0.5 and not alike.found and alike.images == (60, 60)
    pairs = found(tmp_path / 'b', dict(size=lambda i: 16 + i), dict(size=lambda i: 16 + i))
    assert pairs.aucs['size'] == 0.5 and 'no shortcut' in pairs.sentence
    mixed = found(tmp_path / 'c', dict(quality=lambda i: 60 + i % 4), dict(quality=lambda i: 60 + i % 4))
    assert abs(mixed.auc - 0.5) < 4 * mixed.error and not mixed.found


def test_a_part_of_the_files_that_differs_gives_the_auc_of_that_part(tmp_path):
    """Half of the forged files have a table of their own: ties half, 0.5 + 0.5 / 2."""
    got = found(tmp_path, dict(quality=lambda i: 90), dict(quality=lambda i: 90 - 20 * (i % 2)))
    assert got.aucs['tables'] == pytest.approx(0.75, abs=0.02)


def test_what_cannot_be_read_is_left_out(tmp_path):
    paths = write(tmp_path, 20, quality=lambda i: 90)
    (tmp_path / 'bad.jpg').write_bytes(b'\xff\xd8\xff\xdb\x00')
    (tmp_path / 'text.jpg').write_bytes(b'no picture')
    if hasattr(os, 'mkfifo'):  # nobody writes to it: whoever waits, waits for ever
        os.mkfifo(tmp_path / 'pipe.jpg')
        assert header_traces(tmp_path / 'pipe.jpg') is None
    assert header_traces(tmp_path / 'bad.jpg') is None and header_traces(tmp_path / 'gone.jpg') is None
    odd = [tmp_path / 'bad.jpg', tmp_path / 'text.jpg']
    assert find_shortcut(paths + odd, [0, 1] * 10 + [0, 1]).images == (10, 10)
    assert find_shortcut(paths[:8], [0, 1] * 4) is None


def test_the_checker_says_it(tmp_path, capsys):
    write(tmp_path / 'Au', 12, 1, quality=lambda i: 90)
    write(tmp_path / 'Tp', 12, 2, quality=lambda i: 75)
    (tmp_path / 'CASIA 2 Groundtruth').mkdir()
    name, got = check_headers(str(tmp_path))
    assert name == 'CASIAv2' and got.auc == 1
    assert got.sentence in report_text(check_root(str(tmp_path), workers=1, progress=False))
    assert main([str(tmp_path), '--headers', '--quiet']) == 1 and 'CASIAv2 at' in capsys.readouterr().out


def test_casia_v1s_tables_give_its_labels_away():
    if not (REAL / 'CASIAv1').is_dir():
        pytest.skip(f'CASIAv1 is not laid out in {REAL.name} (set MMCABL_REAL_DATA to the folder that has it)')
    got = check_headers(str(REAL / 'CASIAv1'))[1]
    assert got.aucs['tables'] == pytest.approx(0.999, abs=0.001) and got.found
