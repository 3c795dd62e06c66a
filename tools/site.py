"""The course page: python tools/site.py [FOLDER], by default _site/. Plain files that need no network."""
import shutil, sys
from copy import deepcopy
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader
from nbconvert import HTMLExporter

from face_autoencoder.course.grading import student_copy, write_student_copy
from face_autoencoder.course.notebooks import read_notebook
from face_autoencoder.course.slides import ASSETS, alt_texts, embed_pictures, left_out, options_of, shown_parts
from face_autoencoder.course.slides import write_deck
from links import github, head, user
from notebooks import CLINIC, HOMEWORK, LESSON, NBS, STUDENTS, TRAINING, WITH_SOLUTIONS, notebooks, root

here = Path(__file__).parent
NOTEBOOKS = [p for p in notebooks() if p not in STUDENTS]
NO_PROMPTS = dict(exclude_input_prompt=True, exclude_output_prompt=True)
exporter = HTMLExporter(template_name='page', extra_template_basedirs=[str(here)], **NO_PROMPTS)


def code(text):
    "Backticks to HTML, in text that is escaped already"
    parts = str(text).split('`')
    return ''.join(f'<code>{p}</code>' if i % 2 else p for i, p in enumerate(parts))


def settle_links(soup, folder):
    "Links between notebooks lead to their pages; those to files that are not here become plain text"
    for a in soup.select('a[href]'):
        target, hash, anchor = a['href'].partition('#')
        path = (folder/target).resolve()
        if path in NOTEBOOKS: a['href'] = f'{path.stem}.html{hash}{anchor}'
        elif path in STUDENTS and path.exists(): a['href'] = f'../homework/{path.name}'
        elif not target.startswith(('http:', 'https:', 'mailto:')) and (target or not soup.find(id=anchor)): a.unwrap()


def shown(nb):
    "The cells that a reader sees"
    for cell in nb.cells:
        options = options_of(cell)
        hidden = {'hide', 'default_exp'} & options.keys() or options.get('include') is False
        if cell.cell_type != 'raw' and not hidden: yield shown_parts(cell, options)


def complete(path, remarks):
    "What a reader would miss ends it all: these notebooks are ours"
    if remarks: sys.exit(f'{path.name}: {remarks[0]}')


def read_for_students(path):
    "A notebook with its outputs, and with stubs in place of solutions"
    nb = read_notebook(path)
    stubs = {c.id: c.source for c in student_copy(deepcopy(nb)).cells} if path in WITH_SOLUTIONS else {}
    for c in nb.cells:
        if 'BEGIN SOLUTION' in c.source: c.source = stubs.get(c.id, c.source)
    return nb


def write_page(path, out):
    "A notebook as a page, and its file beside it"
    nb = read_for_students(path)
    nbformat.write(nb, out/path.name)
    nb.cells, title = list(shown(nb)), head_of(path)[0]
    html, _ = exporter.from_notebook_node(nb, dict(page=dict(title=title, name=path.name)))
    soup = BeautifulSoup(html, 'html.parser')
    for rest in soup.select('main style, .anchor-link'): rest.decompose()
    alt_texts(soup, nb.cells)
    embed_pictures(soup, path.parent)
    complete(path, left_out(soup))
    settle_links(soup.main, path.parent)
    (out/f'{path.stem}.html').write_text(str(soup), encoding='utf-8')


def head_of(path): return head(read_notebook(path))


ABOUT = ('Notebooks that are the library, the tests and the lesson at once: every sentence they teach is measured '
         'by a cell that you can run, on faces that need no download.')
ABOUT_LESSON = ('The lecture, to be read from top to bottom and run: theory first, '
                'each claim with its measurement and a verdict.')
ABOUT_SLIDES = 'The same lecture as {} slides. Arrow keys turn the pages, S opens the speaker notes.'
ABOUT_TRAINING = ('The whole pipeline step by step: '
                  'faces that draw themselves, model, loss, training, codes, components.')
ABOUT_HOMEWORK = 'Autoencoders on MNIST and Fashion-MNIST. Checks say at each step what is wrong and what to look at.'
ABOUT_CLINIC = 'Broken VAEs: find each fault from its symptoms, and repair it.'


def to_read(title, text, path):
    "The card of a notebook that has a page"
    links = [('Read', f'notebooks/{path.stem}.html'), ('Notebook', f'notebooks/{path.name}')]
    return dict(title=title, text=text, links=links)


def cards(out):
    "What the page offers, as far as it exists"
    if LESSON.exists():
        deck = write_deck(LESSON, out/'slides')
        complete(LESSON, deck.remarks)
        yield to_read('Lesson', ABOUT_LESSON, LESSON)
        yield dict(title='Slides', text=ABOUT_SLIDES.format(deck.slides), links=[('Open', 'slides/index.html')])
    yield to_read('Training', ABOUT_TRAINING, TRAINING)
    for path, title, text in (HOMEWORK, 'Homework', ABOUT_HOMEWORK), (CLINIC, 'Clinic', ABOUT_CLINIC):
        if not path.exists(): continue
        write_student_copy(path, out/'homework'/path.name)
        yield dict(title=title, text=text, links=[('Your copy', f'homework/{path.name}')])


def blocks(section):
    "The commands in a section of the README"
    text = (root/'README.md').read_text().partition(f'\n## {section}\n')[2].partition('\n## ')[0]
    return [b.partition('```')[0].strip() for b in text.split('```sh\n')[1:]]


def write_site(out):
    "The whole page in a folder, in place of what was there"
    shutil.rmtree(out, ignore_errors=True)
    (out/'notebooks').mkdir(parents=True)
    shutil.copytree(ASSETS/'lib', out/'lib')
    for asset in ASSETS/'style.css', ASSETS/'math.js', here/'page'/'page.css': shutil.copy(asset, out/'lib')
    (out/'images').mkdir()
    shutil.copy(NBS/'images'/'app.jpg', out/'images')
    for path in NOTEBOOKS: write_page(path, out/'notebooks')
    env = Environment(loader=FileSystemLoader(here/'page'))
    env.filters['code'] = code
    pages = {f'{p.stem}.html': head_of(p) for p in NOTEBOOKS}
    parts = dict(about=ABOUT, cards=list(cards(out)), install=blocks('Install'), notebooks=pages)
    page = env.get_template('course.html.j2').render(parts, github=github if user else '')
    (out/'index.html').write_text(page, encoding='utf-8')


if __name__ == '__main__': write_site(Path(sys.argv[1] if sys.argv[1:] else root/'_site'))
