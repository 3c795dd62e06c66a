"""How fast a page decodes by itself, in Chromium on this machine, with runs that come with the package.

decode, encode   a face of 64 pixels by vae.js, and by PyTorch on one thread
drag             from a slider's input until the picture has been painted, in the explorer; and in the app, by the page
                 and by the server, which is asked at most every tenth of a second
load             from the page's address to the first face
bytes            of the page's own files, and of a run

Ends with an error if a figure is worse than asked.

python benchmarks/browser.py [--faces 200]"""
import argparse, tempfile, time
from pathlib import Path
from shutil import which

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--faces', type=int, default=200, help='that are timed, after 20 that are not')
args = p.parse_args()

import numpy as np
import torch
from playwright.sync_api import sync_playwright

from app_server import fae_app, served
from figures import end, figure
from face_autoencoder.app.export import export_runs, run_called
from face_autoencoder.core import evaluating

TIMES = '''([name, n]) => {
    const model = vae.found[name], z = () => Float32Array.from({length: model.d}, () => vae.normal())
    const timed = f => Array.from({length: n + 20}, () => {
        const begin = performance.now()
        f()
        return performance.now() - begin
    }).slice(20)
    const picture = model.decode(z())
    return {decode: timed(() => model.decode(z())), encode: timed(() => model.encode(picture))}
}'''
DRAG = '''n => new Promise(done => {
    const slider = document.querySelector('.slider input'), times = []
    const step = i => {
        if (i == n) return done(times)
        const begin = performance.now()
        slider.value = 3*Math.sin(i/9)
        slider.dispatchEvent(new Event('input'))
        requestAnimationFrame(() => requestAnimationFrame(() => { times.push(performance.now() - begin); step(i + 1) }))
    }
    step(0)
})'''


DRAG_IN_APP = '''n => new Promise(done => {
    const slider = document.querySelector('#component-1 input[type=range]'), face = document.querySelector('#face')
    const times = []
    let i = 0, begin, last = face.querySelector('img').src
    const step = () => {
        slider.value = (i % 2 ? 1 : -1)*(1 + i % 17/10) // no two pictures in a row are the same
        begin = performance.now()
        slider.dispatchEvent(new Event('input', {bubbles: true}))
    }
    new MutationObserver(async () => {
        const image = face.querySelector('img')
        if (image.src === last) return // several changes of the page may be one picture
        last = image.src
        await image.decode()
        requestAnimationFrame(() => {
            times.push(performance.now() - begin)
            if (++i < n) step(); else done(times.slice(10))
        })
    }).observe(face, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']})
    step()
})'''


def chromium(playwright):
    path = next(filter(None, map(which, ('chromium', 'chromium-browser', 'google-chrome'))))
    return playwright.chromium.launch(executable_path=path, args=['--no-sandbox'])


def in_app(by_server, empty):
    "Milliseconds from a slider's input to the painted face"
    with sync_playwright() as p, chromium(p) as browser, served(*fae_app(empty)) as server:
        page = browser.new_page(viewport=dict(width=1280, height=720))
        if by_server: page.route('**/fae/runs/*', lambda route: route.abort())
        page.goto(server.url)
        page.locator('#component-1 input[type=range]').wait_for()
        page.wait_for_timeout(5000) # for the run's numbers
        return page.evaluate(DRAG_IN_APP, args.faces//2)


def in_browser(page_file):
    "Times in milliseconds"
    with sync_playwright() as p, chromium(p) as browser:
        page, begin = browser.new_page(), time.perf_counter()
        page.goto(page_file.as_uri())
        page.locator('.slider').first.wait_for()
        times = dict(load=[1000*(time.perf_counter() - begin)])
        return times | page.evaluate(TIMES, ['faces', args.faces]) | dict(drag=page.evaluate(DRAG, args.faces))


def in_pytorch(model):
    torch.set_num_threads(1)
    z, times = torch.randn(args.faces + 20, 1, model.latent_dim), []
    with evaluating(model):
        for code in z:
            begin = time.perf_counter()
            model.decode(code)
            times.append(1000*(time.perf_counter() - begin))
    return times[20:]


with tempfile.TemporaryDirectory() as folder:
    run = run_called('faces')
    page_file = export_runs([run], Path(folder)/'explorer')
    sizes = {f.name: f.stat().st_size for f in page_file.parent.rglob('*.*')}
    times = in_browser(page_file)
    by_page, by_server = [in_app(server, folder) for server in (False, True)]
figure('a face decoded in the page, median', np.median(times['decode']), 'ms', at_most=12)
figure('the same, 95 of 100', np.quantile(times['decode'], .95), 'ms')
figure('a face decoded by PyTorch on one thread, median', np.median(in_pytorch(run.model)), 'ms')
figure('a face encoded in the page, median', np.median(times['encode']), 'ms')
figure("explorer: from a slider's move to the painted face, median", np.median(times['drag']), 'ms')
figure('the same, 95 of 100', np.quantile(times['drag'], .95), 'ms')
figure("app: from a slider's move to the painted face, median (by the server: "
       f'{np.median(by_server):.0f} ms)', np.median(by_page), 'ms')
figure(f'the same, 95 of 100 (by the server: {np.quantile(by_server, .95):.0f} ms)', np.quantile(by_page, .95), 'ms')
figure('explorer: from its address to the first face, from the disk', times['load'][0], 'ms')
figure("the explorer's own files", sum(v for k, v in sizes.items() if k != 'faces.js')/1e6, 'MB', at_most=1.5)
figure('a run as the explorer loads it', sizes['faces.js']/1e6, 'MB')
end()
