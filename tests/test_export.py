"""Runs that decode in a page: the same numbers as PyTorch, in node and in a browser, from a disk, without a network."""
import json, shutil, subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import torch
from browsing import PATIENCE
from conftest import ROOT, run
from PIL import Image, ImageSequence
from playwright.sync_api import expect

from face_autoencoder.app.explore import bases, first_face, picture, typicality
from face_autoencoder.app.export import export_runs, run_script
from face_autoencoder.app.sharing import face_to_text, text_to_face
from face_autoencoder.cli import fae_export
from face_autoencoder.core import evaluating, have, to_float
from face_autoencoder.course.slides import axe_violations
from face_autoencoder.directions import slerp
from face_autoencoder.faces import render_faces, sample_factors
from face_autoencoder.latents import LatentPCA
from face_autoencoder.model import ConvVAE
from face_autoencoder.runs import begin_run, load_run, pretrained_dir

DECODER = 'Through the decoder'
PARTS = dict(Sliders='The decoded face', Inside='Reconstruction from μ', Map='The face under the pointer',
             Morph='The face between A and B')


@pytest.fixture(scope='module')
def folder(faces, tmp_path_factory):
    small = [load_run(pretrained_dir(small=True)/name) for name in ('healthy', 'collapsed')]
    return export_runs([faces, small[0]], tmp_path_factory.mktemp('export'), small[1:]).parent


def transposed(folder, name='odd', **results):
    "A run of another shape: transposed convolutions, 48 pixels, three blocks, BatchNorms that do something"
    torch.manual_seed(1)
    shape = dict(latent_dim=10, image_channels=3, base_channels=12, image_size=48, n_blocks=3)
    model = ConvVAE(**shape)
    for _ in range(3): model(torch.randn(8, 3, 48, 48))
    return begin_and_finish(folder, model, shape, name, results)


def begin_and_finish(folder, model, shape, name, results):
    training = begin_run(folder, dict(model=shape, data=dict(source='faces'), loss=dict(beta=1., loss='mse')), name)
    training.finish(model.eval(), LatentPCA().fit(np.random.default_rng(0).normal(size=(99, 10))), results)
    return load_run(training.path)


def in_node(folder, run, x, *plain):
    "What vae.js says of pictures: mu, logvar, reconstructions; and what it printed"
    if not have(shutil.which('node'), 'node'): pytest.skip('node is missing')
    x.permute(0, 2, 3, 1).contiguous().numpy().astype('<f4').tofile(folder/'x.bin')
    command = ['node', ROOT/'tests'/'export_parity.js', folder, run.name, *plain]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    mu, logvar, pictures = [np.fromfile(folder/f'{name}.bin', '<f4') for name in ('mu', 'logvar', 'pictures')]
    pictures = pictures.reshape(len(x), *x.shape[2:], 3).transpose(0, 3, 1, 2)
    return mu.reshape(len(x), -1), logvar.reshape(len(x), -1), pictures, said


def compare(run, x, mu, logvar, pictures):
    with evaluating(run.model):
        ours = run.model.encode(x)
        decoded = run.model.decode(torch.from_numpy(mu))
    assert abs(mu - ours[0].numpy()).max() < .01 and abs(logvar - ours[1].numpy()).max() < .01
    assert abs(pictures - decoded.numpy()).max()*127.5 < 1 # grey levels


def test_node_and_pytorch_agree(folder, faces):
    "And sliders move as in Python, and addresses are those of the app"
    x = to_float(render_faces(sample_factors(200, 5), 64))
    *found, said = in_node(folder, faces, x)
    compare(faces, x, *found)
    assert np.allclose(said['moved'], [0, 2, 0], atol=.02)
    name, z = text_to_face(f'faces~{said["text"]}')
    assert name == 'faces' and np.allclose(z, said['z'], atol=.002) and np.allclose(z, said['back'])
    assert face_to_text('faces', z).endswith(said['text'])
    a, b = map(np.array, said['ends'])
    assert np.allclose(a, first_face(faces), atol=.002) and np.allclose(slerp(a, b, [.3])[0], said['way'], atol=1e-4)
    assert np.allclose(said['usual'], [typicality(faces, x).farther for x in (faces.pca.mean_, a)], atol=.011)


@pytest.mark.parametrize('plain', [(), ('plain',)])
def test_other_shapes(tmp_path, plain):
    "With WebAssembly, and with the loops for browsers that lack it"
    run, x = transposed(tmp_path/'runs', sigma=.1), torch.rand(5, 3, 48, 48)*2 - 1
    (tmp_path/'runs'/'odd.js').write_text(run_script(run))
    *found, _ = in_node(tmp_path, run, x, *plain)
    compare(run, x, *found)


