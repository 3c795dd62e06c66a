"""The app's sliders, presets and runs in a real browser, driven as a person would."""
import base64, json, os, re, shutil, signal, socket, subprocess, time
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import PATIENCE, PHONE, PROJECTOR, alive, as_file, at, choose, cost, drag, enter, enter_number, hold
from browsing import keep, link, opened, place, press, same, settle, shown, shows, slider, src, stand_still, tab
from browsing import timers_held, upload, value, values, visit, visitor, warned
from conftest import BIN, run
from playwright.sync_api import expect

from face_autoencoder.app.explore import coordinates, first_face, move_slider, picture, slider_ends, spread_svg
from face_autoencoder.app.main import launch
from face_autoencoder.app.photo import crop_photo, encode_photo, find_face
from face_autoencoder.runs import load_run

def read(url, **headers):
    "What the server answers, without the proxies of the environment"
    return build_opener(ProxyHandler({})).open(Request(url, headers=headers)).read().decode()


DECODER, PLAIN = 'Through the decoder', 'Plain PCA'


@pytest.fixture(scope='module')
def still(browser, served):
    "A page that is only looked at"
    with visit(browser, served[0]) as page: yield page


@pytest.mark.quick
def test_one_way_through_the_app(page, browser, served, faces):
    "Open the page, drag a slider, undo, save and link a face, look at a photo"
    mean, frame = faces.pca.mean_, np.round(find_face(visitor()) or (.5, .5, 1), 2)
    assert shows(page, faces, mean) and not values(page).any()
    drag(page, 1, .9)
    moved = move_slider(faces, DECODER, mean, 0, value(page, 1))
    assert value(page, 1) == pytest.approx(2.4, abs=.15) and shows(page, faces, moved) and not shows(page, faces, mean)
    save_as(page, 'tilted')
    press(page, 'Undo')
    assert shows(page, faces, mean)
    choose(page, 'saved', 'tilted')
    assert shows(page, faces, moved)
    name, z = link(page)
    assert name == 'faces' and abs(z - moved).max() < .01
    with visit(browser, page.url) as other:
        assert shows(other, faces, moved)
        tab(other, 'Photo')
        upload(other, as_file(visitor()))
        assert shows(other, faces, encode_photo(faces, crop_photo(visitor(), 64, *frame)))


# Sliders

def test_opens_with_a_face(still, faces):
    z = first_face(faces)
    assert shows(still, faces, z) and not shows(still, faces, faces.pca.mean_)
    assert values(still) == pytest.approx(coordinates(faces, DECODER, z)[:8], abs=.006)
    keep(still, 'app')


def test_drag_is_painted_by_the_browser(page, served, faces):
    "All previews without the server, which confirms the last one: face and gauge are the same before and after"
    asked = []
    page.on('request', lambda r: '/run/predict' in r.url and asked.append(r))
    hold(page, 1)
    seen = set()
    for k in range(20):
        page.mouse.move(*place(page, 1, .5 + .02*k))
        page.evaluate('new Promise(requestAnimationFrame)')
        seen.add(src(page))
    settle(page)
    assert len(seen) > 10 and not asked
    z = move_slider(faces, DECODER, faces.pca.mean_, 0, value(page, 1))
    painted, gauge = shown(page), page.locator('#gauge label').inner_text()
    expected = np.asarray(picture(faces, z, 320), dtype=float)
    assert painted.shape == expected.shape and abs(painted - expected).mean() < 3 # enlarged by another program
    assert cost(page, served, page.mouse.up) == 1 and len(asked) == 1
    assert shows(page, faces, z) and page.locator('#gauge label').inner_text() == gauge


def test_other_components_and_morph_are_painted_too(page, faces):
    page.get_by_label(PLAIN).click()
    settle(page)
    hold(page, 2)
    page.mouse.move(*place(page, 2, .9))
    settle(page)
    z = move_slider(faces, PLAIN, faces.pca.mean_, 1, value(page, 2))
    assert abs(shown(page) - np.asarray(picture(faces, z, 320), dtype=float)).mean() < 3
    page.mouse.up()
    settle(page)
    assert shows(page, faces, z)


