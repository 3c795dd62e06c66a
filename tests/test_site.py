"""The course page: complete, without a dead link, and without the network."""
import re
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, run
from notebooks import notebooks

from face_autoencoder.course.slides import axe_violations

WEB = re.compile('https?:|mailto:|data:')


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp('site')/'_site'
    run('python', 'tools/site.py', folder)
    return folder


@pytest.fixture(scope='module')
def pages(site):
    paths = [site/'index.html', *site.glob('notebooks/*.html')]
    return {p: BeautifulSoup(p.read_text(), 'html.parser') for p in paths}


def test_everything_is_there(site, pages):
    names = {p.stem for p in notebooks()}
    assert {p.stem for p in (site/'notebooks').glob('*.html')} == names - {'mnist_homework', 'clinic'}
    assert {p.stem for p in (site/'homework').iterdir()} == names & {'mnist_homework', 'clinic'}
    assert (site/'slides'/'index.html').exists() == ('lesson5_vae' in names)
    assert "pip install -e '.[dev]'" in pages[site/'index.html'].get_text()


def test_no_solution_is_published(site):
    "But one notebook explains the marker"
    assert {p.name for p in site.glob('**/*.ipynb') if 'BEGIN SOLUTION' in p.read_text()} <= {'02_grading.ipynb'}


def test_no_dead_link(site, pages):
    for path, soup in pages.items():
        links = [t.get('href') or t.get('src') for t in soup.select('[href], [src]')]
        for link in filter(lambda l: not WEB.match(l), links):
            target, _, anchor = link.partition('#')
            file = (path.parent/target).resolve() if target else path
            assert file.is_file() and file.is_relative_to(site), (path.name, link)
            assert not anchor or pages[file].find(id=anchor) or pages[file].find(id=unquote(anchor)), (path.name, link)
    for css in site.glob('lib/*.css'):
        for url in re.findall(r'url\((?!data:)([^)]+)\)', css.read_text()): assert (css.parent/url).is_file(), url


def test_nothing_is_loaded_from_the_web(pages):
    for path, soup in pages.items():
        addresses = [t.get('src') or t['href'] for t in soup.select('[src], link[href]')]
        assert not [a for a in addresses if re.match('https?:|//', a)], path.name
        assert not [s for s in soup.select('style, script') if re.search('https?://', s.get_text())], path.name


@pytest.mark.parametrize('size', [(1280, 720), (390, 844)])
def test_pages_in_a_browser(browser, site, size):
    "No error, nothing missing, wider than no window, formulas rendered, no serious violation of axe-core's rules"
    with browser.new_context(viewport=dict(width=size[0], height=size[1]), offline=True) as context:
        for name in 'index.html', 'notebooks/05_losses.html':
            page, wrong = context.new_page(), []
            for event in 'pageerror', 'requestfailed': page.on(event, lambda e: wrong.append(e))
            page.on('console', lambda m: m.type == 'error' and wrong.append(m.text))
            page.goto((site/name).as_uri())
            if 'losses' in name: page.wait_for_selector('mjx-container svg', state='attached')
            (ROOT/'artifacts').mkdir(exist_ok=True)
            picture = ROOT/'artifacts'/f'site-{page.title()[:6].strip()}-{size[0]}.png'
            page.screenshot(path=picture, full_page='index' in name)
            assert not wrong and page.evaluate('document.documentElement.scrollWidth') <= size[0], name
            if 'index' in name: assert axe_violations(page) == []
