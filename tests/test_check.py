"""mmcabl check: a report of photographs, hostile ones among them, that goes on after an interruption."""

import base64
import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcabl.apis import ForensicInferencer
from mmcabl.cli.check import check
from mmcabl.reports.entries import titles
from mmcabl.utils.csv_cells import safe_cell
from mmcabl.utils.soft_maps import read_map, write_map
from tests.copies import forged, turned
from tests.test_stock_inference import saved, shrunk

HOSTILE = [b'<img src=x onerror=alert(1)>.png', b'=cmd|calc!A0.png', b'+1.png', b'@x.png', b'-2.png', b'caf\xe9.png',
           b'n' * 251 + b'.png', b'two\nlines.png', '\u202egnp.png'.encode(), b'{{7*7}}.png', b'"q" \'s\'.png']


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """A tiny model that takes everything for manipulated, with a score of about 0.88."""
    tmp = tmp_path_factory.mktemp('model')
    cfg = shrunk('quickstart/cabl_conformer-mini_b8-8e_synthetic-160.py')
    cfg.dump(str(tmp / 'config.py'))
    saved(cfg, tmp, 2.)
    return tmp / 'config.py'


def photograph(path, seed=0, **options):
    path = Path(os.fsdecode(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = cv2.resize(np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8), (40, 30))
    with open(path, 'wb') as file:
        Image.fromarray(pixels).save(file, 'PNG', **options)
    return path


def run(config, photographs, out, **options):
    check(photographs, out, **dict(dict(model=str(config), device='cpu'), **options))
    return json.loads((out / 'report.json').read_text(), parse_constant=pytest.fail)


class Page(HTMLParser):
    """What a browser would find: tags with attributes, texts, names of photographs."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.headings, self.inside = [], [], ''
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag == 'h2':
            self.headings.append('')

    def handle_endtag(self, tag):
        self.inside = ''

    def handle_data(self, data):
        if self.inside == 'h2':
            self.headings[-1] += data


def test_a_copy_within_the_photograph_is_named(config, tmp_path):
    image, *_ = forged(turned(25, 1, (130, 40)))
    cv2.imwrite(str(tmp_path / 'a.png'), image[..., ::-1])
    found = run('lite-real', [tmp_path / 'a.png'], tmp_path / 'out', threshold=0.)
    assert found['evidence'] == ['KeypointCopyMove'] and 'points agree' in found['photographs'][0]['note']
    assert 'points agree' in (tmp_path / 'out/report.html').read_text()
    assert 'points agree' in (tmp_path / 'out/report.csv').read_text()
    found = run(config, [tmp_path / 'a.png'], tmp_path / 'other')
    assert found['evidence'] == [] and found['photographs'][0]['note'] == ''


def test_hostile_names_are_text_everywhere(config, tmp_path):
    for i, name in enumerate(HOSTILE):
        photograph(os.path.join(os.fsencode(tmp_path), b'in', name), i)
    (tmp_path / 'in/empty.png').touch()
    (tmp_path / 'in/notes.md').touch()
    os.mkfifo(tmp_path / 'in/pipe.png')
    found = run(config, [tmp_path / 'in'], tmp_path / 'out', maps=8)
    assert found['counts'] == dict(photographs=13, flagged=11, unreadable=2, failed=0, **{'not flagged': 0})
    for entry in found['photographs']:
        if entry['verdict'] == 'flagged':
            assert entry['score'] == pytest.approx(0.88, abs=0.01) and len(entry['sha256']) == 64
            assert all((tmp_path / 'out' / entry[key]).is_file() for key in ('mask', 'map', 'overlay'))
    text = (tmp_path / 'out/report.html').read_text(encoding='utf-8')
    page = Page(text)
    assert len(page.headings) == 13 and {'<img src=x onerror=alert(1)>.png', '{{7*7}}.png', 'caf\\xe9.png',
                                         '\\u202egnp.png', 'two\\nlines.png'} <= set(page.headings)
    assert not [attrs for _, attrs in page.tags if any(key.startswith('on') for key in attrs)]
    assert {attrs['src'].split(',')[0] for tag, attrs in page.tags if tag == 'img'} == {'data:image/jpeg;base64'}
    assert 'http' not in re.sub('http-equiv', '', text) and sum(tag == 'script' for tag, _ in page.tags) == 1
    script = re.search('<script>(.*)</script>', text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(attrs['content'] for tag, attrs in page.tags if attrs.get('http-equiv'))
    assert f"'sha256-{digest}'" in policy and policy.startswith("default-src 'none'")  # nothing else runs, or loads
    assert str(tmp_path) not in text and 'no model card' in text
    with open(tmp_path / 'out/report.csv', newline='', encoding='utf-8-sig') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 13 and not [row for row in rows if row['name'][0] in '=+-@']
    assert all('no model card' in row['not_for'] for row in rows)
    assert safe_cell('=1+1') == "'=1+1" and safe_cell(-1.5) == -1.5 and safe_cell('a=1') == 'a=1'


def test_a_check_goes_on_and_keeps_what_is_there(config, tmp_path, monkeypatch, capsys):
    paths = [photograph(tmp_path / f'{folder}/same.png', i) for i, folder in enumerate('abc')]
    load, loaded = ForensicInferencer.load, []

    def counted(self, index, given):
        loaded.append(given.source)
        if len(loaded) == 3:
            raise KeyboardInterrupt
        return load(self, index, given)

    monkeypatch.setattr(ForensicInferencer, 'load', counted)
    with pytest.raises(SystemExit, match='130'):
        run(config, [tmp_path], tmp_path / 'out')
    assert len(json.loads((tmp_path / 'out/report.json').read_text())['photographs']) == 2
    (tmp_path / 'a/made_for.json').write_text('{"what": "quick start"}')  # photographs all the same
    found = run(config, [tmp_path], tmp_path / 'out')  # the folder of the report lies within what is checked
    assert [entry['name'] for entry in found['photographs']] == ['same.png'] * 3 and loaded == [
        *map(str, paths), str(paths[2])]
    assert len({entry['mask'] for entry in found['photographs']}) == 3
    assert titles(found['photographs']) == ['a/same.png', 'b/same.png', 'c/same.png']
    photograph(paths[1], 9)  # another picture under the same name
    photograph(tmp_path / 'd/new.png', 5)
    again = run(config, [paths[1], tmp_path / 'd'], tmp_path / 'out')
    assert loaded[4:] == [str(paths[1]), str(tmp_path / 'd/new.png')] and len(again['photographs']) == 4
    assert 'keeps 2 from before' in capsys.readouterr().err
    assert again['photographs'][0]['sha256'] != found['photographs'][1]['sha256']
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other/mine.txt').write_text('mine')
    for out, options, sentence in ((tmp_path / 'other', {}, 'was not made by mmcabl check'),
                                   (tmp_path / 'out', dict(threshold=0.7), r'other settings \(threshold\)'),
                                   (tmp_path / 'out', dict(maps=8), r'other settings \(maps\)')):
        with pytest.raises(ValueError, match=sentence):
            run(config, [tmp_path / 'a'], out, **options)
    assert os.listdir(tmp_path / 'other') == ['mine.txt'] and len(loaded) == 6


def test_below_the_threshold_there_is_no_mask_and_viewers_turn_what_is_there(config, tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    path = photograph(tmp_path / 'turned.png', exif=exif)
    found = run(config, [path], tmp_path / 'no', threshold=0.9, maps=16)['photographs'][0]
    assert found['verdict'] == 'not flagged' and 'mask' not in found and not (tmp_path / 'no/masks').exists()
    assert read_map(tmp_path / 'no' / found['map']).max() == 1
    assert 'does not show that the photograph is authentic' in (tmp_path / 'no/report.html').read_text()
    found = run(config, [path], tmp_path / 'yes', threshold=0.8)['photographs'][0]
    mask = Image.open(tmp_path / 'yes' / found['mask'])
    assert mask.size == (40, 30) and mask.getexif()[274] == 6 and found['orientation'] == 6
    panels = Image.open(next((tmp_path / 'yes/pictures').glob('*.photo.jpg')))
    assert panels.size == (30, 40)  # people see it upright


@pytest.mark.parametrize('bits', [8, 16])
def test_soft_maps_come_back(tmp_path, bits):
    cam = np.random.default_rng(0).random((7, 5), np.float32)
    write_map(tmp_path / 'map.png', cam, bits, 6)
    found = read_map(tmp_path / 'map.png')
    assert found.shape == (7, 5) and np.abs(found - cam).max() <= 0.5001 / (2 ** bits - 1)
    for wrong, depth in ((cam * 2, bits), (cam, 12), (cam * np.nan, bits)):
        with pytest.raises(ValueError):
            write_map(tmp_path / 'no.png', wrong, depth)


def test_the_command(config, tmp_path):
    """In a process of its own: the same numbers as in Python, JSON alone on stdout, our lines alone on stderr."""
    path = photograph(tmp_path / 'one.png')
    # torch 2.1 leaves a folder to the interpreter's end
    strict = ['-W', 'error', '-W', 'ignore:Implicitly cleaning up:ResourceWarning']
    command = [sys.executable, *strict, '-m', 'mmcabl', 'check', str(path), '--out', str(tmp_path / 'out'),
               '--model', str(config), '--device', 'cpu', '--json']
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    inferencer = ForensicInferencer(str(config), device='cpu')
    assert found['photographs'][0]['score'] == pytest.approx(inferencer(path)[0].score, abs=1e-6)
    said = done.stderr.splitlines()
    assert said[-3].startswith('1 photograph with config') and len(said) <= 4  # and what the group says first


def test_the_first_words_need_no_torch(config, tmp_path):
    photograph(tmp_path / 'one.png')
    code = f"""
import sys
sys.modules['torch'] = None  # importing it would fail
from pathlib import Path
from mmcabl.cli import check
check.make_inferencer = lambda *_: sys.exit(7)
check.check([Path({str(tmp_path)!r})], Path({str(tmp_path / "out")!r}), {str(config)!r})
"""
    done = subprocess.run([sys.executable, '-W', 'error', '-c', code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 7 and '1 photograph with config' in done.stderr, done.stderr


def test_many_photographs_make_pages(config, tmp_path, monkeypatch):
    monkeypatch.setattr('mmcabl.reports.page.PER_PAGE', 2)
    run(config, [photograph(tmp_path / f'{i}.png', i).parent for i in range(5)], tmp_path / 'out')
    pages = [tmp_path / f'out/report{n}.html' for n in ('', '-2', '-3')]
    assert [len(Page(p.read_text()).headings) for p in pages] == [2, 2, 1]
    assert all('no model card' in p.read_text() for p in pages) and 'href="report-3.html"' in pages[0].read_text()