@pytest.fixture
def unpainted(page, served, faces):
    "A page that could not get the run's numbers, so that the server paints its previews"
    page.route('**/fae/runs/*', lambda route: route.abort())
    enter(page, at(served[0], faces, faces.pca.mean_))
    return page


def test_drag_without_the_runs_numbers(unpainted, served, faces):
    "The server paints previews, not too many, and decodes once on release"
    page = unpainted
    n, start = len(served[1]), time.monotonic()
    hold(page, 1)
    for k in range(66): page.mouse.move(*place(page, 1, .5 + .4*k/65))
    while time.monotonic() < start + 2 or len(served[1]) < n + 4:
        page.mouse.move(*place(page, 1, .9 + .05*np.sin(20*time.monotonic())))
        assert time.monotonic() < start + PATIENCE
    page.mouse.move(*place(page, 1, .9))
    took = time.monotonic() - start
    settle(page)
    previews = len(served[1]) - n
    assert previews <= took/.1 + 2 and not shows(page, faces, faces.pca.mean_)
    assert cost(page, served, page.mouse.up) == 1
    assert value(page, 1) == pytest.approx(2.4, abs=.15)
    assert shows(page, faces, move_slider(faces, DECODER, faces.pca.mean_, 0, value(page, 1)))


def test_late_preview_changes_nothing(unpainted, served, faces):
    "A preview that is answered only after the slider was let go does not replace the picture that counts"
    page, late = unpainted, []
    page.route('**/run/predict*', lambda route: route.continue_() if late else late.append((route, route.fetch())))
    hold(page, 1)
    page.mouse.move(*place(page, 1, .7))
    while not late: page.evaluate('new Promise(requestAnimationFrame)')
    page.mouse.move(*place(page, 1, .9))
    with page.expect_response('**/run/predict*'): page.mouse.up()
    (route, answer), = late
    route.fulfill(response=answer)
    settle(page)
    assert shows(page, faces, move_slider(faces, DECODER, faces.pca.mean_, 0, value(page, 1)))
    drag(page, 1, .2)
    assert shows(page, faces, move_slider(faces, DECODER, faces.pca.mean_, 0, value(page, 1)))


def test_click_on_the_track_needs_no_preview(page, served, faces):
    "As long as the mouse lets go before a preview is due, which is here any time"
    def click(share):
        with timers_held(page): page.mouse.click(*place(page, 5, share))
    for share in (.8, .3):
        slider(page, 5).scroll_into_view_if_needed()
        assert cost(page, served, lambda share=share: click(share)) == 1
        assert shows(page, faces, move_slider(faces, DECODER, faces.pca.mean_, 4, value(page, 5)))


def test_quick_taps_are_not_lost(page, faces):
    slider(page, 2).focus()
    for _ in range(12): page.keyboard.press('ArrowRight')
    settle(page)
    assert value(page, 2) == pytest.approx(.6)
    assert coordinates(faces, DECODER, link(page)[1])[1] == pytest.approx(.6, abs=.01)


def test_arrow_key_moves_a_slider(page, served, faces):
    slider(page, 2).focus()
    for _ in range(4): page.keyboard.down('ArrowRight')
    settle(page)
    assert cost(page, served, lambda: page.keyboard.up('ArrowRight')) == 1
    assert value(page, 2) == pytest.approx(.2)
    assert coordinates(faces, DECODER, link(page)[1])[1] == pytest.approx(.2, abs=.01)


def test_typed_number_counts_on_enter(page, served, faces):
    box = page.locator('#component-3 input[type=number]')
    box.fill('2')
    settle(page)
    assert cost(page, served, lambda: box.press('Enter')) == 1
    assert shows(page, faces, move_slider(faces, DECODER, faces.pca.mean_, 2, 2))
    press(page, 'Undo')
    assert shows(page, faces, faces.pca.mean_)


def test_other_coordinates_stay(page, faces):
    "A slider moves one coordinate of all 64"
    press(page, 'Randomize')
    before = coordinates(faces, DECODER, link(page)[1])
    enter_number(page, 'component-4', -1.5)
    after = coordinates(faces, DECODER, link(page)[1])
    assert abs(after - np.r_[before[:3], -1.5, before[4:]]).max() < .02


