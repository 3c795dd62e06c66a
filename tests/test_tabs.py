"""The app's other tabs in a real browser: photo, morph, map, compare."""
import base64, re, zlib
from io import BytesIO

import numpy as np
import pytest
from browsing import alive, as_file, choose, cost, enter_number, keep, link, opened, press, same, settle, shown
from browsing import shows, src, tab, upload, visit, visitor, warned
from PIL import Image
from playwright.sync_api import expect

from face_autoencoder.app.explore import bases, picture
from face_autoencoder.app.maps import N_MAP_FACES, code_on_map, place_on_map
from face_autoencoder.app.photo import crop_photo, encode_photo, find_face, open_photo
from face_autoencoder.app.tabs import first_slots


def go(page, name):
    tab(page, name)
    settle(page)


def code(page, back):
    "Code of the face that is shown"
    z = link(page)[1]
    go(page, back)
    return z


# Photo

def left_on_disk(served):
    "Files that the app has kept"
    return [f for f in served[2].rglob('*') if f.is_file()]


def fit(page): return page.locator('#fit img')


def frame(image):
    "Where the app looks at first"
    return np.round(find_face(image) or (.5, .5, 1), 2)


def error(page): return float(re.search(r'MSE\) ([\d.]+);', page.locator('#fit').inner_text())[1])


@pytest.fixture
def photo(page):
    go(page, 'Photo')
    return page


def test_photo_is_encoded_and_forgotten(photo, served, faces):
    assert cost(photo, served, lambda: upload(photo, as_file(visitor()))) == 2 # in the tab, and the face
    seen = crop_photo(visitor(), 64, *frame(visitor()))
    assert shows(photo, faces, encode_photo(faces, seen))
    expect(fit(photo)).to_have_count(4)
    assert abs(code(photo, 'Photo') - encode_photo(faces, seen)).max() < .01
    assert not left_on_disk(served)
    keep(photo, 'photo', full_page=True)
    press(photo, 'Undo')
    assert shows(photo, faces, faces.pca.mean_)


def test_the_last_photo_wins(photo, served, faces):
    "A photo that is chosen while another is still read is not dropped"
    others = [Image.new('RGB', (300, 300), colour) for colour in ('red', 'green', 'blue')]
    for image in (*others, visitor()):
        photo.locator('#photo input[type=file]').set_input_files(dict(
            name='photo.png', mimeType='image/png', buffer=as_file(image)))
    settle(photo)
    seen = crop_photo(visitor(), 64, *frame(visitor()))
    assert shows(photo, faces, encode_photo(faces, seen)) and not left_on_disk(served)


def test_crop_by_hand(photo, faces):
    wall = Image.new('RGB', (600, 400), 'white')
    wall.paste(visitor(), (380, 180))
    upload(photo, as_file(wall))
    for name, number in (('x', .79), ('y', .69), ('zoom', 2.)): enter_number(photo, f'crop-{name}', number)
    assert shows(photo, faces, encode_photo(faces, crop_photo(wall, 64, .79, .69, 2.)))
    around, inner = [photo.locator(f'#fit .frame {x}').bounding_box() for x in ('img', 'span')]
    middle = [(inner[x] + inner[w]/2 - around[x])/around[w] for x, w in (('x', 'width'), ('y', 'height'))]
    assert middle == pytest.approx([.79, .69], abs=.01)
    assert inner['height']/around['height'] == pytest.approx(.5, abs=.01)
    keep(photo, 'crop', full_page=True)


def test_examples(photo, faces):
    photo.locator('#examples button').nth(1).click()
    settle(photo)
    scene = open_photo(BytesIO(base64.b64decode(
        photo.locator('#examples img').nth(1).get_attribute('src').split(',')[1])))
    assert shows(photo, faces, encode_photo(faces, crop_photo(scene, 64, *frame(scene)))) and error(photo) < .04
    expect(fit(photo)).to_have_count(4)
    choose(photo, 'run', 'lfw')
    settle(photo)
    photo.locator('#examples button').first.click()
    settle(photo)
    expect(fit(photo)).to_have_count(4)


def test_refine_lowers_the_error(photo, faces):
    upload(photo, as_file(visitor()))
    before, face = error(photo), shown(photo)
    photo.evaluate("""() => {
        window.progress = []
        const fit = document.querySelector('#fit')
        const watch = () => progress.push(fit.querySelector('progress')?.value)
        new MutationObserver(watch).observe(fit, {subtree: true, childList: true, attributes: true})
    }""")
    press(photo, 'Refine: search for a better code')
    expect(photo.locator('#fit progress')).to_have_count(0)
    assert set(photo.evaluate('progress')) & set(range(0, 50, 5)) # a bar was there meanwhile
    assert error(photo) < .97*before and not same(shown(photo), face)
    assert shows(photo, faces, code(photo, 'Photo'))
    press(photo, 'Undo')
    assert same(shown(photo), face)


