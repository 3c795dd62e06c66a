"""Somebody at a browser: Debian's Chromium, headless, driven by Playwright. What the pages look like is kept in artifacts/."""
import base64, re, shutil, time
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from conftest import ROOT
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from face_autoencoder.app.explore import picture
from face_autoencoder.app.sharing import text_to_face

CHROMIUM = next((p for p in map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome')) if p), None)
expect.set_options(timeout=30_000)
SERVERS = [] # what `settle` waits for
PROJECTOR, PHONE = dict(width=1280, height=720), dict(width=390, height=844)


@contextmanager
def visit(browser, url, viewport=PROJECTOR, **more):
    "Somebody who has not been here before opens the page; nothing may go wrong in the page's own scripts"
    with browser.new_context(viewport=viewport, **more) as context:
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.asked, page.wrong = set(), []
        page.on('request', lambda r: re.search('heartbeat|queue/data', r.url) or page.asked.add(r)) # Gradio leaves these two open
        for event in ('requestfinished', 'requestfailed'): page.on(event, lambda r: page.asked.discard(r))
        page.on('pageerror', lambda e: page.wrong.append(e))
        enter(page, url)
        yield page
        assert not page.wrong


def enter(page, url):
    with page.expect_request(lambda r: 'queue/data' in r.url): page.goto(url)
    settle(page)


def settle(page):
    "Wait until page and server have had nothing to do for a quarter of a second"
    quiet, start = 0, time.monotonic()
    while quiet < 5:
        page.wait_for_timeout(50)
        quiet = 0 if page.asked or any(map(busy, SERVERS)) else quiet + 1
        assert time.monotonic() < start + 60, [r.url for r in page.asked]


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
    name, z = text_to_face(page.evaluate('new URL(document.querySelector("#address textarea").value).searchParams.get("face")'))
    tab(page, 'Sliders')
    return name, z


def choose(page, id, name):
    page.locator(f'#{id} input').click()
    page.get_by_role('option', name=name, exact=True).click()
    settle(page)


def warned(page, text): expect(page.get_by_test_id('toast-body').filter(has_text=text).first).to_be_visible()


def alive(page, served):
    "The app still does what it should"
    before = src(page)
    press(page, 'Randomize')
    assert src(page) != before
