"""Slides as an audience sees them: a made-up lecture, and the course's own, in Chromium without network."""
import base64, io, json, re, shutil

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import BIN, ROOT, run
from notebooks import find
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from PIL import Image

from face_autoencoder.cli import fae_slides
from face_autoencoder.course.slides import PATIENCE, PROJECTORS, check_deck, write_deck

LECTURE = ROOT/'nbs'/'lesson5_vae.ipynb'
COMMAND = 'python', '-c', 'import sys; from face_autoencoder.cli import fae_slides; sys.exit(fae_slides())'
BOX = '<rect x="{}" y="40" width="160" height="80" fill="{}" stroke="{}"/>'
PIXELS, CODES = BOX.format(10, '#cfe2ff', '#0b5cad'), BOX.format(410, '#ffe3b8', '#9a4200')
ARROW = '<path d="M170 80h240" stroke="#333"/>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 160">{PIXELS}{ARROW}{CODES}</svg>'
CODE = '''class Encoder(nn.Module):
    "Two heads: where a face is in latent space, and how sure we are"
    def forward(self, x): # x: n x 3 x 64 x 64
        h = self.cnn(x).flatten(1)
        return self.fc_mu(h), self.fc_logvar(h).clamp(-12, 8)

mu, logvar = Encoder()(torch.rand(16, 3, 64, 64))
print(f'{mu.shape}, {logvar.shape}')'''
SHAPES = 'torch.Size([16, 64]), torch.Size([16, 64])\n'
TITLE = """# Variational autoencoders
[![Open In Colab](https://colab.example/badge.svg)](https://colab.example/x)

> Codes that you can sample from

Lesson 5, with every sentence measured by [a cell](00_core.ipynb)."""
BULLETS = r"""## What a VAE does

- **Encoder**: a face becomes $\mu$ and $\log\sigma^2$
- *Sample* $z = \mu + \sigma\,\varepsilon$, so that gradients reach `fc_mu`
- Decoder: from $z$ back to pixels
    - in $[-1, 1]$"""
LOSS = r"""## The loss

A reconstruction term and a price for what the code says:

$$\mathcal{L} = \frac{D}{2}\log \mathrm{MSE}
    + \beta \sum_{j=1}^{d} \frac{1}{2}\left(\mu_j^2 + \sigma_j^2 - 1 - \log\sigma_j^2\right)$$

> [often taught](https://example.org): "β = 1 is balanced". In [which units](#The-loss)?"""
WAVE = '#| echo: false\n#| fig-alt: A wave over fifty epochs\nplot()'
TALL_WAVE = '#| echo: false\n#| fig-alt: A wave, tall\n#| output-location: column\nplot()'


def markdown(source, slide_type=None):
    return new_markdown_cell(source, metadata=dict(slideshow=dict(slide_type=slide_type)) if slide_type else {})


def code(source, *outputs): return new_code_cell(source, outputs=list(outputs))
def prints(text, name='stdout'): return new_output('stream', name=name, text=text)
def returns(text): return new_output('execute_result', {'text/plain': text})


def shows(**data):
    "An output in one or more forms, such as `text_html` or `image_svg`"
    kinds = {k.replace('_', '/').replace('svg', 'svg+xml'): v for k, v in data.items()}
    return new_output('display_data', kinds)


def figure(kind='png', size=(7, 4)):
    fig, ax = plt.subplots(figsize=size, dpi=80, layout='constrained')
    ax.plot(np.linspace(0, 6), np.sin(np.linspace(0, 6)), label='KL, nats')
    ax.set(title='KL over training', xlabel='epoch', ylabel='nats')
    fig.savefig(out := io.BytesIO(), format=kind)
    plt.close(fig)
    return out.getvalue().decode() if kind == 'svg' else base64.b64encode(out.getvalue()).decode()


def table():
    columns = dict(loss=['log-MSE', 'MSE', 'perceptual'], beta=[1., .5, 2.])
    columns |= dict(mse=[.0145, .0913, .0201], kl=[241.2, 1.0, 188.4])
    return pd.DataFrame(columns, index=['a', 'b', 'c']).to_html(border=1)