def test_slider_has_the_histogram_of_real_faces_behind_its_way(still, faces):
    "-3 and 3 of the drawing are where the knob is at -3 and 3"
    get_style = """e => {
        const s = getComputedStyle(e, "::before")
        return [s.backgroundImage, parseFloat(s.left), parseFloat(s.width), parseFloat(s.height)]
    }"""
    image, left, width, height = still.locator('#component-2').evaluate(get_style)
    drawing = base64.b64decode(image.split('base64,')[1].split('"')[0]).decode()
    assert drawing == spread_svg(faces, DECODER, 1).replace('currentColor', '#808080')
    left += still.locator('#component-2').bounding_box()['x']
    low, high = [place(still, 2, share)[0] for share in (0, 1)]
    assert left == pytest.approx(low, abs=1.5) and left + width == pytest.approx(high, abs=1.5)
    assert height > 15


def test_labels_tell_name_and_share(still):
    labels = [still.locator(f'#component-{i} label').inner_text().strip() for i in range(1, 9)]
    assert all(re.fullmatch(r'PC\d · (.+ · )?\d+(\.\d)?\s%', x) for x in labels), labels
    assert any('light' in x for x in labels) and not any('−' in x for x in labels)


def test_ends_of_a_slider_say_where_it_leads(still, faces):
    for i, ends in enumerate(slider_ends(faces, DECODER)[:8], 1):
        words = [still.locator(f'#component-{i} .{side}_value').evaluate(
            'e => getComputedStyle(e, "::after").content') for side in ('min', 'max')]
        assert words == ([f'"◄ {ends[0]}"', f'"{ends[1]} ►"'] if ends[0] else ['none']*2)


def test_more_components_unfold(page, faces):
    page.get_by_text('Components 9 to 16').click()
    expect(slider(page, 16)).to_be_visible()
    enter_number(page, 'component-16', 3)
    assert shows(page, faces, move_slider(faces, DECODER, faces.pca.mean_, 15, 3))
    keep(page, 'more-components', full_page=True)


def test_other_components_keep_the_face(page, served, faces):
    enter_number(page, 'component-1', 2)
    face, labels = shown(page), page.locator('.component label').all_inner_texts()
    assert cost(page, served, page.get_by_label(PLAIN).click) == 0
    assert same(shown(page), face) and page.locator('.component label').all_inner_texts() != labels
    expected = coordinates(faces, PLAIN, move_slider(faces, DECODER, faces.pca.mean_, 0, 2))[:8].clip(-3, 3)
    assert values(page) == pytest.approx(expected, abs=.03)
    drag(page, 2, .9)
    assert not same(shown(page), face)
    press(page, 'Undo')
    page.get_by_label(DECODER).click()
    settle(page)
    assert same(shown(page), face) and values(page) == pytest.approx([2] + 7*[0], abs=.01)


# The buttons below the face

def test_randomize_and_reset_decode_once(page, served, faces):
    assert cost(page, served, lambda: press(page, 'Randomize')) == 1
    assert values(page).any() and not shows(page, faces, faces.pca.mean_)
    assert cost(page, served, lambda: press(page, 'Mean')) == 1
    assert not values(page).any() and shows(page, faces, faces.pca.mean_)


def test_truncation_holds(page, faces):
    for truncation in (.2, 3):
        enter_number(page, 'truncation', truncation)
        press(page, 'Randomize')
        drawn = abs(coordinates(faces, PLAIN, link(page)[1]))
        assert .4*truncation < drawn.max() <= truncation + .02 # 64 draws are all below that once in a million


def test_undo_and_redo(page):
    pictures = [shown(page)]
    press(page, 'Randomize')
    pictures.append(shown(page))
    drag(page, 1, .95)
    pictures.append(shown(page))
    seen = []
    undo, redo = [page.get_by_role('button', name=name, exact=True) for name in ('Undo', 'Redo')]
    expect(redo).to_be_disabled()
    for name in ('Undo', 'Undo', 'Redo', 'Redo'):
        press(page, name)
        seen.append([i for i, p in enumerate(pictures) if same(shown(page), p)])
        expect(undo).to_be_enabled(enabled=seen[-1] != [0])
        expect(redo).to_be_enabled(enabled=seen[-1] != [2])
    assert seen == [[1], [0], [1], [2]]


