"""How long a visitor of the app waits: from letting a slider go until the picture has changed, in Chromium on this
machine, with the run `faces` that comes with the package.

app, bare   the page's own clock: from the pointerup until the picture of the released value is in the page and decoded.
            Each release is a drag of 3 to 5 moves or, one in five, a click on the track. `bare` is a Gradio page of one
            slider and one HTML, treated alike
wrong       the last picture is not the one that the slider's value gives here; flicker: it was there, and another one
            replaced it for a while
call        how a call of the server divides, and the decoding beside bare PyTorch
start       from the command `fae_app` to a served page, with an empty folder of runs

Ends with an error if a figure is worse than asked.

python benchmarks/app_latency.py [--releases 80] [--settle 0.7] [--starts 3]"""
import argparse, random, sys, tempfile, time
from shutil import which
from statistics import median

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--releases', type=int, default=80, help='of sliders that are timed, after 10 that are not')
p.add_argument('--settle', type=float, default=.7, help='seconds to wait after a release')
p.add_argument('--starts', type=int, default=5, help='of the command fae_app')
args = p.parse_args()

import numpy as np
import torch
from PIL import Image
from playwright.sync_api import sync_playwright

from app_server import fae_app, served
from figures import end, figure
torch.set_num_threads(1) # as `launch` does
from face_autoencoder.core import to_uint8
from face_autoencoder.latents import decode_codes
from face_autoencoder.app.explore import bases, first_face, image_bytes, move_slider, picture
from face_autoencoder.app.page import Explorer, face_html, gauge_html

BARE = '''
import sys, gradio as gr
with gr.Blocks() as demo:
    page, slider = gr.HTML('0', elem_id='face'), gr.Slider(-3, 3, 0, step=.05, elem_id='component-1')
    slider.release(lambda x: str(x), slider, page, show_progress='hidden')
demo.launch(server_port=int(sys.argv[1]), quiet=True)
'''
WATCH = '''() => {
    const face = document.querySelector('#face')
    window.fae = {log: []}
    const release = () => window.fae = {released: performance.now(), log: []}
    document.addEventListener('pointerup', e => {if (e.isTrusted) release()}, true)
    let last
    new MutationObserver(async () => {
        const image = face.querySelector('img'), now = image ? image.outerHTML : face.innerText.trim()
        const {released, log} = window.fae
        if (now == last) return
        last = now
        if (image) await image.decode().catch(() => {})
        log.push([performance.now() - released, now])
    }).observe(face, {subtree: true, childList: true, attributes: true, characterData: true})
}'''


def move(page, i, rng):
    "Drag slider i, or click on its track; its value"
    slider = page.locator(f'#component-{i + 1} input[type=range]')
    box = slider.bounding_box()
    y, n = box['y'] + box['height']/2, rng.randint(4, 6)
    places = [box['x'] + box['width']*rng.uniform(.05, .95) for _ in range(n)]
    if rng.random() < .2: places = places[:1]
    page.mouse.move(places[0], y)
    page.mouse.down()
    for x in places[1:]:
        page.wait_for_timeout(30)
        page.mouse.move(x, y)
    page.mouse.up()
    page.wait_for_timeout(1000*args.settle)
    return float(slider.input_value())


def releases(browser, url, sliders, expect):
    "Milliseconds from release to picture, how often a flicker, how often a wrong picture"
    rng, waits, flickers, wrong = random.Random(42), [], 0, 0
    page = browser.new_page(viewport=dict(width=1280, height=720))
    page.goto(url)
    page.locator('#component-1 input[type=range]').wait_for()
    page.wait_for_timeout(3000)
    page.evaluate(WATCH)
    for k in range(args.releases + 10):
        i = k % sliders
        value = move(page, i, rng)
        log, expected = page.evaluate('window.fae.log'), expect(i, value)
        if not log: continue # the slider stood there already
        if k < 10: continue
        shown = [ms for ms, now in log if now == log[-1][1]]
        waits.append(shown[0])
        flickers += len(shown) > 1
        wrong += log[-1][1] != expected
    page.close()
    return waits, flickers, wrong


def timed(calls, repeats=300):
    "Median milliseconds of each call, taken in turns"
    ms = {name: [] for name in calls}
    for k in range(repeats + 20):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if k >= 20: ms[name].append(1000*(time.perf_counter() - start))
    return {name: median(x) for name, x in ms.items()}


if __name__ == '__main__':
    empty = tempfile.mkdtemp()
    run = Explorer(empty).open('faces')
    basis, z = next(iter(bases(run))), first_face(run)

    def expect(i, value):
        "The face after this release, as the page shows it"
        global z
        z = move_slider(run, basis, z, i, value).astype(np.float32)
        return face_html(run, z)

    with sync_playwright() as playwright:
        chromium = which('chromium') or which('chromium-browser') or which('google-chrome')
        browser = playwright.chromium.launch(executable_path=chromium, args=['--no-sandbox'])
        with served(sys.executable, '-c', BARE) as server:
            bare, *_ = releases(browser, server.url, 1, lambda i, value: f'{value:g}')
        with served(*fae_app(empty)) as server: app, flickers, wrong = releases(browser, server.url, 8, expect)
        browser.close()

    code, face, decoded = torch.as_tensor(z)[None], picture(run, z), to_uint8(decode_codes(run.model, z[None]))[0]
    small = Image.fromarray(decoded.permute(1, 2, 0).numpy())
    calls = dict(
        bare=lambda: run.model.decode(code),
        decoding=lambda: decode_codes(run.model, z[None]),
        resize=lambda: small.resize((512, 512), Image.Resampling.BICUBIC),
        JPEG=lambda: image_bytes(face),
        gauge=lambda: gauge_html(run, z),
        all=lambda: [face_html(run, z), gauge_html(run, z)])
    with torch.no_grad(): ms = timed(calls)
    starts = []
    for _ in range(args.starts):
        with served(*fae_app(empty)) as server: starts.append(server.seconds)

    what, late = 'app: a slider is let go → its picture is on the screen, median', np.quantile(bare, .95)
    figure(f'{what} (a bare Gradio slider: {median(bare):.0f} ms)', median(app), 'ms', at_most=70)
    figure(f'the same, 95th percentile (bare: {late:.0f} ms)', np.quantile(app, .95), 'ms', at_most=140)
    figure('wrong pictures and flickers', wrong + flickers, at_most=0)
    figure(f'decoding a face / bare PyTorch ({ms["bare"]:.1f} ms)', ms['decoding']/ms['bare'], at_most=1.2)
    figure('the server\'s whole answer', ms['all'], 'ms')
    figure('from `fae_app` to a served page', median(starts), 's', at_most=12)
    end()
