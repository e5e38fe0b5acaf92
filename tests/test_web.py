"""The page's parts without the page: limits, coordinates, drawings, what is kept, what is let through."""

import asyncio
import io
import json
import threading
import time
import zipfile
from base64 import b64decode
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest

from mmcabl.images import upright
from mmcabl.refinement import CGSR
from mmcabl.reports.about import About
from mmcabl.structures import ForensicSample
from mmcabl.web import gate, grid, uploads, view
from mmcabl.web.card import card_html, title_html
from mmcabl.web.drawing import prompts_of, read_drawing
from mmcabl.web.engine import Engine
from mmcabl.web.judge import Judge, LastEncodings
from mmcabl.web.limits import Limits, Refused, default_megapixels
from mmcabl.web.shelf import Entry, Shelf
from mmcabl.web.tickets import Tickets
from mmcabl.web.worker import Worker
from mmcabl.zoo import ModelCard
from tests.web_toys import Toy

ABOUT = About(ModelCard('toy', '', trained_on='toys', not_for='<b>'), 'f' * 64, 0.5)


def sample_of(score=0.8, orientation=1, shape=(40, 60)):
    """A bright square on the right of a map, and its picture."""
    cam = np.zeros(shape, np.float32)
    cam[10:20, 30:50] = 1
    cam[15, 40] = 2
    picture = np.full((*shape, 3), 90, np.uint8)
    picture[10:20, 30:50] = (200, 30, 30)
    return ForensicSample(score=score, raw_map=cam, cam=cam / 2, picture=picture, orientation=orientation)


class ToyInferencer:
    """One sample for every file; no file is read."""

    def __init__(self, **kwargs):
        self.model = type('Model', (), dict(postprocessor=CGSR(prompt='box', threshold=0.4)))()
        self.made = kwargs

    def load(self, index, given):
        return given

    def samples(self, jobs, loaded):
        return [sample_of(**self.made)]


def engine_of(limits=None, **kwargs):
    return Engine(Judge(ToyInferencer(**kwargs), ABOUT), limits or Limits())


def test_a_limit_is_a_number_above_0(monkeypatch):
    for wrong in (0, -1, float('nan'), float('inf')):
        with pytest.raises(ValueError, match='limit seconds of the page'):
            Limits(seconds=wrong)
    assert default_megapixels() == 50
    monkeypatch.setenv('MMCABL_MAX_PIXELS', '2000000')
    assert default_megapixels() == 2


@pytest.mark.parametrize('orientation', range(1, 9))
def test_coordinates_turn_as_pictures_do(orientation):
    stored = np.zeros((5, 7), np.uint8)
    stored[1, 2] = 1
    seen = upright(stored, orientation)
    (y,), (x,) = np.nonzero(seen)
    assert grid.seen_size((7, 5), orientation) == seen.shape[::-1]
    assert grid.seen_point((2, 1), (7, 5), orientation) == (x, y)
    assert grid.stored_point((x, y), (7, 5), orientation) == (2, 1)
    box = (1, 0, 4, 3)
    assert grid.stored_box(grid.seen_box(box, (7, 5), orientation), (7, 5), orientation) == box


def test_a_drawing_becomes_prompts_of_table_vi():
    raw = sample_of().raw_map
    drawn = read_drawing(dict(box=[0.5, 0.25, 1, 0.5]), (60, 40), 1)
    assert drawn['box'] == (30, 10, 59, 20)
    prompts, kind = prompts_of(drawn, raw)
    assert kind == 'box' and prompts.positive == (40, 15)
    prompts, kind = prompts_of(read_drawing(dict(positive=[0.5, 0.5]), (60, 40), 1), raw)
    assert kind == 'point' and prompts.positive == (30, 20) and prompts.box is None
    prompts, kind = prompts_of(read_drawing(dict(box=[0, 0, 0.2, 0.2], negative=[0.99, 0.99]), (60, 40), 1), raw)
    assert kind == 'box_point' and prompts.negative == (59, 39)
    assert 0 <= prompts.positive[0] <= 12 and 0 <= prompts.positive[1] <= 8  # within the box
    # a person sees the picture turned: the left half is the lower half of what is stored
    assert read_drawing(dict(box=[0, 0, 0.5, 1]), (60, 40), 6)['box'] == (0, 19, 59, 39)


@pytest.mark.parametrize('wrong', [
    None, 'box', {}, dict(negative=[0.1, 0.1]), dict(box=[0, 0, 1]), dict(box=[0, 0, 1, 1.1]), dict(positive='ab'),
    dict(box=[0, 0, float('nan'), 1]), dict(box=[0, 0, True, 1]), dict(positive=[[0], 1]), dict(box={'a': 1})])
def test_a_hostile_drawing_is_refused(wrong):
    with pytest.raises(Refused):
        read_drawing(wrong, (60, 40), 1)


