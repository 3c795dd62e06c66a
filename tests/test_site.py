"""The course page: complete, without a dead link, and without the network."""
import re
from contextlib import contextmanager
from importlib import import_module
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, run
from notebooks import notebooks

from face_autoencoder.course.slides import axe_violations

WEB = re.compile('https?:|mailto:|data:')
PROJECTOR, PHONE = (1280, 720), (390, 844)
LESSON, LOSSES = 'notebooks/lesson5_vae.html', 'notebooks/05_losses.html'
PAPER = 'getComputedStyle(document.body).backgroundColor'
WHITE, BLACK = 'rgb(255, 255, 255)', 'rgb(19, 23, 30)'
MARKED = "title => document.querySelector('.toc [aria-current]')?.textContent === title"
NO_STORAGE = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('forbidden') }})"
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', {value: undefined})"


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp('site')/'_site'
    run('python', 'tools/site.py', folder)
    return folder


@pytest.fixture(scope='module')
def pages(site):
    paths = [site/'index.html', *site.glob('notebooks/*.html')]
    return {p: BeautifulSoup(p.read_text(), 'html.parser') for p in paths}


@contextmanager
def opened(browser, path, size=PROJECTOR, script='', **more):
    "A page of the site, opened as a file without a network; nothing may go wrong on it"
    viewport, wrong = dict(width=size[0], height=size[1]), []
    with browser.new_context(viewport=viewport, offline=True, **more) as context:
        if script: context.add_init_script(script)
        page = context.new_page()
        for event in 'pageerror', 'requestfailed': page.on(event, lambda e: wrong.append(e))
        page.on('console', lambda m: m.type == 'error' and wrong.append(m.text))
        page.goto(path.as_uri())
        yield page
        assert not wrong, path.name


def test_everything_is_there(site, pages):
    names = {p.stem for p in notebooks()}
    assert {p.stem for p in (site/'notebooks').glob('*.html')} == names - {'mnist_homework', 'clinic'}
    assert {p.stem for p in (site/'homework').iterdir()} == names & {'mnist_homework', 'clinic'}
    assert (site/'slides'/'index.html').exists() == ('lesson5_vae' in names)
    assert "pip install -e '.[app,notebooks]'" in pages[site/'index.html'].get_text()


def test_no_solution_is_published(site):
    "But one notebook explains the marker"
    assert {p.name for p in site.glob('**/*.ipynb') if 'BEGIN SOLUTION' in p.read_text()} <= {'02_grading.ipynb'}


def test_no_dead_link(site, pages):
    names = {path: {t['id'] for t in soup.select('[id]')} for path, soup in pages.items()}
    for path, soup in pages.items():
        links = [t.get('href') or t.get('src') for t in soup.select('[href], [src]')]
        for link in filter(lambda l: not WEB.match(l), links):
            target, _, anchor = link.partition('#')
            file = (path.parent/target).resolve() if target else path
            assert file.is_file() and file.is_relative_to(site), (path.name, link)
            assert not anchor or {anchor, unquote(anchor)} & names[file], (path.name, link)
    for css in site.glob('lib/*.css'):
        for url in re.findall(r'url\((?!data:)([^)]+)\)', css.read_text()): assert (css.parent/url).is_file(), url


def test_nothing_is_loaded_from_the_web(pages):
    for path, soup in pages.items():
        addresses = [t.get('src') or t['href'] for t in soup.select('[src], link[href]')]
        assert not [a for a in addresses if re.match('https?:|//', a)], path.name
        assert not [s for s in soup.select('style, script') if re.search('https?://', s.get_text())], path.name


def test_contents(pages):
    "Every heading of a notebook is in its contents, once, but for the names in its reference; and it can be linked"
    for path, soup in pages.items():
        headings = soup.select('main .jp-MarkdownCell :is(h2, h3)')
        listed = [h['id'] for h in headings if not (h.name == 'h3' and h.find_parent(class_='celltag_reference'))]
        assert [unquote(a['href'][1:]) for a in soup.select('.toc a')] == listed, path.name
        assert all(unquote(h.select_one('.anchor')['href'][1:]) == h['id'] for h in headings), path.name
        assert len({h['id'] for h in headings}) == len(headings), path.name


def test_reference(pages):
    "Each chapter of the library ends with all that its module exports, and what the parameters mean"
    for path, soup in pages.items():
        notebook = ROOT/'nbs'/'library'/f'{path.stem}.ipynb'
        entries = [h.code.get_text() for h in soup.select('.celltag_reference h3')]
        if not notebook.exists():
            assert not entries, path.name
            continue
        module = import_module(f'face_autoencoder.{path.stem[3:]}')
        assert {e for e in entries if '.' not in e} == {n for n in module.__all__ if callable(getattr(module, n))}
    runs, train = [next(soup for p, soup in pages.items() if p.stem == name) for name in ('13_runs', '14_train')]
    assert 'folder, # the folder that holds runs' in runs.select_one('.celltag_reference').get_text()
    assert runs.find(id='Run.decode') and 'epochs:int=10' in train.select_one('.celltag_reference').get_text()


