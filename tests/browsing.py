"""Somebody at a browser: Chromium, headless, driven by Playwright. What the pages look like is kept in artifacts/."""
import base64, re, shutil, time
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np
from conftest import ROOT
from PIL import Image
from playwright.sync_api import expect

from face_autoencoder.app.explore import picture
from face_autoencoder.app.sharing import face_to_text, text_to_face
from face_autoencoder.faces import render_faces, sample_factors

CHROMIUM = next((p for p in map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome')) if p), None)
PATIENCE = 180 # seconds for what should take one or two: only a fault may need so long, not a busy machine
expect.set_options(timeout=1000*PATIENCE)
SERVERS = [] # what `settle` waits for
PROJECTOR, PHONE = dict(width=1280, height=720), dict(width=390, height=844)


@contextmanager
def visit(browser, url, viewport=PROJECTOR, **more):
    "Somebody who has not been here before opens the page; nothing may go wrong in the page's own scripts"
    with browser.new_context(viewport=viewport, **more) as context:
        context.set_default_timeout(1000*PATIENCE)
        page = context.new_page()
        page.asked, page.wrong = set(), []
        left_open = 'heartbeat|queue/data' # by Gradio, as long as the page is
        page.on('request', lambda r: re.search(left_open, r.url) or page.asked.add(r))
        for event in ('requestfinished', 'requestfailed'): page.on(event, lambda r: page.asked.discard(r))
        page.on('pageerror', lambda e: page.wrong.append(e))
        enter(page, url)
        yield page
        assert not page.wrong


def at(url, run, z):
    "The address of a face in the app"
    return f'{url}?face={quote(face_to_text(run.name, z))}'


def enter(page, url):
    with page.expect_request(lambda r: 'queue/data' in r.url): page.goto(url)
    settle(page)


def settle(page):
    """Wait until page and server have had nothing to do for a while

    The while is four times a twentieth of a second of the page's own time, longer than it holds back a preview. What a
    busy machine has not yet let the page do comes before the next of its timers."""
    quiet, start = 0, time.monotonic()
    page.evaluate('new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)))')
    while quiet < 4:
        page.evaluate('new Promise(wake => setTimeout(wake, 50))')
        quiet = 0 if page.asked or any(map(busy, SERVERS)) else quiet + 1
        assert time.monotonic() < start + PATIENCE, [r.url for r in page.asked]


@contextmanager
def timers_held(page):
    "What the page puts off begins to wait only afterwards, so it does not matter how long this takes"
    page.evaluate("""() => {
        window.startTimer = window.setTimeout
        window.timers = []
        window.setTimeout = (...timer) => { timers.push(timer) }
    }""")
    yield
    page.evaluate("() => { window.setTimeout = startTimer; timers.forEach(timer => setTimeout(...timer)) }")


def stand_still(page):
    "Wait until nothing on the page moves any more by itself"
    finite = 'a.effect.getComputedTiming().iterations != Infinity'
    page.evaluate(f'Promise.all(document.getAnimations().filter(a => {finite}).map(a => a.finished.catch(() => {{}})))')


def busy(demo): return any(demo._queue.active_jobs) or len(demo._queue) > 0


def keep(page, name, **more):
    (ROOT/'artifacts').mkdir(exist_ok=True)
    page.screenshot(path=ROOT/'artifacts'/f'{name}.png', **more)


def src(page): return page.locator('#face img').get_attribute('src')


def opened(content): return np.asarray(Image.open(BytesIO(content)), dtype=float)


def shown(page): return opened(base64.b64decode(src(page).split(',')[1]))


def same(a, b): return a.shape == b.shape and abs(a - b).mean() < 1.5


def shows(page, run, z): return same(shown(page), np.asarray(picture(run, z), dtype=float))


def cost(page, served, action):
    "Act, wait for all that comes of it, return how many decodings that was"
    n = len(served[1])
    action()
    settle(page)
    return len(served[1]) - n


def press(page, name, **how):
    page.get_by_role('button', name=name, exact=True, **how).click()
    settle(page)


def tab(page, name): page.get_by_role('tab', name=name).click()


def slider(page, i): return page.locator(f'#component-{i} input[type=range]')


def value(page, i): return float(page.locator(f'#component-{i} input[type=number]').input_value())


def values(page, n=8): return np.array([value(page, i) for i in range(1, n + 1)])


def enter_number(page, id, number):
    box = page.locator(f'#{id} input[type=number]')
    box.fill(str(number))
    box.press('Enter')
    settle(page)


def place(page, i, share):
    "Where the mouse must be for a share of a slider's way"
    box = slider(page, i).bounding_box()
    return box['x'] + 8 + (box['width'] - 16)*share, box['y'] + box['height']/2


def hold(page, i):
    slider(page, i).scroll_into_view_if_needed()
    page.mouse.move(*place(page, i, .5))
    page.mouse.down()


def drag(page, i, share):
    hold(page, i)
    page.mouse.move(*place(page, i, share), steps=5)
    page.mouse.up()
    settle(page)


def link(page):
    "Ask for the link to the face: run and code"
    tab(page, 'Presets')
    press(page, 'Link to this face')
    expect(page.locator('#address textarea')).to_have_value(re.compile('face='))
    address = page.locator('#address textarea').input_value()
    name, z = text_to_face(parse_qs(urlsplit(address).query)['face'][0])
    tab(page, 'Sliders')
    return name, z


def visitor(seed=2027):
    "Somebody whom no run has seen"
    return Image.fromarray(render_faces(sample_factors(1, seed), 192)[0].permute(1, 2, 0).numpy())


def as_file(image, kind='PNG', **how):
    image.save(file := BytesIO(), kind, **how)
    return file.getvalue()


def upload(page, content, name='photo.png'):
    with TemporaryDirectory() as folder:
        (Path(folder)/name).write_bytes(content)
        page.locator('#photo input[type=file]').set_input_files(Path(folder)/name)
        settle(page)


def choose(page, id, name):
    page.locator(f'#{id} input').click()
    page.get_by_role('option', name=name, exact=True).click()
    settle(page)


def warned(page, text): expect(page.get_by_test_id('toast-body').filter(has_text=text).first).to_be_visible()


def alive(page):
    "The app still does what it should"
    before = src(page)
    press(page, 'Randomize')
    assert src(page) != before