@pytest.fixture
def page(browser, folder):
    "The page from the disk, offline, in which nothing may go wrong"
    with browser.new_context(viewport=dict(width=1280, height=800), offline=True) as context:
        context.set_default_timeout(1000*PATIENCE)
        page, wrong = context.new_page(), []
        for event in 'pageerror', 'requestfailed': page.on(event, lambda e: wrong.append(e))
        page.on('console', lambda m: m.type == 'error' and wrong.append(m.text))
        page.goto((folder/'index.html').as_uri())
        page.locator('.slider').first.wait_for()
        yield page
        assert not wrong


def seen(page, label='The decoded face'):
    "The pixels of a canvas, once the page has painted"
    page.evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')
    pixels = page.get_by_label(label, exact=True).evaluate(
        "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)")
    return np.array(pixels).reshape(64, 64, 4)[..., :3]


def face_of(page):
    page.wait_for_function("location.hash.length > 20")
    return text_to_face(page.evaluate("document.querySelector('vae-explorer').face.text"))


def shows(page, run, z, label='The decoded face'):
    return abs(seen(page, label) - np.asarray(picture(run, z, 64)).astype(int)).max() <= 1


def tab(page, name): page.get_by_role('tab', name=name).click()


def test_sliders(page, faces):
    slider = page.get_by_label('PC2', exact=False).first
    slider.fill('1.5')
    name, z = face_of(page)
    assert name == 'faces' and abs(bases(faces)[DECODER].transform([z])[0, 1] - 1.5) < .03
    assert shows(page, faces, z)
    expect(page.locator('.ends').nth(1)).to_have_text('◄ looks right' + 'looks left ►')
    page.get_by_role('button', name='Undo').click()
    expect(page.get_by_role('button', name='Redo')).to_be_enabled()
    page.get_by_label('add smile').fill('2')
    smiles = face_of(page)[1]
    page.get_by_label('add smile').fill('0')
    step = smiles - face_of(page)[1]
    assert np.allclose(step, 2*np.asarray(faces.directions['add smile']), atol=.02)
    page.get_by_role('button', name='Random').click()
    assert shows(page, faces, face_of(page)[1])


def test_faces_to_go_back_to(page, faces):
    "The run's own are always there, one's own outlive the page, and what a browser has kept is checked"
    page.get_by_role('button', name='Person 2', exact=True).click()
    second = face_of(page)[1]
    assert abs(faces.latents.mu - second).max(1).min() < .01
    page.get_by_label('PC1', exact=False).first.fill('2.5')
    mine = face_of(page)[1]
    page.get_by_role('button', name='Keep this face').click()
    page.evaluate('''localStorage.setItem('face_autoencoder faces', JSON.stringify(
        [...JSON.parse(localStorage.getItem('face_autoencoder faces')), 'faces~AAAA', 'elsewhere~AAAA', '<b>', 7]))''')
    page.get_by_role('button', name='Random').click()
    page.reload()
    page.locator('.slider').first.wait_for()
    expect(page.get_by_role('button', name='your face', exact=False)).to_have_count(2) # it, and to forget it
    page.get_by_role('button', name='your face 1', exact=True).click()
    assert np.allclose(face_of(page)[1], mine, atol=.01)
    page.get_by_role('button', name='Forget your face 1').click()
    expect(page.get_by_role('button', name='your face', exact=False)).to_have_count(0)


def test_an_address_opens_its_face(page, folder, faces):
    z = faces.latents.mu[7]
    page.goto(f"{(folder/'index.html').as_uri()}?#{face_to_text('faces', z)}")
    page.locator('.slider').first.wait_for()
    assert shows(page, faces, z.astype('<f2').astype(np.float32))


def test_inside(page, faces, tmp_path):
    "A picture's error and nats are those of PyTorch; another draw changes the picture, another model the nats"
    face = render_faces(sample_factors(1, 3), 64)[0].permute(1, 2, 0).numpy()
    Image.fromarray(face).save(tmp_path/'face.png')
    tab(page, 'Inside')
    page.get_by_label('Model').select_option('faces')
    page.locator('input[type=file]').set_input_files(tmp_path/'face.png')
    expect(page.locator('vae-inside [role=status]')).to_have_text('Your picture stays in this page.')
    x = to_float(torch.from_numpy(face).permute(2, 0, 1)[None])
    with evaluating(faces.model): mu, logvar = faces.model.encode(x)
    kl = .5*(mu.square() + logvar.exp() - 1 - logvar).sum().item()
    nats = page.locator('dt:text-is("KL") + dd')
    page.wait_for_function(f"Math.abs(parseFloat(document.querySelectorAll('.figures dd')[1].textContent) - {kl}) <= 1")
    assert shows(page, faces, mu[0].numpy(), 'Reconstruction from μ')
    drawn, mean = [seen(page, f'Reconstruction from {code}') for code in 'zμ']
    page.get_by_role('button', name='Draw ε again').click()
    assert (seen(page, 'Reconstruction from z') != drawn).any()
    page.get_by_label('Noise').select_option('10 × ε')
    louder = seen(page, 'Reconstruction from z')
    assert abs(louder - mean).mean() > 3*abs(drawn - mean).mean()
    page.get_by_label('Noise').select_option('1 × ε')
    page.get_by_label('Model').select_option('collapsed')
    expect(nats).to_have_text('0 nats')
    whole = page.get_by_label('Your picture, with the frame')
    before = whole.evaluate('c => c.toDataURL()')
    page.get_by_label('Zoom').fill('2')
    assert page.evaluate('new Promise(requestAnimationFrame)') and whole.evaluate('c => c.toDataURL()') != before
    (tmp_path/'text.png').write_text('hello')
    page.locator('input[type=file]').set_input_files(tmp_path/'text.png')
    expect(page.locator('vae-inside [role=status]')).to_contain_text('not a picture')
    page.get_by_role('button', name='The face of the sliders').click()
    expect(page.locator('vae-inside [role=status]')).to_be_empty()
    assert shows(page, faces, text_to_face(page.evaluate("document.querySelector('vae-explorer').face.text"))[1],
                 'The picture x')