def lecture():
    "Every feature, and nothing wrong"
    secret = prints('secret output')
    return new_notebook(metadata=dict(language_info=dict(name='python')), cells=[
        new_raw_cell('---\ntitle: A made-up lecture\nformat:\n  revealjs:\n    slide-level: 2\n---'),
        markdown(TITLE),
        code('#| hide\nsecret_import = 1', secret),
        code('#| export\ndef secret(): pass'),
        code('#| include: false\nsecret', secret),
        markdown(BULLETS),
        markdown('The speaker says $\\beta$ here.', 'notes'),
        markdown('**And** it can dream.', 'fragment'),
        markdown(LOSS),
        markdown('## Code'),
        code(CODE, prints(SHAPES), prints('UserWarning: secret', 'stderr'), returns('<Axes: >')),
        markdown('## A table\n\nErrors on people that nobody trained on.'),
        code('#| echo: false\ntable', shows(text_html=table(), text_plain='table')),
        markdown('# Part two\n\n> Figures'),
        markdown('## A figure\n\nIt falls, then it rises.'),
        code(WAVE, shows(image_png=figure(), text_plain='<Figure>')),
        markdown('## A vector figure and its code'),
        code('#| fig-alt: "A wave: again"\nplot(x, y)', shows(image_svg=figure('svg'))),
        markdown('## Beside each other\n\n- the left column\n- says what to see'),
        code(TALL_WAVE, shows(image_png=figure(size=(5, 5)))),
        markdown('## A diagram\n\n![From pixels to code](images/flow.svg)\n\nBoxes are layers.'),
        markdown('## Small print', 'subslide'),
        code('#| output: false\nx = 1', secret),
        code('#| echo: false', shows(text_markdown='**64** of 64 units, $r = 0.7$')),
        code('#| hide\nsecret'),
        markdown('secret', 'skip')])


def written(nb, folder, name='lecture'):
    "A notebook file, with the picture that it shows"
    (folder/'images').mkdir(parents=True, exist_ok=True)
    (folder/'images'/'flow.svg').write_text(SVG)
    nbformat.write(nb, folder/f'{name}.ipynb')
    return folder/f'{name}.ipynb'


@pytest.fixture(scope='module')
def deck(tmp_path_factory):
    folder = tmp_path_factory.mktemp('lecture')
    return write_deck(written(lecture(), folder), folder/'deck')


@pytest.fixture
def page(browser, deck):
    "The deck, opened by somebody without network"
    with browser.new_context(viewport=dict(width=1280, height=720), offline=True) as context:
        context.set_default_timeout(1000*PATIENCE)
        page = context.new_page()
        page.goto((deck.path/'index.html').as_uri())
        page.wait_for_selector('html.ready', state='attached')
        yield page


GO = '''heading => {
    const slide = Reveal.getSlides().find(s => s.querySelector("h1, h2").textContent == heading)
    const {h, v} = Reveal.getIndices(slide)
    Reveal.slide(h, v)
}'''


def go(page, heading): page.evaluate(GO, heading)


def checked(folder, name, **how):
    "What is wrong with a deck; pictures of its slides are in artifacts/"
    pictures = ROOT/'artifacts'/name
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    return check_deck(folder, pictures=pictures, **how)


def test_a_deck_without_faults(browser, deck):
    assert (deck.slides, deck.no_alt) == (11, [])
    assert checked(deck.path, 'slides') == []


LONG = '\n\nA line of text.'*20
HIGH = '\n\n<div style="height: 1400px">high</div>'


@pytest.mark.quick
def test_small_deck(browser, tmp_path):
    "A slide with a formula and a figure is fine, one with too much text is split, a picture too high is told"
    picture = code(WAVE, shows(image_png=figure()))
    cells = [markdown('## One $x^2$'), picture, markdown('## Two' + LONG), markdown('## Three' + HIGH)]
    deck = write_deck(written(new_notebook(cells=cells), tmp_path), tmp_path/'deck')
    problems = check_deck(deck.path, sizes=PROJECTORS[:1])
    assert (deck.slides, deck.no_alt, deck.remarks) == (3, [], [])
    assert len(problems) == 1 and problems[0].startswith('1280x720, slide 5: scrolls: div'), problems