def test_gauge_tells_how_usual_a_face_is(page):
    gauge = page.locator('#gauge')
    expect(gauge).to_contain_text('More usual than nearly all the training faces')
    full = float(gauge.locator('meter').get_attribute('value'))
    for i in range(1, 9): enter_number(page, f'component-{i}', 3)
    expect(gauge).not_to_contain_text('nearly all')
    assert full > .99 and float(gauge.locator('meter').get_attribute('value')) < .5
    keep(page, 'unusual')


def test_download(page, faces):
    enter_number(page, 'component-1', 2)
    with page.expect_download() as info: press(page, 'Download')
    assert info.value.suggested_filename == 'face.png'
    got, z = opened(info.value.path().read_bytes()), move_slider(faces, DECODER, faces.pca.mean_, 0, 2)
    assert info.value.path().read_bytes()[:4] == b'\x89PNG'
    assert got.shape == (1024, 1024, 3) and abs(got - np.asarray(picture(faces, z, 1024))).max() <= 2 # rounding errors


# Presets and links

def test_direction_with_strength(page, served, faces):
    tab(page, 'Presets')
    enter_number(page, 'strength', -1.5)
    z = faces.pca.mean_ - 1.5*faces.directions['turn head']
    assert abs(painted(page, 'turn head') - np.asarray(picture(faces, z, 64))).max() <= 2
    assert cost(page, served, lambda: press(page, 'turn head')) == 1
    assert shows(page, faces, z)
    keep(page, 'presets')
    press(page, 'Undo')
    assert shows(page, faces, faces.pca.mean_)


def painted(page, name):
    "The small picture on a button, once the page has painted it"
    canvas = page.get_by_role('button', name=name, exact=True).locator('canvas')
    expect(canvas).to_have_attribute('data-painted', re.compile('.'))
    return opened(base64.b64decode(canvas.evaluate('c => c.toDataURL()').split(',')[1]))[..., :3]


def save_as(page, name):
    tab(page, 'Presets')
    page.get_by_label('Name of this face').fill(name)
    press(page, 'Save in this browser')


def saved(page):
    "The names that the list of saved faces offers"
    page.locator('#saved input').click()
    names = page.get_by_role('option').all_inner_texts()
    page.locator('#saved input').blur()
    expect(page.get_by_role('option')).to_have_count(0)
    return [n.replace('✓', '').strip() for n in names]


def test_saved_face_outlives_the_page(page, served):
    press(page, 'Randomize')
    face = shown(page)
    save_as(page, 'Grandma ☺')
    enter(page, served[0])
    assert not same(shown(page), face)
    tab(page, 'Presets')
    choose(page, 'saved', 'Grandma ☺')
    assert same(shown(page), face)
    press(page, 'Undo')
    assert not same(shown(page), face)
    assert painted(page, 'Grandma ☺').std() > 10
    press(page, 'Grandma ☺')
    assert same(shown(page), face) and page.locator('#saved input').input_value() == 'Grandma ☺'


def test_rename_and_delete(page):
    save_as(page, 'a')
    save_as(page, 'b')
    page.get_by_label('Name of this face').fill('a')
    press(page, 'Rename')
    warned(page, 'already')
    page.get_by_label('Name of this face').fill('c')
    press(page, 'Rename')
    assert saved(page) == ['a', 'c']
    choose(page, 'saved', 'a')
    press(page, 'Delete')
    warned(page, 'a is deleted')
    assert saved(page) == ['c']
    press(page, 'Bring back')
    assert saved(page) == ['c', 'a']
    choose(page, 'saved', 'a')
    press(page, 'Delete')
    press(page, 'Delete')
    warned(page, 'choose one of your saved faces first')


def test_export_and_import(page, browser, served, faces):
    enter_number(page, 'component-1', 2)
    save_as(page, 'one')
    with page.expect_download() as info: press(page, 'Export')
    content = json.loads(info.value.path().read_text())
    one = content['faces'].pop('one')
    assert content == dict(format_version=1, run='faces', faces={})
    assert one == pytest.approx(move_slider(faces, DECODER, faces.pca.mean_, 0, 2), abs=1e-3)
    with visit(browser, served[0]) as other:
        bring(other, info.value.path().read_bytes())
        choose(other, 'saved', 'one')
        assert same(shown(other), shown(page))