def test_map_and_film(page, faces):
    tab(page, 'Map')
    map = page.locator('canvas.map')
    map.focus()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('Enter')
    known = np.float32(np.float16(faces.latents.mu))
    assert abs(known - face_of(page)[1]).max(1).min() < .01 # a training face's code
    box = map.bounding_box()
    page.mouse.move(box['x'] + 100, box['y'] + 300)
    page.mouse.down()
    for i in range(12): page.mouse.move(box['x'] + 100 + 30*i, box['y'] + 300)
    page.mouse.up()
    before = page.evaluate("document.querySelector('vae-explorer').face.text")
    page.get_by_role('button', name='Play the path').click()
    page.wait_for_function("before => document.querySelector('vae-explorer').face.text != before", arg=before)
    def text(): return page.evaluate("document.querySelector('vae-explorer').face.text")
    map.click(position=dict(x=50, y=50)) # a click takes a face, and the film gives way
    taken = text()
    page.wait_for_timeout(400)
    assert text() == taken
    page.mouse.move(box['x'] + 100, box['y'] + 300)
    page.mouse.down()
    for i in range(12): page.mouse.move(box['x'] + 100 + 30*i, box['y'] + 300)
    page.mouse.up()
    expect(page.get_by_role('button', name='Play the path')).to_be_enabled()
    page.locator('vae-map select').first.select_option('components') # a line on another map is none on this one
    expect(page.get_by_role('button', name='Play the path')).to_be_disabled()


def test_morph_and_other_runs(page, faces):
    tab(page, 'Morph')
    page.get_by_label('From A to B').fill('1')
    end = seen(page, 'The face between A and B')
    assert abs(end - seen(page, 'Face B')).max() <= 1 and abs(end - seen(page, 'Face A')).max() > 20
    page.locator('.top select').select_option('healthy')
    tab(page, 'Inside')
    expect(page.get_by_label('Model')).to_have_value('healthy')
    tab(page, 'Sliders')
    assert face_of(page)[0] == 'healthy'
    expect(page.locator('.slider')).to_have_count(8)


def test_the_last_choice_counts(page):
    "A model whose file comes late does not take the place of one that was chosen after it"
    tab(page, 'Inside')
    page.evaluate('''async () => {
        const inside = document.querySelector('vae-inside')
        inside.switchTo('collapsed'); inside.switchTo('faces')
        await vae.open('collapsed')
    }''')
    expect(page.locator('vae-inside')).to_contain_text('Verdict: healthy')


def test_tour(page):
    "It shows what it speaks of, goes back, is left by Escape or another part, and goes on from there"
    page.set_viewport_size(dict(width=390, height=640)) # where little is seen without scrolling
    tour, nats = page.locator('.tour'), page.locator('dt:text-is("KL") + dd')
    def at(n): expect(tour).to_contain_text(f'{n} of 5.')
    def go(name): tour.get_by_role('button', name=name).click()
    page.get_by_role('button', name='A tour in five steps').click()
    go('Next')
    at(2)
    expect(page.get_by_role('button', name='Draw ε again')).to_be_in_viewport()
    go('Next')
    expect(nats).to_have_text('0 nats') # of the collapsed model
    page.keyboard.press('Escape')
    expect(tour).to_be_hidden()
    page.get_by_role('button', name='Go on with the tour').click()
    at(3)
    go('Back')
    expect(nats).not_to_have_text('0 nats')
    tab(page, 'Morph')
    expect(tour).to_be_hidden()
    page.get_by_role('button', name='Go on with the tour').click()
    for _ in range(3): go('Next')
    expect(page.locator('canvas.map')).to_be_in_viewport()
    go('End')
    expect(tour).to_be_hidden()


