"""The page in a real browser: Debian's Chromium without a window, on the server that ``mmcabl serve`` starts."""

import io
import json
import shutil
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
import zlib

import cv2
import numpy as np
import pytest

pytest.importorskip('gradio', reason="the extra 'web' is not installed")
playwright = pytest.importorskip('playwright.sync_api', reason='playwright is not installed')
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
if CHROMIUM is None:
    pytest.skip('there is no chromium on this machine', allow_module_level=True)

from mmcabl.web.limits import Limits  # noqa: E402
from mmcabl.web.server import listening, open_site  # noqa: E402
from tests.web_toys import counting_engine  # noqa: E402

WAIT = 60_000  # ms; a machine may have much else to do
ELSEWHERE = []
sys.addaudithook(lambda event, given: ELSEWHERE.append(given[1]) if event == 'socket.connect' else None)


@pytest.fixture(scope='module')
def site(setting):
    limits = Limits(file_mb=1, megapixels=2, photographs=6)
    known = (str(setting / 'config.py'), str(setting / 'model.pth'), 'cpu', None, 0.)
    with open_site(counting_engine, known, limits) as made, listening('127.0.0.1', 0) as found:
        server = made.server()
        thread = threading.Thread(target=server.run, kwargs=dict(sockets=[found]))
        with made.kept_clean():
            thread.start()
            while not server.started:
                time.sleep(0.05)
            made.address = f'http://127.0.0.1:{found.getsockname()[1]}/'
            yield made
            server.should_exit = True
            thread.join()
    assert not made.folder.exists()


@pytest.fixture(scope='module')
def chromium():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium, site):
    """A tab with the page, and everything that it asked for."""
    context = chromium.new_context(viewport=dict(width=1280, height=900))
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.asked, page.wrong = [], []
    page.on('request', lambda request: page.asked.append(request.url))
    page.on('pageerror', lambda error: page.wrong.append(str(error)))
    page.on('console', lambda said: page.wrong.append(said.text) if said.type == 'error' else None)
    page.on('dialog', lambda dialog: page.wrong.append(dialog.message))
    page.goto(site.address)
    yield page
    context.close()


@pytest.fixture(scope='module')
def photographs(tmp_path_factory):
    """Two pictures, one of them with a red square on grey noise."""
    folder = tmp_path_factory.mktemp('photographs')
    picture = np.random.default_rng(0).integers(80, 120, (90, 120, 3), np.uint8)
    cv2.imwrite(str(folder / 'plain.jpg'), picture)
    picture[20:50, 30:70] = (20, 20, 220)
    cv2.imwrite(str(folder / 'pasted.png'), picture)
    return folder


def give(page, *paths):
    page.set_input_files('#mm-drop input[type=file]', [str(path) for path in paths])


def changed(page, act):
    """Do something and wait until the viewer shows something else."""
    before = page.locator('.mm-viewer').get_attribute('data-shown') or ''
    act()
    page.wait_for_function('before => (document.querySelector(".mm-viewer").dataset.shown ?? "") !== before',
                           arg=before)


def slide(page, selector, value):
    page.locator(selector).evaluate('''(slider, value) => {
      slider.value = value;
      for (const name of ['input', 'change', 'pointerup']) slider.dispatchEvent(new Event(name, {bubbles: true}));
    }''', str(value))


def shown_mask(page):
    """The mask's opaque pixels as the browser draws them."""
    return page.locator('canvas.mm-layer').evaluate('''canvas => {
      const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      return canvas.hidden ? [] : Array.from({length: data.length / 4}, (_, i) => data[4 * i + 3] > 0);
    }''')


def test_a_visit(visitor, site, photographs):
    ask = site.visits.worker.ask
    before = ask('counts')
    changed(visitor, lambda: give(visitor, photographs / 'pasted.png', photographs / 'plain.jpg'))
    visitor.locator('.mm-row').nth(1).wait_for()
    assert visitor.locator('.mm-file').all_text_contents() == ['pasted.png', 'plain.jpg']
    assert visitor.locator('.mm-name').text_content() == 'pasted.png'
    assert visitor.locator('.mm-verdict').text_content().startswith('Flagged: score 0.')
    assert 'have no model card' in visitor.locator('.mm-warning').text_content()
    at_half = shown_mask(visitor)
    changed(visitor, lambda: slide(visitor, '.mm-threshold', 0.9))
    at_most = shown_mask(visitor)
    assert 0 < sum(at_most) < sum(at_half)
    changed(visitor, lambda: slide(visitor, '#mm-decision input[type=range]', 1))
    assert visitor.locator('.mm-verdict').text_content().startswith('Not flagged')
    visitor.check('.mm-layers input[value=mask]')
    assert 'No mask' in visitor.locator('.mm-caption').text_content() and not any(shown_mask(visitor))
    stage = visitor.locator('.mm-stage').bounding_box()

    def drag():
        visitor.mouse.move(stage['x'] + stage['width'] * 0.2, stage['y'] + stage['height'] * 0.17)
        visitor.mouse.down()
        visitor.mouse.move(stage['x'] + stage['width'] * 0.62, stage['y'] + stage['height'] * 0.6, steps=3)
        visitor.mouse.up()

    changed(visitor, drag)  # a box around the square
    truth = np.zeros((90, 120), bool)
    truth[20:50, 30:70] = True
    found = np.reshape(shown_mask(visitor), truth.shape)
    assert (found & truth).sum() / (found | truth).sum() > 0.95
    assert 'a box that a person drew' in visitor.locator('.mm-caption').text_content()
    after = ask('counts')
    assert after['passes'] - before['passes'] == 2 == after['forwards'] - before['forwards']
    with visitor.expect_download() as download:
        visitor.click('#mm-report')
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as report:
        told = json.loads(report.read('mmcabl-report/report.json'))
        assert b'pasted.png' in report.read('mmcabl-report/report.html')
    assert [p['note'] for p in told['photographs']] == ['The mask answers a box that a person drew.', '']
    changed(visitor, lambda: visitor.locator('.mm-row').nth(1).click())
    assert visitor.locator('.mm-name').text_content() == 'plain.jpg'
    # offline, and without a path
    assert all(url.startswith((site.address, 'data:', f'blob:{site.address}')) for url in visitor.asked)
    assert visitor.wrong == [] and str(site.folder) not in visitor.content()