def bring(page, content):
    tab(page, 'Presets')
    with page.expect_file_chooser() as info: page.get_by_text('Import', exact=True).click()
    info.value.set_files(dict(name='faces.json', mimeType='application/json', buffer=content))
    settle(page)


@pytest.mark.parametrize('name', ['faces', 'sixteen'])
def test_link_opens_the_same_face(page, browser, served, runs, name):
    if name != 'faces': choose(page, 'run', name)
    press(page, 'Randomize')
    face = shown(page)
    assert link(page)[0] == name
    address = page.locator('#address textarea').input_value()
    assert address == page.url
    with visit(browser, address) as other:
        assert same(shown(other), face) and other.locator('#run input').input_value() == name
        assert values(other) == pytest.approx(values(page), abs=.02)
        before = src(other)
        drag(other, 1, .05)
        assert src(other) != before


# Runs and visitors

def asked_once(page, action):
    "Act; was none of the server's functions called twice?"
    calls = []
    page.on('request', lambda r: 'queue/join' in r.url and calls.append(r.post_data_json['fn_index']))
    action()
    return len(calls) == len(set(calls)) > 0


def test_switching_runs(page, served, runs):
    label = page.locator('#component-1').inner_text()
    drag(page, 1, .1)
    assert asked_once(page, lambda: choose(page, 'run', 'four'))
    four = load_run(runs/'four')
    z = first_face(four)
    assert shows(page, four, z) and values(page, 4) == pytest.approx(coordinates(four, DECODER, z)[:4], abs=.006)
    expect(page.locator('#component-4')).to_be_visible()
    expect(page.locator('#component-5')).not_to_be_visible()
    assert page.locator('#component-1').inner_text() != label
    tab(page, 'About')
    expect(page.locator('#about')).to_contain_text(f'{four.config["results"]["mse"]:.4f}')
    keep(page, 'about')
    tab(page, 'Sliders')
    enter_number(page, 'component-2', 3)
    assert shows(page, four, move_slider(four, DECODER, z, 1, 3))
    choose(page, 'run', 'faces')
    expect(page.locator('#component-5')).to_be_visible()


def test_saved_faces_belong_to_a_run(page):
    save_as(page, 'mine')
    choose(page, 'run', 'four')
    assert saved(page) == []
    choose(page, 'run', 'faces')
    assert saved(page) == ['mine']


def test_visitors_do_not_share_faces(browser, served, faces):
    "Three at once, each with another slider; whose turn it is changes, whose face it is does not"
    with visit(browser, served[0]) as a, visit(browser, served[0]) as b, visit(browser, served[0]) as c:
        save_as(a, 'private')
        tab(a, 'Sliders')
        for step in (1, 2):
            for i, p in enumerate((a, b, c)): enter_number(p, f'component-{i + 1}', step)
        z = first_face(faces)
        for i, p in enumerate((a, b, c)): assert shows(p, faces, move_slider(faces, DECODER, z, i, 2))
        press(b, 'Undo')
        assert shows(b, faces, move_slider(faces, DECODER, z, 1, 1)) and value(c, 2) == value(a, 2)
        tab(b, 'Presets')
        assert saved(b) == []


# Hostile input

def presets(z, **more): return json.dumps(dict(dict(format_version=1, run='faces', faces={'a': z}), **more)).encode()


BAD_PRESETS = {
    presets([0.]*63): 'has 63 numbers', presets([float('nan')]*64): 'not JSON', presets([1e300]*64): 'within ±100',
    presets([0.]*64, more=1): 'these have others', presets([0.]*64, run='lfw'): "belong to the run 'lfw'",
    b'[' + b' '*10_000_000: 'larger than 1 MB', b'\x89PNG': 'not JSON'}


def test_bad_presets_are_refused(page):
    for content, says in BAD_PRESETS.items():
        bring(page, content)
        warned(page, says)
        page.get_by_test_id('toast-close').first.click()
    assert saved(page) == []
    alive(page)