def test_reading_in_order(site, pages):
    "From the first page, `next` leads to each page once, and `previous` back; the list of chapters names all of them"
    path, read = site/'index.html', []
    while path:
        read.append(path)
        link = pages[path].select_one('a[rel=next]')
        before, path = path, link and (path.parent/link['href']).resolve()
        if path: assert (path.parent/pages[path].select_one('a[rel=prev]')['href']).resolve() == before
    assert len(read) == len(pages) and {*read} == {*pages}
    assert [p.stem for p in read[1:]] == [p.stem for p in notebooks() if p.stem not in ('mnist_homework', 'clinic')]
    for path, soup in pages.items():
        assert [(path.parent/a['href']).resolve() for a in soup.select('.chapters a')] == read[1:], path.name
        here = [(path.parent/a['href']).resolve() for a in soup.select('.chapters [aria-current]')]
        assert here == [path]*(path != read[0]), path.name


def test_size_of_pages(site, pages):
    "Less than 1.5 MB each, with all of its pictures; and as much for what the search loads"
    for path in pages:
        pictures = [f.stat().st_size for f in path.with_suffix('').glob('*')]
        assert path.stat().st_size + sum(pictures) < 1.5e6, path.name
    assert sum((site/'lib'/f).stat().st_size for f in ('minisearch.js', 'sections.js')) < 1.5e6


@pytest.mark.parametrize('size', [PROJECTOR, PHONE])
@pytest.mark.parametrize('mode', ['light', 'dark'])
def test_pages_in_a_browser(browser, site, size, mode):
    "No error, nothing missing, formulas rendered, no serious violation of axe-core's rules, in both colour modes"
    for name in 'index.html', LOSSES:
        with opened(browser, site/name, size, color_scheme=mode) as page:
            if name == LOSSES: page.wait_for_selector('mjx-container svg', state='attached')
            assert page.evaluate(PAPER) == (WHITE if mode == 'light' else BLACK)
            (ROOT/'artifacts').mkdir(exist_ok=True)
            picture = ROOT/'artifacts'/f'site-{page.title()[:6].strip()}-{mode}-{size[0]}.png'
            page.screenshot(path=picture, full_page='index' in name)
            assert axe_violations(page) == []


def test_no_page_is_wider_than_a_window(browser, site):
    for name in 'index.html', LESSON, LOSSES, 'notebooks/claims.html':
        with opened(browser, site/name) as page:
            for width in 320, 390, 768, 1280, 1920:
                page.set_viewport_size(dict(width=width, height=800))
                assert page.evaluate('document.documentElement.scrollWidth') <= width, (name, width)


def test_current_section(browser, site):
    "Contents are open on a wide screen, where they follow the reader, and closed on a narrow one"
    with opened(browser, site/LOSSES, PHONE) as page: assert not page.locator('.toc a').first.is_visible()
    with opened(browser, site/LOSSES) as page:
        page.wait_for_selector('mjx-container svg', state='attached')
        for a in page.locator('.toc a').all()[:3]:
            a.click()
            page.wait_for_function(MARKED, arg=a.inner_text())
        page.keyboard.press('End') # a long jump
        page.wait_for_function(f'title => !({MARKED})(title)', arg=a.inner_text())


def test_search(browser, site):
    "As somebody would who has only a keyboard"
    with opened(browser, site/'index.html') as page:
        assert page.evaluate('typeof SECTIONS') == 'undefined' # nothing is loaded before
        page.locator('#search').focus()
        page.keyboard.type('reparameterization')
        page.wait_for_selector('.results a')
        assert re.match(r'Variational .+ › .*[Rr]eparameterization', page.locator('.results strong').first.inner_text())
        assert re.match(r'\d+ results', page.locator('#said').inner_text())
        assert axe_violations(page, '.search') == []
        page.keyboard.press('ArrowDown')
        assert page.evaluate('document.activeElement === document.querySelector(".results a")')
        page.keyboard.press('Escape')
        assert page.locator('.results').is_hidden() and page.locator('#search').input_value() == ''
        page.keyboard.type('<b>zzz')
        page.wait_for_function("document.getElementById('said').textContent === 'Nothing found'")
        page.locator('#search').fill('reparameterization')
        page.keyboard.press('Enter')
        page.wait_for_url(re.compile(r'lesson5_vae\.html#.*[Rr]eparameterization'))
        assert page.locator(':target').is_visible()


def test_dark_mode(browser, site):
    "The button overrides the system, on the next page, too; pressed again, it forgets; and it needs no storage"
    with opened(browser, site/'index.html') as page:
        for expected in BLACK, WHITE:
            page.locator('.dark').click()
            assert page.evaluate(PAPER) == expected
            assert page.locator('.dark').get_attribute('aria-pressed') == str(expected == BLACK).lower()
            page.goto((site/LOSSES).as_uri())
            assert page.evaluate(PAPER) == expected
        assert page.evaluate('localStorage.length') == 0
    with opened(browser, site/'index.html', script=NO_STORAGE, color_scheme='dark') as page:
        page.locator('.dark').click()
        assert page.evaluate(PAPER) == WHITE


@pytest.mark.parametrize('script', ['', NO_CLIPBOARD])
def test_copy(browser, site, script):
    "What the button copies can be pasted, and is announced; also where a page of file:// has no clipboard"
    with opened(browser, site/LOSSES, script=script) as page:
        code = page.locator('.highlight pre').first.inner_text()
        page.get_by_role('button', name='Copy code').first.click()
        page.wait_for_function("document.getElementById('said').textContent === 'Code copied'")
        page.evaluate("document.querySelector('.kicker').innerHTML = '<textarea></textarea>'")
        page.locator('textarea').focus()
        page.keyboard.press('Control+V')
        assert page.locator('textarea').input_value() == code.strip()