def test_the_shelf_lets_go_of_the_old_and_the_much():
    now = [0.]
    one = sample_of()
    shelf = Shelf(2.5 * Entry('', one, 0.5).size, 60, lambda: now[0])
    for name in 'abc':
        shelf.put('me', name, Entry(name, sample_of(), 0.5))
    assert [key for key, _ in shelf.of('me')] == ['b', 'c']
    with pytest.raises(Refused, match='no longer held'):
        shelf.get('me', 'a')
    with pytest.raises(Refused, match='no longer held'):
        shelf.get('you', 'b')
    now[0] = 50
    shelf.get('me', 'b')
    now[0] = 100
    shelf.sweep()
    assert [key for key, _ in shelf.of('me')] == ['b']
    shelf.forget('me')
    assert len(shelf) == 0 == shelf.size


def test_the_browser_sees_pictures_upright():
    seen = view.view_of(sample_of(orientation=6), 0.4, ('box',))
    assert (seen['width'], seen['height'], seen['mask'], seen['box']) == (40, 60, None, None)
    found = cv2.imdecode(np.frombuffer(b64decode(seen['map'].split(',')[1]), np.uint8), 0)
    assert np.array_equal(found, upright(np.rint(sample_of().cam * 255).astype(np.uint8), 6))
    prompts = dict(box=(30, 10, 49, 19), positive=(40, 15), negative=(0, 0))
    sample = sample_of()
    sample.prompts = prompts
    seen = view.view_of(sample, 0.4, ('box', 'positive'))
    assert seen['box'] == [0.5, 0.25, 50 / 60, 0.5] and seen['positive'] == [40.5 / 60, 15.5 / 40]
    assert seen['negative'] is None


def test_thresholds_and_drawings_need_no_forward_pass(tmp_path):
    engine = engine_of()
    key = engine.check('me', str(tmp_path / 'x'), '../<b>.jpg')
    first = engine.view('me', key, 0.5)
    assert first['flagged'] and first['name'] == '<b>.jpg' and first['box'] == [0.5, 0.25, 50 / 60, 0.5]
    assert engine.view('me', key, 0.9)['mask'] is None
    moved = engine.move('me', key, 0.5, 0.9)  # the one bright pixel is left
    assert moved['box'] == [40 / 60, 15 / 40, 41 / 60, 16 / 40] and 'threshold of the map to 0.90' in moved['note']
    asked = engine.ask('me', key, 0.9, dict(box=[0.4, 0.2, 0.9, 0.6]))
    assert not asked['flagged'] and asked['mask'] and asked['drawn'] == dict(box=[0.4, 0.2, 0.9, 0.6])
    mask = engine.shelf.get('me', key).sample.mask
    assert np.array_equal(mask, sample_of().cam > 0)  # GrabCut finds the red square in the box
    assert engine.ask('me', key, 0.5, None)['note'] == moved['note']  # back to the model's own
    assert engine.counts() == dict(held=1, bytes=engine.shelf.size, forwards=1)
    for wrong in (0, 1, 'x', None, float('nan')):
        with pytest.raises(Refused, match='between 0 and 1'):
            engine.move('me', key, 0.5, wrong)
    with pytest.raises(Refused, match='no longer held'):
        engine.ask('you', key, 0.5, None)


def test_a_visitor_has_so_many_photographs_and_no_path_is_told():
    engine = engine_of(Limits(photographs=2))
    for _ in range(2):
        engine.check('me', '/tmp/page/ab.photograph', 'a.jpg')
    assert [row['name'] for row in engine.rows('me', 0.5)] == ['a.jpg', 'a (2).jpg']
    with pytest.raises(Refused, match='2 photographs on your page'):
        engine.check('me', '/tmp/page/ab.photograph', 'a.jpg')

    def fail(path):
        raise ValueError(f'{path} is no image')

    engine.judge = fail
    with pytest.raises(Refused) as error:
        engine.check('you', '/tmp/page/ab.photograph', 'a.jpg')
    assert str(error.value) == 'a.jpg is no image'


def test_encodings_of_a_picture_are_made_once():
    kept, asked = LastEncodings(2), []

    class Made(int):
        def cpu(self):
            return self

    def encode(images):
        asked.append(len(images))
        return [Made(image.sum()) for image in images]

    pictures = [np.full((2, 2), i, np.uint8) for i in range(3)]
    assert kept.get(pictures[:2], encode) == [0, 4] and kept.get(pictures[1:2], encode) == [4]
    kept.get(pictures[2:], encode)
    kept.get(pictures[:1], encode)
    assert asked == [2, 1, 1]
    kept.clear()
    assert not kept._kept