BAD_LINKS = {
    '<img src="https://example.org/x.png">~AAA': 'not a name for a run',
    'faces~%%%': 'damaged or cut off', 'faces~AAAA': 'damaged or cut off', 'é': 'not a name for a run',
    '../../etc~AAAA': 'not a name for a run', 'nowhere~AAA': 'no run', 'faces~AAA': 'has 1 numbers', 'faces~AH4': 'NaN',
    'faces~' + 'A'*5000: 'longer than 4 kB'}


def test_bad_links_are_refused(page, served, faces):
    for text, says in BAD_LINKS.items():
        enter(page, f'{served[0]}?face={quote(text)}')
        warned(page, says)
        expect(page.get_by_test_id('toast-text').locator('*')).to_have_count(0) # text, and nothing else
        assert len(page.get_by_test_id('toast-text').inner_text()) <= 300
        assert shows(page, faces, first_face(faces))
    alive(page)


def test_run_names_that_no_page_would_send(page):
    "What the browser sends is changed on its way"
    def send_name(name):
        def handle(route):
            asked = route.request.post_data_json
            route.continue_(post_data=json.dumps(dict(asked, data=[name, *asked['data'][1:]])))
        page.route('**/queue/join*', handle)
    face = src(page)
    for name, says in (('../../etc', 'not in the list'), (None, 'no run')):
        send_name(name)
        press(page, 'Randomize')
        warned(page, says)
        page.unroute('**/queue/join*')
    assert src(page) == face
    keep(page, 'refused')
    alive(page)


def test_run_deleted_while_it_is_open(browser, served, runs):
    shutil.copytree(runs/'four', runs/'doomed')
    with visit(browser, served[0]) as page:
        choose(page, 'run', 'doomed')
        alive(page)
        shutil.rmtree(runs/'doomed')
        drag(page, 1, .9)
        expect(page.locator('#gauge [role=alert]')).to_have_text('there is no run doomed: choose another one')
        press(page, 'Randomize')
        warned(page, 'there is no run doomed: choose another one')
        keep(page, 'deleted-run')
        choose(page, 'run', 'sixteen')
        alive(page)
        page.locator('#run input').click()
        expect(page.get_by_role('option', name='faces')).to_be_visible()
        expect(page.get_by_role('option', name='doomed')).to_have_count(0)


def test_numbers_that_no_slider_has(page, faces):
    "What is too large is the largest, and an empty box goes back to its number"
    enter_number(page, 'component-1', 1e9)
    assert value(page, 1) == 3 and shows(page, faces, move_slider(faces, DECODER, faces.pca.mean_, 0, 3))
    enter_number(page, 'component-1', '')
    assert value(page, 1) == 3
    enter_number(page, 'truncation', -1e9)
    press(page, 'Randomize')
    expect(page.get_by_test_id('toast-body')).to_have_count(0)
    assert abs(coordinates(faces, PLAIN, link(page)[1])).max() <= .22


# For everybody

def rules(page):
    "Serious and critical violations of axe-core's rules"
    found = [v for v in Axe().run(page).response['violations'] if v['impact'] in ('serious', 'critical')]
    return [(v['id'], node['target'], node['html'][:120]) for v in found for node in v['nodes']]


TABS = 'Sliders', 'Presets', 'Photo', 'Morph', 'Map', 'Compare', 'About'


def any_tab(page, name):
    "Open a tab, also one that a phone keeps behind its three dots"
    if page.get_by_role('tab', name=name).is_visible(): return tab(page, name)
    page.locator('.overflow-menu > button').click()
    page.locator('.overflow-dropdown').get_by_text(name, exact=True).click()
    settle(page)


@pytest.mark.parametrize('theme', ['light', 'dark'])
@pytest.mark.parametrize('viewport', [PROJECTOR, PHONE], ids=['projector', 'phone'])
def test_accessible(browser, served, viewport, theme):
    with visit(browser, f'{served[0]}?__theme={theme}', viewport) as page:
        for name in TABS:
            any_tab(page, name)
            settle(page)
            stand_still(page)
            keep(page, f'{name.lower().replace(" ", "-")}-{theme}-{viewport["width"]}', full_page=True)
            assert not rules(page), name