def test_another_run_sees_the_same_photo(photo):
    upload(photo, as_file(visitor()))
    choose(photo, 'run', 'sixteen')
    enter_number(photo, 'crop-zoom', 1.5)
    expect(fit(photo)).to_have_count(4)


exif = Image.Exif()
exif[0x0112] = 3 # upside down
AWKWARD = {
    'turned': dict(image=visitor().rotate(180), kind='JPEG', quality=95, exif=exif),
    'cmyk': dict(image=visitor().convert('CMYK'), kind='JPEG', quality=95),
    'animated': dict(image=visitor(), kind='GIF', save_all=True, append_images=[Image.new('RGB', (192, 192))])}


@pytest.mark.parametrize('how', AWKWARD.values(), ids=AWKWARD)
def test_awkward_photos_are_fine(photo, faces, how):
    content = as_file(**how)
    upload(photo, content, f'photo.{how["kind"].lower()}')
    seen = open_photo(BytesIO(content))
    assert abs(np.asarray(seen, dtype=float) - np.asarray(visitor())).mean() < 12
    assert shows(photo, faces, encode_photo(faces, crop_photo(seen, 64, *frame(seen))))


def bomb():
    "A PNG that says it is 50,000 pixels wide and high"
    small = bytearray(as_file(Image.new('RGB', (64, 64))))
    small[16:24] = (50_000).to_bytes(4, 'big')*2
    small[29:33] = zlib.crc32(small[12:29]).to_bytes(4, 'big')
    return bytes(small)


SCRIPT = b'<svg xmlns="http://www.w3.org/2000/svg"><script>document.title = "hacked"</script></svg>'
HOSTILE = {
    'text': (b'hello', 'not a picture'), 'svg': (SCRIPT, 'not a picture'), 'bomb': (bomb(), '50 megapixels'),
    'truncated': (as_file(visitor().resize((600, 600)), 'JPEG')[:9000], 'damaged or cut off'),
    'dot': (as_file(Image.new('RGB', (1, 1))), '1 x 1 pixels'),
    'large': (as_file(Image.new('RGB', (64, 64))) + bytes(60_000_000), '20')}


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_photos_are_refused(photo, served, name):
    content, says = HOSTILE[name]
    upload(photo, content, 'photo.svg' if name == 'svg' else 'photo.png')
    if name == 'large': expect(photo.locator('#photo p')).to_contain_text(says) # the browser does not even send it
    else: warned(photo, says)
    keep(photo, f'refused-{name}')
    expect(fit(photo)).to_have_count(0)
    assert photo.title() != 'hacked' and not left_on_disk(served)
    alive(photo)


def test_webcam(browser, served):
    "Chromium's own test picture, as no camera is here"
    with visit(browser, served[0], permissions=['camera']) as page:
        go(page, 'Photo')
        page.get_by_role('button', name='Use the camera').click()
        video = 'document.querySelector("#photo video")'
        page.wait_for_function(f'{video}?.readyState > 3 && {video}.currentTime > .2')
        page.get_by_role('button', name='Take the photo').click()
        expect(fit(page)).to_have_count(4)
        settle(page)
        assert not left_on_disk(served)


# Morph

def test_slots_take_faces(page, faces):
    go(page, 'Morph')
    expect(page.locator('#strip img')).to_have_count(9)
    slots = page.locator('.slot img')
    for name in 'ABC': expect(page.locator(f'#number-{name} input')).to_have_value('') # none of them is a training face
    first, strip = [s.get_attribute('src') for s in slots.all()], page.locator('#strip').inner_html()
    page.locator('#shown-B').click()
    page.locator('#random-C').click()
    settle(page)
    page.locator('#number-A input').fill('17')
    settle(page)
    assert all(a != b.get_attribute('src') for a, b in zip(first, slots.all()))
    assert page.locator('#strip').inner_html() != strip
    page.locator('#number-A input').fill('')
    settle(page)
    expect(page.get_by_test_id('toast-body')).to_have_count(0)
    page.locator('#number-A input').fill('999999')
    warned(page, 'training faces 0 to')