FAULTS = {
    'overflows by': '<p style="margin-left: -200px">left</p>',
    'is shown at 81 %': '<div style="width: 1400px">wide</div>',
    'scrolls': HIGH,
    'is cut at the bottom': '<div style="height: 40px; overflow: hidden"><div style="height: 60px">high</div></div>',
    'is cut at the right': '<div style="width: 400px; overflow: hidden"><div style="width: 600px">wide</div></div>',
    'color-contrast': '<span style="color: #ccc">pale</span>',
    'a formula is not rendered ': '$\\frac{1}{2$',
    'a formula has an error': '$\\nosuchthing$',
    'a formula is not rendered': 'a stray \\begin{ here',
    'a picture is missing': '<img alt="broken" src="data:image/svg+xml,<svg">',
    'it could not load': '<script src="none.js"></script>',
    'it asks the network': '<script>new Image().src = "https:" + "//example.org/a.png"</script>',
    'the console says': '<script>console.error("no")</script>',
    'error in a script': '<script>nothing()</script>',
}


def test_faults_are_found(browser, tmp_path):
    "Each on a slide of its own; nothing else is reported, and not for other slides"
    cells = [c for fault, source in FAULTS.items() for c in (markdown(f'## {fault}\n\n{source}'),)]
    deck = write_deck(written(new_notebook(cells=cells), tmp_path), tmp_path/'deck')
    problems = check_deck(deck.path, sizes=PROJECTORS[:1])
    for n, fault in enumerate(map(str.strip, FAULTS), 1):
        on_slide = [p for p in problems if f'slide {n}:' in p]
        assert any(fault in p for p in on_slide or problems), (fault, problems)
        assert all(fault in p for p in on_slide), on_slide


FULL = """## Much

One.

### First

{0}

### Second

{0}

Last."""
SECTIONS = """[...document.querySelectorAll(".slides section")].map(s => [s.querySelector("h2").textContent,
    [...s.querySelectorAll("h3")].map(h => h.textContent), s.querySelectorAll("img, aside").length])"""


GROW = """Reveal.getCurrentSlide().insertAdjacentHTML('beforeend', '<p style="height: 900px; background: red"></p>')"""


def test_full_slides_are_split(browser, tmp_path):
    "At ###, at cells and at outputs; each part has the heading and the notes, and nothing is lost or over the footer"
    text = '\n\n'.join(['A line of text.'] * 6)
    cells = [markdown(FULL.format(text)), markdown('A note', 'notes'), markdown('## Figures'),
             *(code(WAVE, shows(image_png=figure())) for _ in range(4)), markdown('## Last')]
    deck = write_deck(written(new_notebook(cells=cells), tmp_path), tmp_path/'deck')
    with browser.new_page(viewport=dict(width=1280, height=720)) as page:
        page.goto((deck.path/'index.html').as_uri())
        page.wait_for_selector('html.ready', state='attached')
        found = page.evaluate(SECTIONS)
        assert page.locator('.slides').text_content().count('A line of text') == 12
        foot = dict(x=0, y=661, width=1280, height=59)
        before = page.screenshot(clip=foot)
        page.evaluate(GROW)
        assert page.screenshot(clip=foot) == before
    much, figures = [['Much', ['First'], 1], ['Much', ['Second'], 1]], [['Figures', [], 2], ['Figures', [], 2]]
    assert found == [*much, *figures, ['Last', [], 0]]
    assert checked(deck.path, 'full') == []


BLOCKS = """() => [...document.querySelectorAll('.slides section')].map(slide => [...slide.querySelectorAll('img, p')]
    .map(e => e.getBoundingClientRect()).map(box => [box.top, box.bottom]))"""