def test_the_tours_film_gives_way(page):
    "The first slider moves by itself, and stops when a visitor moves the face; undone in one step"
    page.emulate_media(reduced_motion='no-preference')
    def text(): return page.evaluate("document.querySelector('vae-explorer').face.text")
    before = text()
    page.get_by_role('button', name='A tour in five steps').click()
    for _ in range(3): page.locator('.tour').get_by_role('button', name='Next').click()
    page.wait_for_function("before => document.querySelector('vae-explorer').face.text != before", arg=before)
    page.get_by_role('button', name='Random').click()
    chosen = text()
    page.wait_for_timeout(400)
    assert text() == chosen
    for _ in range(2): page.get_by_role('button', name='Undo').click()
    assert text() == before


def test_a_tour_without_the_collapsed_model(browser, tmp_path):
    "It says nothing of a model that is not there"
    index = export_runs([load_run(pretrained_dir(small=True)/'healthy')], tmp_path)
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto(index.as_uri())
        page.get_by_role('button', name='A tour in four steps').click()
        for _ in range(3):
            expect(page.locator('.tour')).not_to_contain_text('almost nothing')
            page.locator('.tour').get_by_role('button', name='Next').click()


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('size', [(320, 640), (1920, 1080)])
def test_every_part_in_every_size(browser, folder, size, scheme):
    "Nothing wider than the window, no serious violation of axe-core's rules"
    viewport = dict(width=size[0], height=size[1])
    with browser.new_context(viewport=viewport, offline=True, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto((folder/'index.html').as_uri())
        page.locator('.slider').first.wait_for()
        for name, canvas in PARTS.items():
            tab(page, name)
            seen(page, canvas)
            assert page.evaluate('document.documentElement.scrollWidth') <= size[0], name
            assert axe_violations(page) == [], name
            (ROOT/'artifacts').mkdir(exist_ok=True)
            page.screenshot(path=ROOT/'artifacts'/f'explorer-{name.lower()}-{size[0]}-{scheme}.png')


def test_names_of_files_and_runs_that_say_little(browser, folder, tmp_path):
    "A run may be called as one of the page's own files, and one that does not know its noise shows no ELBO"
    run = transposed(tmp_path/'runs', 'explorer')
    index = export_runs([run], tmp_path/'page')
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto(index.as_uri())
        page.locator('.slider').first.wait_for()
        tab(page, 'Inside')
        expect(page.locator('.figures dt')).to_have_text(['Error (MSE, from μ)', 'KL'])


def test_from_a_server(browser, folder):
    "Nothing is asked for but what stands in the folder"
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server, browser.new_context() as context:
        Thread(target=server.serve_forever, daemon=True).start()
        page, elsewhere, ours = context.new_page(), [], f'http://127.0.0.1:{server.server_port}/'
        page.route(lambda url: not url.startswith((ours, 'data:', 'blob:')), lambda r: elsewhere.append(r) or r.abort())
        page.goto(ours)
        page.locator('.slider').first.wait_for()
        for name, canvas in PARTS.items():
            tab(page, name)
            seen(page, canvas)
        assert not elsewhere
        server.shutdown()


def test_one_file(browser, folder, tmp_path):
    "It needs nothing beside it"
    healthy = pretrained_dir(small=True)/'healthy'
    assert fae_export([str(healthy), '--out', str(tmp_path/'face.html'), '--compare', 'collapsed']) is None
    assert [p.name for p in tmp_path.iterdir()] == ['face.html']
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((tmp_path/'face.html').as_uri())
        page.locator('.slider').first.wait_for()
        run = load_run(healthy)
        assert shows(page, run, run.pca.mean_)
        tab(page, 'Inside')
        expect(page.get_by_label('Model').locator('option')).to_have_text(['healthy', 'collapsed'])


def film(path):
    "The frames of a moving picture, as arrays"
    return [np.asarray(frame.convert('RGB')).astype(int) for frame in ImageSequence.Iterator(Image.open(path))]


def test_the_readmes_moving_picture(browser, tmp_path):
    "A command makes it; the one in the repository is small, moves smoothly, and its end leads to its beginning"
    run('python', 'tools/moving_picture.py', '--frames', 4, '--out', tmp_path/'four.webp')
    middle, right, _, left = film(tmp_path/'four.webp')
    assert abs(right - left)[:, :330].mean() > 5 < abs(right - middle)[:, :330].mean()
    kept = ROOT/'nbs'/'images'/'slider.webp'
    frames = film(kept)
    steps = [abs(a - b).mean() for a, b in zip(frames, frames[1:] + frames[:1])]
    assert kept.stat().st_size < 600_000 and len(frames) > 30
    assert middle.shape == frames[0].shape and 0 < min(steps) and max(steps) < 3
