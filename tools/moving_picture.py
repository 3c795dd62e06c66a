"""The README's moving picture: in Chromium, a mouse drags a slider of the explorer (`make picture`).

python tools/moving_picture.py [--out nbs/images/slider.webp] [--frames 48]"""
import argparse, math, tempfile
from io import BytesIO
from pathlib import Path
from shutil import which

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--out', type=Path, default=Path(__file__).resolve().parents[1]/'nbs'/'images'/'slider.webp')
p.add_argument('--frames', type=int, default=48, help='from one end of the slider to the other and back')
args = p.parse_args()

from PIL import Image
from playwright.sync_api import sync_playwright

from face_autoencoder.app.export import export_runs, run_called
from face_autoencoder.core import atomic_path

SIZE, PACE = dict(width=760, height=330), 70 # pixels of the picture, milliseconds of a frame
# Nothing but the face and four sliders, from one of the faces that the run keeps
SHOW = '''() => {
    const {face} = document.querySelector('vae-explorer'), sliders = document.createElement('vae-sliders')
    sliders.setAttribute('components', '1 2 3 4')
    document.body.replaceChildren(sliders.attach(face))
    face.set(face.model.codes[38].slice(), false)
}'''
STYLE = 'body > vae-sliders { grid-template-columns: 19rem 1fr; & .gauge, & .buttons { display: none } }'
PAINTED = 'new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))'


def drag(page, slider):
    "Pictures of the page while the slider goes along a sine wave: the last leads to the first"
    box = slider.bounding_box()
    def move(x): page.mouse.move(box['x'] + box['width']*(.5 + .4*x), box['y'] + box['height']/2)
    move(0)
    page.mouse.down()
    for i in range(args.frames):
        move(math.sin(2*math.pi*i/args.frames))
        page.evaluate(PAINTED)
        yield Image.open(BytesIO(page.screenshot())).convert('RGB')


def film():
    browser = next(filter(None, map(which, ('chromium', 'chromium-browser', 'google-chrome'))))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        page_file = export_runs([run_called('faces', None)], folder)
        with p.chromium.launch(executable_path=browser, args=['--no-sandbox']) as chromium:
            page = chromium.new_page(viewport=SIZE)
            page.goto(page_file.as_uri())
            page.locator('.slider').first.wait_for()
            page.evaluate(SHOW)
            page.add_style_tag(content=STYLE)
            return list(drag(page, page.locator('.slider input').nth(1)))


frames = film()
with atomic_path(args.out) as tmp:
    frames[0].save(tmp, 'WEBP', save_all=True, append_images=frames[1:], duration=PACE, loop=0, quality=88, method=6)
print(f'{args.out}: {len(frames)} frames, {args.out.stat().st_size/1e3:.0f} kB')
