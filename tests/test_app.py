"""The app in a real browser: Debian's Chromium, headless, driven by Playwright."""
import re, shutil, socket, subprocess
from unittest.mock import patch
from urllib.request import urlopen

import pytest
from conftest import BIN, ROOT, run, skip
from playwright.sync_api import expect, sync_playwright

from face_autoencoder.app import launch
from face_autoencoder.model import ConvVAE

CHROMIUM = next((p for p in map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome')) if p), None)


@pytest.fixture(scope='module')
def browser():
    if not CHROMIUM: skip('no Chromium on this machine')
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        yield b
        b.close()


@pytest.fixture(scope='module')
def served(runs):
    "The app with a count of its decodings"
    decoded, decode = [], ConvVAE.decode
    with patch.object(ConvVAE, 'decode', lambda model, z: decoded.append(z) or decode(model, z)):
        demo = launch(runs, run='sixteen', block=False)
        yield demo.local_url, decoded
        demo.close()


@pytest.fixture
def page(browser, served):
    page = browser.new_page(viewport=dict(width=1280, height=720))
    page.goto(served[0])
    page.locator('#face img').wait_for()
    page.wait_for_load_state('networkidle')
    yield page
    page.close()


def picture(page): return page.locator('#face img').get_attribute('src')


def value(page, i): return float(page.locator(f'#component-{i} input[type=number]').input_value())


def do(page, served, action):
    "Act, wait for another picture, return how many decodings that cost"
    before, n = picture(page), len(served[1])
    action()
    page.wait_for_function('old => document.querySelector("#face img").getAttribute("src") != old', arg=before)
    page.wait_for_load_state('networkidle')
    page.wait_for_timeout(500)
    return len(served[1]) - n


def drag(page, i, share):
    "Drag a slider to a share of its way"
    box = page.locator(f'#component-{i} input[type=range]').bounding_box()
    y = box['y'] + box['height'] / 2
    page.mouse.move(box['x'] + box['width'] / 2, y)
    page.mouse.down()
    page.mouse.move(box['x'] + box['width'] * share, y, steps=5)
    page.mouse.up()


def test_slider_changes_the_picture(page, served):
    assert do(page, served, lambda: drag(page, 1, 0.9)) == 1
    assert value(page, 1) > 2


def test_keyboard_moves_a_slider(page, served):
    page.locator('#component-2 input[type=range]').focus()
    assert do(page, served, lambda: page.keyboard.press('ArrowRight')) == 1
    assert value(page, 2) == pytest.approx(0.1)


def test_typed_number_counts(page, served):
    box = page.locator('#component-3 input[type=number]')
    def type_two():
        box.fill('2')
        box.press('Enter')
    assert do(page, served, type_two) == 1


def test_randomize_and_reset_decode_once(page, served):
    first = picture(page)
    assert do(page, served, page.get_by_role('button', name='Randomize').click) == 1
    assert any(value(page, i) for i in range(1, 9))
    moved = picture(page)
    assert do(page, served, page.get_by_role('button', name='Reset', exact=True).click) == 1
    assert not any(value(page, i) for i in range(1, 9))
    assert len({first, moved, picture(page)}) >= 2


def test_switching_runs(page, served):
    def choose(name):
        page.locator('#run input').click()
        page.get_by_role('option', name=name).click()
    label = page.locator('#component-1').inner_text()
    assert do(page, served, lambda: drag(page, 1, 0.1)) == 1
    assert do(page, served, lambda: choose('four')) == 1
    expect(page.locator('#component-4')).to_be_visible()
    expect(page.locator('#component-5')).not_to_be_visible()
    assert value(page, 1) == 0 and page.locator('#component-1').inner_text() != label
    assert do(page, served, lambda: drag(page, 2, 0.9)) == 1
    assert do(page, served, lambda: choose('sixteen')) == 1
    expect(page.locator('#component-5')).to_be_visible()


def test_two_visitors_do_not_share_faces(page, browser, served):
    other = browser.new_page()
    other.goto(served[0])
    other.locator('#face img').wait_for()
    before = picture(other)
    do(page, served, page.get_by_role('button', name='Randomize').click)
    assert picture(other) == before and value(other, 1) == 0
    other.close()


def test_screenshot(page, served):
    do(page, served, lambda: drag(page, 1, 0.8))
    (ROOT/'artifacts').mkdir(exist_ok=True)
    page.screenshot(path=ROOT/'artifacts'/'app.png')
    assert page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')


def test_broken_runs_are_left_out(runs, tmp_path):
    shutil.copytree(runs, tmp_path/'runs')
    weights = tmp_path/'runs'/'sixteen'/'model.safetensors'
    weights.write_bytes(weights.read_bytes()[:-1])
    demo = launch(tmp_path/'runs', block=False)
    assert '"four"' in urlopen(demo.local_url + 'config').read().decode()
    demo.close()
    done = run('fae_app', '--runs', tmp_path/'runs', '--run', 'sixteen', check=False)
    assert done.returncode == 2 and 'cut off' in done.stderr and 'Traceback' not in done.stderr


def test_port_in_use(runs):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen()
        done = run('fae_app', '--runs', runs, '--port', s.getsockname()[1], check=False)
    assert done.returncode == 2
    assert re.fullmatch(r'fae_app: port \d+ is in use: .*', done.stderr.strip().splitlines()[-1]) and 'Traceback' not in done.stderr


def test_command_prints_its_address(runs):
    p = subprocess.Popen([str(BIN/'fae_app'), '--runs', str(runs)], stdout=subprocess.PIPE, text=True)
    url = next(m[0] for line in p.stdout for m in [re.search(r'http://127\.0\.0\.1:\d+', line)] if m)
    assert b'Face autoencoder' in urlopen(url).read()
    p.terminate()