def test_phone(browser, served, faces):
    with visit(browser, served[0], PHONE, is_mobile=True, has_touch=True) as page:
        assert page.evaluate('document.documentElement.scrollWidth') <= PHONE['width']
        expect(page.locator('#face img')).to_be_in_viewport(ratio=1)
        assert page.locator('#face img').bounding_box()['width'] > 250
        expect(slider(page, 1)).to_be_in_viewport(ratio=1) # without scrolling
        for i in range(1, 9): assert slider(page, i).bounding_box()['width'] > 250
        slider(page, 3).scroll_into_view_if_needed()
        page.touchscreen.tap(*place(page, 3, .9))
        settle(page)
        assert value(page, 3) == pytest.approx(2.4, abs=.2)
        assert shows(page, faces, move_slider(faces, DECODER, first_face(faces), 2, value(page, 3)))


def test_face_and_sliders_fit_on_a_projector(still):
    "Nobody has to scroll between a slider and the face"
    assert still.evaluate('document.documentElement.scrollWidth') <= PROJECTOR['width']
    for x in (still.locator('#face img'), still.locator('#gauge'), *(slider(still, i) for i in range(1, 9))):
        expect(x).to_be_in_viewport(ratio=1)


def test_a_large_screen_is_used(browser, served):
    with visit(browser, served[0], dict(width=1920, height=1080)) as page:
        left, right = [page.locator(x).bounding_box() for x in ('#face img', '#component-5')]
        assert right['x'] + right['width'] - left['x'] > 1600 and left['width'] > 600
        keep(page, 'app-1920')


def tab_to(page, name, role, key='Tab', steps=40):
    "Press the tab key until something of this role and name has the focus"
    get_focused = """() => {
        const e = document.activeElement
        return [e.getAttribute("aria-label") || e.innerText, e.getAttribute("role") || e.type]
    }"""
    for _ in range(steps):
        page.keyboard.press(key)
        focused = page.evaluate(get_focused)
        if re.fullmatch(name, (focused[0] or '').strip()) and focused[1] == role: return
    raise AssertionError(f'the tab key does not reach {name}')


def test_keyboard_only(page, faces):
    first = src(page)
    tab_to(page, 'Randomize', 'submit')
    page.keyboard.press('Enter')
    settle(page)
    drawn = src(page)
    page.keyboard.press('Space')
    settle(page)
    assert len({first, drawn, src(page)}) == 3
    tab_to(page, 'Sliders', 'tab')
    tab_to(page, 'range slider for PC1.*', 'range')
    before = src(page)
    page.keyboard.press('End')
    settle(page)
    assert value(page, 1) == 3 and src(page) != before
    tab_to(page, 'Presets', 'tab', key='Shift+Tab')
    page.keyboard.press('Enter')
    expect(page.locator('#directions')).to_be_visible()


@pytest.mark.parametrize('key', ['Escape', 'Tab'])
def test_an_open_list_closes(page, key):
    page.locator('#run input').click()
    expect(page.get_by_role('option').first).to_be_visible()
    page.keyboard.press(key)
    expect(page.get_by_role('option')).to_have_count(0)
    expect(page.locator('#run input')).to_have_attribute('aria-expanded', 'false')


def test_arrow_keys_go_from_tab_to_tab(page):
    def focused(): return page.evaluate('document.activeElement.innerText')
    page.get_by_role('tab', name='Sliders').focus()
    for key, name in (('ArrowRight', 'Presets'), ('ArrowLeft', 'Sliders'), ('End', 'About'), ('ArrowRight', 'Sliders')):
        page.keyboard.press(key)
        expect(page.get_by_role('tab', name=name)).to_have_attribute('aria-selected', 'true')
        assert focused() == name


def test_changes_are_said(page):
    "To a screen reader: which face is shown, how usual it is, and where a slider stands"
    status = page.locator('#gauge [role=status], #gauge[role=status]')
    slider(page, 1).focus()
    for _ in range(4): page.keyboard.press('ArrowRight')
    settle(page)
    expect(slider(page, 1)).to_have_attribute('aria-valuetext', '0.2 standard deviations')
    expect(status).to_contain_text(re.compile(r'PC1.* at 0\.20 standard deviations\..*training faces', re.S))
    press(page, 'Randomize')
    expect(status).to_contain_text('A random face')