def test_late_pictures_keep_their_room(browser, tmp_path):
    "A picture that appears at a key press is not covered by what follows it, also on a full slide"
    late = code(WAVE, shows(image_png=figure()))
    late.metadata.slideshow = dict(slide_type='fragment')
    cells = [markdown('## A\n\n' + '- point\n'*6), late, markdown('what follows\n\n'*4, 'fragment')]
    deck = write_deck(written(new_notebook(cells=cells), tmp_path), tmp_path/'deck')
    page = browser.new_page(viewport=dict(width=1280, height=720))
    page.goto((deck.path/'index.html').as_uri())
    page.wait_for_selector('html.ready', state='attached')
    slides = page.evaluate(BLOCKS)
    for blocks in slides:
        for (_, bottom), (top, _) in zip(blocks, blocks[1:]): assert bottom <= top + 1
    assert sum(map(len, slides)) == 5


def of_version(version):
    "A lecture as IPython wrote it before Jupyter"
    result = dict(output_type='pyout', prompt_number=1, text=['an output'], metadata={})
    heading = dict(cell_type='heading', level=2, source=['A'], metadata={})
    cell = dict(cell_type='code', language='python', input=['# |echo: false\r\n', 'code'], outputs=[result])
    return dict(nbformat=version, nbformat_minor=0, metadata={}, worksheets=[dict(cells=[heading, cell])])


def with_cell(nb_metadata=None, version=4, minor=5, **cell):
    "A lecture of somebody else's program: a slide A, an odd cell and an output"
    last = dict(cell_type='code', source='# | echo: false\rcode', outputs=[prints('an output')])
    cells = [markdown('## A'), dict(cell_type='code', metadata={}, outputs=[]) | cell, last]
    return dict(nbformat=version, nbformat_minor=minor, metadata=nb_metadata or {}, cells=cells)


def picture(kind):
    Image.new('RGB', (40, 30)).save(out := io.BytesIO(), kind)
    return base64.b64encode(out.getvalue()).decode()


def with_output(**data): return with_cell(outputs=[shows(**data)], source='odd')
def with_words(source, **metadata): return with_cell(cell_type='markdown', source=source, metadata=metadata)


WIDGETS = {'widgets': {'application/vnd.jupyter.widget-state+json': {'a1': {'model_name': 'HBoxModel'}}}} # Colab's
SCRIPT = 'script wants https://example.org/a.js from the network'
VIEW = {'application/vnd.jupyter.widget-view+json': {'model_id': 'a1'}, 'text/plain': 'a slider'}
PLAYER = '<video><source src="https://example.org/a.mp4"></video>'
OTHERS = { # a notebook, and what is said of it
    'version 2': (of_version(2), ''), 'version 3': (of_version(3), ''), 'version 4.0': (with_cell(minor=0), ''),
    'no source': (with_cell(), ''), 'source is null': (with_cell(source=None), ''),
    'ids': (with_cell(id='my cell', source='1'), ''), 'no fields': (with_cell(outputs=None, metadata=None), ''),
    'slideshow is null': (with_words('b', slideshow=None), ''),
    'slideshow is a text': (with_words('b', slideshow='slide'), ''),
    'type is a list': (with_words('b', slideshow=dict(slide_type=[1])), ''), 'tags': (with_words('b', tags=None), ''),
    'widgets without state': (with_cell(WIDGETS, outputs=[new_output('display_data', VIEW)]), ''),
    'no language': (with_cell(dict(language_info=None, kernelspec=3)), ''),
    'half an emoji': (with_words('\ud83d'), ''), 'unclosed': (with_words('<div><b>b</section></div></div></div>'), ''),
    'a table in a comment': (with_cell(source='#| a | b |\n#|---|---|\n#| 1 | 2 |\nx'), ''),
    'an attachment that is not there': (with_words('![a](attachment:b.png)'), 'the picture b.png is missing'),
    'a shield': (with_words('[![done](https://img.shields.io/b.svg)](https://example.org)'), ''),
    'a picture of the network': (with_words('![a](https://example.org/b.png)'), 'the picture https://example.org/b'),
    'no picture': (with_words('![a](b.png)'), 'the picture b.png is missing'),
    'late': (with_words('<img data-src="images/flow.svg">'), ''),
    'no src': (with_words('<img>'), 'a picture without an address'),
    'damaged': (with_output(image_png='AAAA'), 'the picture that a cell has drawn is damaged'),
    'damaged file': (with_words('![a](others.ipynb)'), 'the picture others.ipynb is damaged'),
    'gif': (with_output(image_gif=picture('gif')), ''),
    'script': (with_output(text_html='<script src="https://example.org/a.js"></script>'), SCRIPT),
    'import': (with_output(application_javascript='import("https://example.org/a.js")'), SCRIPT),
    'frame': (with_words('<iframe src="https://example.org/b"></iframe>'), 'iframe wants https://example.org/b'),
    'style': (with_output(text_html='<link rel="stylesheet" href="//example.org/a.css">'), 'link wants //example.org'),
    'video': (with_words(PLAYER), 'video wants https://example.org/a.mp4'),
}