def test_walk_from_a_to_b(page, served, faces):
    go(page, 'Morph')
    a, b, c = first_slots(faces).values()
    page.get_by_label('Straight (lerp)').click()
    settle(page)
    enter_number(page, 'morph', .25)
    assert shows(page, faces, .75*a + .25*b)
    walk = page.locator('#morph input[type=range]')
    walk.focus()
    assert cost(page, served, lambda: page.keyboard.press('End') or settle(page)) <= 3
    assert shows(page, faces, b)
    keep(page, 'morph', full_page=True)
    press(page, 'Show A − B + C')
    assert shows(page, faces, a - b + c)
    press(page, 'Undo')
    assert shows(page, faces, b)


def test_play(page, served, faces):
    "The slider goes from A to B by itself, painted by the browser; the server confirms the last face"
    go(page, 'Morph')
    seen = page.evaluate("""async () => {
        const seen = new Set(), face = document.querySelector('#face')
        const look = () => seen.add(face.querySelector('img').src)
        new MutationObserver(look).observe(face, {subtree: true, attributes: true, childList: true})
        document.querySelector('#play').click()
        const slider = document.querySelector('#morph input[type=range]')
        while (slider.value != 1) await new Promise(requestAnimationFrame)
        return seen.size
    }""")
    settle(page)
    assert seen >= 2 # at least its ends, however busy the machine is
    expect(page.locator('#morph input[type=number]')).to_have_value('1')
    assert shows(page, faces, first_slots(faces)['B'])


def test_film_to_keep(page):
    go(page, 'Morph')
    with page.expect_download() as info: press(page, 'Download the film (GIF)')
    gif = Image.open(info.value.path())
    assert (info.value.suggested_filename, gif.format, gif.n_frames) == ('film.gif', 'GIF', 38)


def test_slots_belong_to_a_run(page, runs):
    go(page, 'Morph')
    before = page.locator('#strip').inner_html()
    choose(page, 'run', 'sixteen')
    assert page.locator('#strip').inner_html() != before
    press(page, 'Show A − B + C')
    assert src(page)


# Map

def test_click_on_the_map(page, faces):
    go(page, 'Map')
    box = page.locator('#map img').bounding_box()
    page.locator('#map img').click(position=dict(x=.3*box['width'], y=.6*box['height']))
    settle(page)
    z = code_on_map(faces, 'components', N_MAP_FACES, 1000, .3, .6)
    there, expected = bases(faces)['Through the decoder'].transform([code(page, 'Map'), z])
    assert abs(there - expected).max() < .05
    keep(page, 'map', full_page=True)


def test_tsne_shows_the_nearest_face(page, faces):
    go(page, 'Map')
    page.get_by_label('t-SNE').click()
    settle(page)
    keep(page, 'tsne', full_page=True)
    box = page.locator('#map img').bounding_box()
    page.locator('#map img').click(position=dict(x=.5*box['width'], y=.4*box['height']))
    settle(page)
    assert abs(faces.latents.mu - code(page, 'Map')).max(1).min() < .01 # one of the run's own


def test_map_by_keyboard(page, faces):
    go(page, 'Map')
    x, y = place_on_map(faces, 'components', N_MAP_FACES, 1000, faces.pca.mean_)
    page.locator('#map .map').focus()
    for key in ['ArrowRight']*5 + ['ArrowUp']*3 + ['Enter']: page.keyboard.press(key)
    settle(page)
    assert shows(page, faces, code_on_map(faces, 'components', N_MAP_FACES, 1000, x + .1, y - .06))


def test_map_of_another_run(page):
    go(page, 'Map')
    first = page.locator('#map img').get_attribute('src')
    choose(page, 'run', 'sixteen')
    expect(page.locator('#map img')).to_have_count(0)
    page.get_by_label('t-SNE').click()
    settle(page)
    assert page.locator('#map img').get_attribute('src') != first


# Compare

def opened_in(image): return opened(base64.b64decode(image.get_attribute('src').split(',')[1]))


def test_two_runs_under_the_same_sliders(page, faces):
    go(page, 'Compare')
    choose(page, 'other', 'sixteen')
    left, right = [page.locator(f'#{side}-face img') for side in ('left', 'right')]
    before = left.get_attribute('src'), right.get_attribute('src')
    mean = np.asarray(picture(faces, faces.pca.mean_, 384), dtype=float) # the page begins with it, and so does this tab
    assert abs(opened_in(left) - mean).mean() < 2
    table = page.locator('#comparison')
    for words in ('faces', 'sixteen', 'nats', 'active units', 'verdict'): expect(table).to_contain_text(words)
    enter_number(page, 'both-1', 2)
    assert left.get_attribute('src') != before[0] and right.get_attribute('src') != before[1]
    assert '|' in page.locator('#both-1 label').inner_text()
    keep(page, 'compare', full_page=True)
    choose(page, 'run', 'four')
    expect(page.locator('#left-face figcaption')).to_have_text('four')