def test_focus_is_visible(still):
    "Who uses the keyboard sees where it is"
    get_outline = 'e => { const s = getComputedStyle(e); return [s.outlineStyle, s.outlineWidth, s.boxShadow] }'
    button, presets = still.get_by_role('button', name='Randomize'), still.get_by_role('tab', name='Presets')
    for where in (slider(still, 1), button, presets):
        plain = where.evaluate(get_outline)
        still.keyboard.press('Tab')
        where.focus()
        assert where.evaluate(get_outline) != plain


# Starting

def test_only_this_computer_is_served(served):
    "By default nobody else in the room can connect"
    port = int(re.search(r':(\d+)', served[0])[1])
    socket.create_connection(('127.0.0.1', port), PATIENCE).close()
    with pytest.raises(ConnectionRefusedError): socket.create_connection(('127.0.0.2', port), PATIENCE)


def test_only_this_computers_names_are_answered(served):
    "A page from elsewhere may give its own name our address"
    port = re.search(r':(\d+)', served[0])[1]
    assert 'Face autoencoder' in read(served[0], Host=f'localhost:{port}')
    with pytest.raises(HTTPError, match='400'): read(served[0], Host=f'evil.example:{port}')


def test_nobody_leaves_files(served):
    upload = Request(f'{served[0]}gradio_api/upload', b'x', {'Content-Type': 'multipart/form-data; boundary=y'})
    with pytest.raises(HTTPError, match='403'): build_opener(ProxyHandler({})).open(upload)


def test_broken_runs_are_left_out(runs, tmp_path):
    shutil.copytree(runs, tmp_path/'runs')
    weights = tmp_path/'runs'/'sixteen'/'model.safetensors'
    weights.write_bytes(weights.read_bytes()[:-1])
    demo = launch('four', tmp_path/'runs', block=False)
    assert '"four"' in (config := read(demo.local_url + 'config')) and '"sixteen"' not in config
    demo.close()
    done = run('fae_app', '--runs', tmp_path/'runs', '--run', 'sixteen', check=False)
    assert done.returncode == 2 and 'cut off' in done.stderr and 'Traceback' not in done.stderr


def test_port_in_use(runs):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen()
        done = run('fae_app', '--runs', runs, '--port', s.getsockname()[1], check=False)
    assert done.returncode == 2
    assert re.fullmatch(r'fae_app: port \d+ is in use: .*', done.stderr.strip().splitlines()[-1])
    assert 'Traceback' not in done.stderr


@contextmanager
def serving(runs, **env):
    "The command `fae_app` in a process of its own: the process, and the address that it prints"
    command = [str(BIN/'fae_app'), '--runs', str(runs), '--run', 'faces']
    def heed_ctrl_c(): signal.signal(signal.SIGINT, signal.SIG_DFL) # which a shell's background jobs are told not to
    p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c,
                         env=dict(os.environ, PYTHONUNBUFFERED='1', **env))
    try: yield p, next(m[0] for line in p.stdout for m in [re.search(r'http://127\.0\.0\.1:\d+', line)] if m)
    finally:
        p.kill()
        p.communicate()


def test_command_prints_its_address_whatever_the_proxy(tmp_path):
    "A school's network names proxies in the environment, which do not lead to this computer"
    nobody = dict(HTTP_PROXY='http://127.0.0.1:9', http_proxy='http://127.0.0.1:9', ALL_PROXY='socks://127.0.0.1:9')
    with serving(tmp_path, **nobody) as (_, url): assert 'Face autoencoder' in read(url)


def test_ends_with_an_open_page(browser, tmp_path):
    "Ctrl-C, also while somebody looks and has just sent a photo; nothing is left in the folder for uploads"
    with serving(tmp_path, GRADIO_TEMP_DIR=str(tmp_path/'uploads'), TMPDIR=str(tmp_path)) as (p, url):
        with visit(browser, url) as page:
            tab(page, 'Photo')
            page.locator('#photo input[type=file]').set_input_files(dict(
                name='photo.png', mimeType='image/png', buffer=as_file(visitor())))
            p.send_signal(signal.SIGINT)
            assert p.wait(PATIENCE) == 0
    assert not [f for f in tmp_path.rglob('*') if f.is_file()]