@pytest.mark.quick
@pytest.mark.parametrize('name', OTHERS)
def test_notebooks_of_others(tmp_path, capsys, name):
    "A deck without anything from the network; what is left out is told, with its slide"
    nb, says = OTHERS[name]
    (tmp_path/'images').mkdir()
    (tmp_path/'images'/'flow.svg').write_text(SVG)
    (tmp_path/'others.ipynb').write_text(json.dumps(nb))
    assert fae_slides([str(tmp_path/'others.ipynb'), '--out', str(tmp_path/'deck')]) == 0
    said, page = capsys.readouterr().err, BeautifulSoup((tmp_path/'deck'/'index.html').read_text(), 'html.parser')
    assert [h.get_text() for h in page.select('.slides > section > h2:first-child')] == ['A']
    assert 'an output' in page.select('.slides > section')[-1].get_text() and 'echo' not in page.get_text()
    loads = [t.get('src') or t.get('href') for t in page.select('[src], link, image, use')]
    assert not [a for a in loads if not re.match('lib/|data:', a)]
    told = [line for line in said.splitlines() if 'fig-alt' not in line]
    assert (f'the slide "A": {says}' in told[0]) if says else not told, said


def test_formulas(page):
    for heading, formulas in {'What a VAE does': 6, 'The loss': 1, 'Small print': 1}.items():
        go(page, heading)
        assert page.locator('section.present mjx-container > svg').count() == formulas
    texts = '[...document.querySelectorAll("section :is(h2, p, li)")].map(e => e.textContent).join()'
    assert '$' not in page.evaluate(texts)


def test_notes_and_fragments(page):
    go(page, 'What a VAE does')
    notes, fragment = page.locator('section.present aside.notes'), page.locator('section.present .fragment')
    assert 'speaker says' in notes.text_content() and not notes.is_visible()
    assert not fragment.is_visible()
    page.keyboard.press('ArrowRight')
    assert fragment.is_visible()
    page.keyboard.press('ArrowRight')
    assert page.locator('section.present h2').inner_text() == 'The loss'


def test_speaker_view(page):
    "Key S opens the notes of the slide that is shown"
    go(page, 'What a VAE does')
    with page.expect_popup() as popup: page.keyboard.press('s')
    popup.value.locator('.speaker-controls-notes', has_text='The speaker says').wait_for()


def test_type_is_large_enough(page):
    found, size = '[...document.querySelectorAll(`.slides ${s}`)]', 'e => parseFloat(getComputedStyle(e).fontSize)'
    def sizes(selector): return page.evaluate(f's => {found}.map({size})', selector)
    assert min(sizes(':is(p, li, blockquote)')) >= 24
    assert min(sizes(':is(td, th)')) >= 22
    assert min(sizes('pre')) >= 16


def test_what_is_hidden(deck):
    text = (deck.path/'index.html').read_text()
    assert 'secret' not in text.replace('The speaker', '') and '#|' not in text and 'Axes' not in text
    assert not re.search('(src|href)="https?://(?!example.org)', text)
    assert 'colab' not in text.lower() and 'ipynb' not in text