def bomb():
    """A PNG of 60,000 x 60,000 px in a few bytes."""
    def chunk(kind, data):
        return len(data).to_bytes(4, 'big') + kind + data + zlib.crc32(kind + data).to_bytes(4, 'big')

    size = (60000).to_bytes(4, 'big') * 2
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', size + bytes([8, 2, 0, 0, 0])) + chunk(b'IDAT', zlib.compress(b'0'))
            + chunk(b'IEND', b''))


def test_hostile_files(visitor, site, photographs, tmp_path):
    good = (photographs / 'plain.jpg').read_bytes()
    script = '<img src=x onerror=window.bad=1>${window.bad=2}{{window.bad=3}}`.jpg'
    names = [script, 'cut.jpg', 'bomb.png', 'page.jpg']
    for name, data in zip(names, (good, good[:-200], bomb(), b'<html><script>window.bad = 4</script></html>')):
        (tmp_path / name).write_bytes(data)
    give(visitor, *(tmp_path / name for name in names))
    visitor.locator('.mm-trouble').nth(2).wait_for()
    told = visitor.locator('.mm-trouble').all_text_contents()
    assert told[0].startswith('cut.jpg is truncated') and 'more than the limit of 2 megapixels' in told[1]
    assert told[2].startswith('page.jpg is not an image')
    name = visitor.locator('.mm-file').text_content()
    assert 'window.bad' in name and visitor.locator('.mm-name').text_content() == name
    assert visitor.evaluate('window.bad') is None and str(site.folder) not in visitor.content()
    (tmp_path / 'large.jpg').write_bytes(good + bytes(2 ** 20))
    give(visitor, tmp_path / 'large.jpg')
    visitor.get_by_text('exceed the maximum allowed size').first.wait_for()
    give(visitor, *[photographs / 'plain.jpg'] * 6)  # there is one, and six is the limit
    visitor.get_by_text('6 photographs on your page, the limit').wait_for()


def status(url, data=None, **headers):
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as found:
            return found.status, found.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_no_file_can_be_read(site, tmp_path):
    secret = tmp_path / 'secret.txt'
    secret.write_text('secret words')
    (site.folder / 'other.jpg').write_bytes(b'another visitor')
    for route in ('gradio_api/file=', 'file=', 'gradio_api/file/', 'gradio_api/file%3D', 'assets/', 'static/',
                  'gradio_api/custom_component/', 'svelte/', 'report/', 'gradio_api/proxy=file://'):
        for path in (secret, site.folder / 'other.jpg', f'..%2f..%2f..%2f..%2f..%2f..{secret}',
                     f'../../../../../../../..{secret}', f'....//....//..{secret}', f'%2e%2e/%2e%2e/%2e%2e{secret}'):
            code, body = status(f'{site.address}{route}{path}')
            assert code in (403, 404) and b'secret words' not in body and b'another' not in body, (route, path)
    (site.folder / 'other.jpg').unlink()
    code, _ = status(site.address, Host='evil.example')
    assert code == 403


def test_ten_visitors_at_once(chromium, site, photographs):
    contexts = [chromium.new_context() for _ in range(10)]
    try:
        pages = [context.new_page() for context in contexts]
        for page in pages:
            page.set_default_timeout(WAIT)
            page.goto(site.address, wait_until='commit')
        for page in pages:
            give(page, photographs / 'pasted.png', photographs / 'plain.jpg')
        for page in pages:
            page.locator('.mm-row').nth(1).wait_for()
        scores = [page.locator('.mm-score').all_text_contents() for page in pages]
        assert scores == [scores[0]] * 10 and len(scores[0]) == 2
        assert site.visits.worker.ask('counts')['held'] >= 20
    finally:
        for context in contexts:
            context.close()


def test_nothing_is_left_of_those_who_left(site):
    """Last: all tabs are closed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and site.visits.worker.ask('counts')['held']:
        time.sleep(0.2)
    counts = site.visits.worker.ask('counts')
    assert (counts['held'], counts['bytes']) == (0, 0)
    assert list(site.folder.rglob('*')) == []
    assert not any('data:image' in str(session.config_values) for session in
                   site.page.state_holder.session_data.values())
    here = [address for address in ELSEWHERE if isinstance(address, tuple)]
    assert {address[0] for address in here} <= {'127.0.0.1', '::1', 'localhost'} and counts['elsewhere'] == []
    assert socket.gethostbyname('localhost') == '127.0.0.1'