def test_uploads_are_of_the_folder_alone_and_go(tmp_path):
    folder, secret = tmp_path / 'up', tmp_path / 'secret'
    (folder / 'ab').mkdir(parents=True)
    secret.write_bytes(b'secret')
    (folder / 'link').symlink_to(secret)
    for wrong in (secret, folder / '../secret', folder / 'link', folder, folder / 'none', 'a\0b', None, 5,
                  'x' * 5000, '/etc/passwd'):
        with pytest.raises(Refused, match='no photograph'):
            uploads.take(wrong, folder, 100)
    given = folder / 'ab/list.txt'
    given.write_bytes(b'0123456789')
    with pytest.raises(Refused, match='larger than'):
        uploads.take(given, folder, 5)
    assert uploads.take(given, folder, 10) == given and uploads.held(folder) == 10 + 6
    uploads.remove(given, folder)
    uploads.remove(secret, folder)
    assert secret.exists() and not given.exists()
    (folder / 'old').write_bytes(b'x')
    uploads.sweep(folder, -1)
    assert not (folder / 'old').exists()


def test_a_name_is_for_people():
    assert uploads.plain_name('C:\\x\\y.jpg') == 'y.jpg' and uploads.plain_name('/etc/..') == 'photograph'
    assert uploads.plain_name('a\n\x1b.jpg') == 'a.jpg' and uploads.plain_name('') == 'photograph'
    assert uploads.plain_name('a.jpg', ['a.jpg', 'a (2).jpg']) == 'a (3).jpg'
    assert len(uploads.plain_name('x' * 999 + '.jpg')) < 120


def test_a_ticket_is_good_once_and_for_a_while():
    now = [0.]
    tickets = Tickets(10, 2, lambda: now[0])
    ticket = tickets.give(b'1')
    assert tickets.take('x') is None and tickets.take(ticket) == b'1' and tickets.take(ticket) is None
    first = [tickets.give(b'%d' % i) for i in range(3)][0]
    assert len(tickets) == 2 and tickets.take(first) is None
    now[0] = 11
    tickets.sweep()
    assert len(tickets) == 0


def test_the_words_of_the_page_are_escaped():
    told = dict(name='<script>', not_for='<b>', trained_on='"&', figures={'<i>': {'AUC': 0.5}})
    words = title_html(told) + card_html(told, Limits())
    assert '<script>' not in words and '<i>' not in words and '&lt;i&gt;: AUC 0.5' in words


def answer(method, path, headers=(), body=b'', **kwargs):
    """(status, whether the app behind was asked) of a request to the gate."""
    seen, sent = [], []

    async def app(scope, receive, send):
        seen.append((await receive()).get('body'))
        await send(dict(type='http.response.start', status=200, headers=[]))
        await send(dict(type='http.response.body', body=b''))

    async def receive():
        return dict(type='http.request', body=body, more_body=False)

    async def send(message):
        sent.append(message)

    known = {'host': 'localhost:7860', 'content-length': str(len(body)), **dict(headers)}
    scope = dict(type='http', method=method, path=path, headers=[(k.encode(), v.encode()) for k, v in known.items()])
    asyncio.run(gate.Gate(app, hosts=['localhost'], **kwargs)(scope, receive, send))
    assert b'content-security-policy' in dict(sent[0]['headers'])
    return sent[0]['status'], seen


def test_the_gate_lets_through_what_the_page_needs(tmp_path):
    (tmp_path / 'a.jpg').write_bytes(b'x' * 100)
    known = dict(limits=Limits(file_mb=0.001, photographs=1), folder=tmp_path)
    for path in ('/', '/assets/index.js', '/gradio_api/heartbeat/x', '/report/x'):
        assert answer('GET', path, **known)[0] == 200
    for path in ('/gradio_api/file=/etc/passwd', '/gradio_api/file/etc/passwd', '/file=/etc/passwd',
                 '/gradio_api/proxy=http://x', '/gradio_api/info', '/gradio_api/call/x', '/monitoring',
                 '/gradio_api/component_server', '/gradio_api/stream/x', '/assets/../../secret', '/docs',
                 '/static//etc/passwd',
                 '/gradio_api/custom_component/x/client/component/index.js', '/svelte/x', '/login'):
        assert answer('GET', path, **known) == (404, []), path
    assert answer('PUT', '/', **known)[0] == 404 and answer('POST', '/', **known)[0] == 404
    assert answer('GET', '/', dict(host='evil.example:7860'), **known)[0] == 403
    assert answer('POST', gate.UPLOAD, dict(origin='http://evil.example'), **known)[0] == 403
    assert answer('POST', gate.UPLOAD, dict(origin='http://localhost:7860'), **known)[0] == 200
    assert answer('POST', gate.UPLOAD, {'content-length': ''}, **known)[0] == 411
    assert answer('POST', gate.UPLOAD, {'content-length': '9999999999'}, **known)[0] == 413
    assert answer('POST', gate.UPLOAD, {'content-length': '4096'}, **known)[0] == 503  # four files of 1 KiB, in all
    assert answer('POST', gate.JOIN, {'content-length': '300000'}, **known)[0] == 413