def test_links(page):
    go(page, 'The loss')
    a = page.locator('section.present a')
    assert [x.get_attribute('href') for x in a.all()] == ['https://example.org', '#/The-loss']
    go(page, 'Code')
    page.evaluate('location.hash = "#/The-loss"')
    page.wait_for_function('Reveal.getCurrentSlide().innerText.startsWith("The loss")')


def test_figures_fill_their_slide(page):
    "As large as there is room, in their proportions, and up to 1.75 times their size"
    wide = {'A figure': 800, 'A vector figure and its code': 700, 'Beside each other': 500, 'A diagram': 1000}
    for heading, least in wide.items():
        go(page, heading)
        box = page.locator('section.present img').bounding_box()
        assert box['width'] >= least, heading
    go(page, 'Beside each other')
    def left(selector): return page.locator(f'section.present {selector}').first.bounding_box()['x']
    assert left('img') > 640 > left('li')


def pages(pdf): return len(re.findall(rb'/Type /Page\b', pdf.read_bytes()))


def test_pdf(browser, deck, tmp_path):
    "A page per slide, of the slide's form, with fragments and without notes"
    again = write_deck(deck.path.parent/'lecture.ipynb', tmp_path/'deck', pdf=True)
    assert pages(again.path/'slides.pdf') == deck.slides
    boxes = re.findall(rb'/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]', (again.path/'slides.pdf').read_bytes())
    assert set(boxes) == {(b'960', b'540')}


def spoilt(tmp_path, **changes):
    nb = lecture()
    for i, source in changes.items(): nb.cells[int(i[1:])].source = source
    return written(nb, tmp_path, 'spoilt')


@pytest.fixture
def fails(capsys):
    "That the command ends with one sentence, and what it says"
    def check(*args, says):
        assert fae_slides([*map(str, args)]) == 2
        said = capsys.readouterr().err
        assert says in said and said.startswith('fae_slides: ') and said.count('\n') == 1, said
    return check


def test_command(tmp_path):
    notebook, out = written(lecture(), tmp_path), tmp_path/'out'/'deck'
    done = run(*COMMAND, notebook, '--out', out)
    assert '11 slides' in done.stdout and done.stderr == ''
    assert {p.name for p in out.parent.iterdir()} == {'deck'}
    assert {p.name for p in out.iterdir()} == {'index.html', 'lib'}
    (out/'old').touch()
    done = run(*COMMAND, spoilt(tmp_path, c15='plot()'), '--out', out)
    assert '"A figure"' in done.stderr and not (out/'old').exists()


def test_errors_of_the_command(fails, tmp_path):
    out = ['--out', tmp_path/'deck']
    fails(tmp_path/'none.ipynb', *out, says='there is no notebook')
    fails(tmp_path, *out, says='is a folder')
    (tmp_path/'x.ipynb').write_text('{"cells": ')
    fails(tmp_path/'x.ipynb', *out, says="x.ipynb can't be used: the notebook is not valid JSON")
    (tmp_path/'x.ipynb').write_bytes(bytes(range(256)))
    fails(tmp_path/'x.ipynb', *out, says="x.ipynb can't be used")
    fails(written(new_notebook(cells=[markdown('text'), code('1')]), tmp_path, 'flat'), *out, says='no slides')
    fails(written(new_notebook(cells=[markdown('# A'), code('1')]), tmp_path, 'fresh'), *out, says='never executed')
    fails(spoilt(tmp_path, c15='#| fig-alt: a: b'), *out, says='put a text with a colon in quotes')
    assert not (tmp_path/'deck').exists()
    (tmp_path/'deck').mkdir()
    (tmp_path/'deck'/'thesis.txt').touch()
    fails(written(lecture(), tmp_path), *out, says='is no deck of slides')
    assert [p.name for p in (tmp_path/'deck').iterdir()] == ['thesis.txt']


def test_without_chromium(fails, tmp_path, monkeypatch):
    "One sentence, and no half of a deck"
    monkeypatch.setenv('PATH', str(BIN))
    monkeypatch.setenv('PLAYWRIGHT_BROWSERS_PATH', str(tmp_path/'none'))
    fails(written(lecture(), tmp_path), '--pdf', '--out', tmp_path/'deck', says='needs Chromium')
    assert not (tmp_path/'deck').exists()


def test_check_of_the_command(browser, tmp_path):
    notebook = written(new_notebook(cells=[markdown('## High' + HIGH)]), tmp_path)
    done = run(*COMMAND, notebook, '--out', tmp_path/'deck', '--check', check=False)
    assert done.returncode == 1
    for size in '1280x720', '1920x1080': assert f'{size}, slide 1: scrolls' in done.stderr


@pytest.mark.parametrize('name', ['face_autoencoder_training', 'mnist_homework'])
def test_any_notebook_of_the_course(browser, tmp_path, name):
    "What can't fit a slide overflows, but nothing else is wrong"
    deck = write_deck(find(name), tmp_path/'deck')
    problems = check_deck(deck.path, sizes=PROJECTORS[:1])
    assert [p for p in problems if not re.search('scrolls|is shown at', p)] == []


@pytest.mark.quick
def test_vendored_files_are_the_pinned_ones():
    from vendor import FILES, digest, lib, place, site_lib
    assert {f[2]: digest(place(f[2]).read_bytes()) for f in FILES} == {f[2]: f[3] for f in FILES}
    assert {p.name for folder in (lib, site_lib) for p in folder.iterdir()} == {f[2] for f in FILES}
    assert sum(p.stat().st_size for p in lib.iterdir()) < 3e6


def test_live_figures(browser, tmp_path):
    "A picture that can be tried: it opens above the slide, follows its sliders, and leaves without turning the page"
    live = '#| echo: false\n#| fig-alt: A wave\n#| live: sliders run=healthy components=2,1\nplot()'
    cells = [markdown('## One'), code(live, shows(image_png=figure())), markdown('## Two')]
    nbformat.write(new_notebook(cells=cells), tmp_path/'live.ipynb')
    deck = write_deck(tmp_path/'live.ipynb', tmp_path/'deck')
    assert {p.name for p in (deck.path/'live').iterdir()} >= {'runs', 'explorer.js'}
    assert check_deck(deck.path, PROJECTORS[:1]) == []
    with browser.new_context(offline=True) as context:
        page, wrong = context.new_page(), []
        page.set_default_timeout(1000*PATIENCE)
        for event in 'pageerror', 'requestfailed': page.on(event, lambda e: wrong.append(e))
        page.goto((deck.path/'index.html').as_uri())
        page.get_by_role('button', name='Try it').click()
        sliders, face = page.locator('dialog input[type=range]'), page.get_by_label('The decoded face')
        sliders.first.wait_for()
        assert sliders.count() == 2 and 'PC2' in sliders.first.get_attribute('aria-label')
        before = face.evaluate('c => c.toDataURL()')
        sliders.first.focus()
        for _ in range(30): page.keyboard.press('ArrowRight')
        page.wait_for_function('before => document.querySelector("dialog canvas").toDataURL() != before', arg=before)
        page.keyboard.press('Escape')
        page.locator('dialog').wait_for(state='detached')
        assert page.evaluate('Reveal.getIndices().h') == 0 and not wrong


def test_the_lecture(browser, tmp_path):
    "The course's own deck: at most 50 slides, most with a picture, nothing wrong on any, and words for every figure"
    deck = write_deck(LECTURE, tmp_path/'deck', pdf=True)
    assert deck.slides <= 50 and deck.no_alt == []
    sections = BeautifulSoup((deck.path/'index.html').read_text(), 'html.parser').select('.slides section')
    assert sum(bool(s.select('img, svg')) for s in sections if not s.find('section')) >= 35
    assert len({e.name for s in sections for e in s.select('[try]')}) == 4 # of every kind of live figure
    assert checked(deck.path, 'lesson5_vae') == []
    assert pages(deck.path/'slides.pdf') == deck.slides