def test_messages_name_no_file_elsewhere_and_no_address(tmp_path):
    known = dict(limits=Limits(), folder=tmp_path)
    (tmp_path / 'a.jpg').write_bytes(b'x')

    def message(path):
        file = dict(path=path, meta={'_type': 'gradio.FileData'})
        return json.dumps(dict(data=[[file], 0.5], event_data=dict(deep=[file]))).encode()

    good = message(str(tmp_path / 'a.jpg'))
    assert answer('POST', gate.JOIN, body=good, **known) == (200, [good])
    for wrong in ('/etc/passwd', str(tmp_path / '../x'), 'http://example.com/x.jpg', '', 5, {'path': 'x'}):
        assert answer('POST', gate.JOIN, body=message(wrong), **known) == (403, []), wrong
    for wrong in (b'{', b'\xff', b'[' * 100000):
        assert answer('POST', gate.JOIN, body=wrong, **known) == (400, [])


@pytest.fixture
def worker():
    made = Worker(Toy, (), Limits(seconds=5, waiting=3))
    yield made
    made.close()


def test_a_worker_answers_in_turn_and_says_when_it_is_busy(worker):
    assert worker.ask('echo', 1)[0] == 1
    with pytest.raises(Refused, match='^a sentence$'):
        worker.ask('refuse')
    with pytest.raises(Refused, match=r'failed \(KeyError\)') as error:
        worker.ask('fail')
    assert 'secret' not in str(error.value)
    found = []

    def ask():
        try:
            found.append(worker.ask('sleep', 0.4))
        except Refused as error:
            found.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 10 and found.count([1]) >= 3
    assert all(answer == [1] or answer.startswith('The page is busy') for answer in found)
    worker.tell('echo', 2)
    assert worker.ask('sleep', 0) == [1, 2]


def test_a_worker_that_hangs_or_dies_begins_anew(worker):
    before = worker.ask('echo', 1)[1]
    with pytest.raises(Refused, match='longer than 5 seconds'):
        worker.ask('sleep', 60)
    between = worker.ask('echo', 2)[1]
    with pytest.raises(Refused, match='ended unexpectedly'):
        worker.ask('die')
    assert worker.ask('sleep', 0) == [] and len({before, between, worker.ask('echo', 3)[1]}) == 3


def test_a_worker_that_cannot_begin_says_why():
    worker = Worker(Toy, ('no such model',), Limits())
    with pytest.raises(Refused, match='^no such model$'):
        worker.ready()
    start = time.monotonic()
    worker.close()
    assert time.monotonic() - start < 5


def test_what_the_model_said_stays_beside_what_a_person_does(tmp_path, monkeypatch):
    engine, note = engine_of(), 'It lies there twice.'
    judged = engine.judge.__call__
    monkeypatch.setattr(type(engine.judge), '__call__', lambda self, path: replace(judged(path), note=note))
    key = engine.check('me', str(tmp_path / 'x'), 'a.jpg')
    assert engine.view('me', key, 0.5)['note'] == engine.view('me', key, 0.95)['note'] == note
    moved = 'It lies there twice. A person has moved the threshold of the map to 0.90.'
    assert [engine.move('me', key, 0.5, t)['note'] for t in (0.9, 0.9)] == [moved] * 2
    asked = engine.ask('me', key, 0.5, dict(positive=[0.6, 0.4]))
    assert asked['note'] == 'It lies there twice. The mask answers a point that a person drew.'
    own = engine.judge.cgsr.threshold
    assert engine.move('me', key, 0.5, own)['note'] == note


def test_the_report_is_that_of_a_check(tmp_path):
    engine = engine_of()
    key = engine.check('me', str(tmp_path / 'x'), '<b>.jpg')
    engine.ask('me', key, 0.5, dict(positive=[0.6, 0.4]))
    engine.check('me', str(tmp_path / 'x'), 'b.jpg')
    with zipfile.ZipFile(io.BytesIO(engine.report('me', 0.9))) as found:
        names = found.namelist()
        page, told = (found.read(f'mmcabl-report/report.{kind}').decode() for kind in ('html', 'json'))
    told = json.loads(told)
    assert told['threshold'] == 0.9 and [p['verdict'] for p in told['photographs']] == ['not flagged'] * 2
    assert told['photographs'][0]['note'] == 'The mask answers a point that a person drew.'
    assert sum(name.startswith('mmcabl-report/masks/') for name in names) == 1 and '<b>.jpg' not in page
    assert str(tmp_path) not in page + json.dumps(told)
    with pytest.raises(Refused, match='nothing to report'):
        engine.report('you', 0.5)
    assert asdict(ABOUT)['threshold'] == 0.5
