"""The course page: python tools/site.py [FOLDER], by default _site/. Plain files that need no network."""
import json, re, shutil, sys
from collections import Counter
from copy import deepcopy
from functools import cache
from html import escape
from importlib import import_module
from inspect import isclass, isfunction, unwrap
from io import BytesIO
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import nbformat
from bs4 import BeautifulSoup
from fastcore.docments import MarkdownRenderer
from jinja2 import Environment, FileSystemLoader
from nbconvert import HTMLExporter
from PIL import Image

from face_autoencoder.app.export import export_runs, run_called
from face_autoencoder.course.grading import student_copy, write_student_copy
from face_autoencoder.course.notebooks import read_notebook
from face_autoencoder.course.slides import ASSETS, alt_texts, embed_pictures, left_out, options_of, shown_parts
from face_autoencoder.course.slides import live_runs, make_live, write_deck
from documents import commands
from links import badge, github, head, user
from notebooks import CLINIC, HOMEWORK, LESSON, NBS, STUDENTS, TEACHING, TRAINING, WITH_SOLUTIONS, notebooks, root

here = Path(__file__).parent
NOTEBOOKS = [p for p in notebooks() if p not in STUDENTS]
GROUPS = dict(nbs='Read', experiments='Experiments', library='Library', app='App', course='Teaching') # of folders
START = dict(title='Start', href='index.html')
NO_COLOUR = re.compile('<span class="(?:n|nn|p|o|w)">([^<]*)</span>') # half of all tags of a page
NO_PROMPTS = dict(exclude_input_prompt=True, exclude_output_prompt=True)
exporter = HTMLExporter(template_name='page', extra_template_basedirs=[str(here)], **NO_PROMPTS)


@cache
def chapter(path):
    "What all pages say about a notebook; places are seen from the folder of index.html"
    title, about = head(read_notebook(path))
    return dict(title=title, about=about, href=f'notebooks/{path.stem}.html', group=GROUPS[path.parent.name])


def groups():
    "The chapters of each group, in the order of reading"
    found = {}
    for c in map(chapter, NOTEBOOKS): found.setdefault(c['group'], []).append(c)
    return found


def around(page):
    "What a template puts around a page: all chapters, the page before, the one after it, and where the source is"
    book = [START, *map(chapter, NOTEBOOKS)]
    i = book.index(page)
    previous, following = book[i-1] if i else None, book[i+1] if book[i+1:] else None
    return dict(groups=groups(), previous=previous, next=following, github=github if user else '')


def colab(path):
    "The address that opens a notebook on Colab, of those with solutions the students' copy; without a `user`, none"
    return badge(path).rpartition('](')[2].rstrip(')') if user else ''


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


def methods(cls):
    "Name -> function of what a class itself defines for others and explains; of a property, the function that reads it"
    own = {name: getattr(value, 'fget', None) or getattr(value, 'func', value) for name, value in vars(cls).items()}
    return {name: f for name, f in own.items() if isfunction(f) and f.__doc__ and not name.startswith('_')}


def documented(module):
    "Name -> what a module exports: its functions, and its classes with their methods"
    for name in module.__all__:
        found = unwrap(getattr(module, name))
        if isclass(found) or isfunction(found): yield name, found
        if isclass(found): yield from ((f'{name}.{method}', f) for method, f in methods(found).items())


def reference(path):
    "The cell that ends a notebook of the library: the signature of all that it exports, with what each parameter means"
    module = import_module(f'face_autoencoder.{path.stem.partition("_")[2]}')
    entries = [f'### `{name}`\n\n{MarkdownRenderer(f)._repr_markdown_()}' for name, f in documented(module)]
    return nbformat.v4.new_markdown_cell('\n\n'.join(['## Reference', *entries]), metadata=dict(tags=['reference']))


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


def smaller(content, kind):
    "A photograph or drawing that was kept as a JPEG, as WebP, which wants a third less"
    if kind != 'jpeg': return content, kind
    Image.open(BytesIO(content)).save(webp := BytesIO(), 'WEBP', quality=85)
    return min((content, kind), (webp.getvalue(), 'webp'), key=lambda c: len(c[0]))


def move_pictures(soup, folder):
    "Embedded pictures to files: a browser loads them when they come near, and knows their size before"
    for i, img in enumerate(soup.select('img[src^="data:"]')):
        with urlopen(img['src']) as data: content, kind = smaller(data.read(), data.headers.get_content_subtype())
        file = folder/f'{i}.{kind.partition("+")[0]}' # svg+xml
        folder.mkdir(exist_ok=True)
        file.write_bytes(content)
        img.attrs |= dict(src=f'{folder.name}/{file.name}', loading='lazy')
        if 'svg' not in kind and not img.get('width'): img['width'], img['height'] = Image.open(file).size


def words(tag): return ' '.join(tag.get_text().split())


def plain(text):
    "Without long formulas, and without the signs of short ones: what is found is shown as it is"
    long = re.sub(r'\$\$.*?\$\$', '', text)
    return re.sub(r'\$([^$]+)\$', lambda m: re.sub(r'[\\{}]', '', m[1]), long)


def sections(main, page):
    "What is searched, of each heading: its place, its words, and what its code defines, but nothing that code has said"
    def section(href, heading): return dict(href=href, title=page['title'], heading=heading, text=[], names=[])
    found = [section(page['href'], '')]
    for block in main.select('.jp-MarkdownCell .jp-RenderedMarkdown > *, .jp-InputArea-editor'):
        if block.name in ('h2', 'h3') and block.get('id'):
            found.append(section(f"{page['href']}#{quote(block['id'])}", plain(words(block))))
        elif 'jp-InputArea-editor' in block.get('class', []):
            found[-1]['names'] += re.findall(r'^(?:def|class) (\w+)', block.get_text(), re.M)
        elif block.name != 'h1': found[-1]['text'].append(plain(words(block)))
    return [dict(s, text=' '.join(s['text']), names=' '.join(s['names'])) for s in found]


def set_apart(headings):
    "Two headings of the same words get different names"
    seen = Counter()
    for h in headings:
        seen[h['id']] += 1
        if seen[h['id']] > 1: h['id'] += f"-{seen[h['id']]}"


def contents(headings):
    "A list of the headings of a page, in HTML"
    items = [f'<li class="{h.name}"><a href="#{quote(h["id"])}">{escape(words(h))}</a></li>' for h in headings]
    return BeautifulSoup(f'<ul>{"".join(items)}</ul>', 'html.parser')


def link_headings(soup, headings):
    "A sign behind each heading, which can be copied as a link to it"
    for h in headings:
        about = {'class': 'anchor', 'href': f'#{quote(h["id"])}', 'aria-label': 'Link to this section'}
        h.append(soup.new_tag('a', attrs=about, string='#'))


def has_formulas(cell):
    "Whether text of a cell, or text that its code shows, has something for MathJax"
    texts = [cell.source] if cell.cell_type == 'markdown' else [o.get('data', {}) for o in cell.get('outputs', [])]
    return any(re.search(r'\$|\\\(|text/latex', str(t)) for t in texts)


def write_page(path, out):
    "A notebook as a page, and its file beside it; gives what is searched"
    nb, about = read_for_students(path), chapter(path)
    nbformat.write(nb, out/path.name)
    nb.cells = list(shown(nb))
    if about['group'] == GROUPS['library']: nb.cells.append(reference(path))
    page = dict(about, file=path.name, colab=colab(path), formulas=any(map(has_formulas, nb.cells)), **around(about))
    html, _ = exporter.from_notebook_node(nb, dict(page=page))
    soup = BeautifulSoup(NO_COLOUR.sub(r'\1', html), 'html.parser')
    for rest in soup.select('main style, .anchor-link'): rest.decompose()
    alt_texts(soup, nb.cells)
    make_live(soup, nb.cells)
    load_live(soup)
    embed_pictures(soup, path.parent)
    complete(path, left_out(soup))
    move_pictures(soup, out/path.stem)
    settle_links(soup.main, path.parent)
    headings = soup.select('.jp-MarkdownCell :is(h2, h3)[id]')
    set_apart(headings)
    in_contents = [h for h in headings if h.name == 'h2' or not h.find_parent(class_='celltag_reference')]
    soup.select_one('.toc nav').append(contents(in_contents))
    found = sections(soup.main, about)
    link_headings(soup, headings)
    (out/f'{path.stem}.html').write_text(str(soup), encoding='utf-8')
    return [dict(s, weight=2 if path in TEACHING else 1) for s in found]


ABOUT = ('Notebooks that are the library, the tests and the lesson at once: every sentence they teach is measured '
         'by a cell that you can run, on faces that need no download.')
ABOUT_LESSON = ('The lecture, to be read from top to bottom and run: theory first, '
                'each claim with its measurement and a verdict.')
ABOUT_SLIDES = 'The same lecture as {} slides. Arrow keys turn the pages, S opens the speaker notes.'
ABOUT_TRAINING = ("The whole pipeline step by step, in fastai's way: "
                  'faces drawn by a program, model, loss, training, codes, components. With two exercises.')
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
        links = [('Your copy', f'homework/{path.name}')] + [('Open in Colab', colab(path))] * bool(user)
        yield dict(title=title, text=text, links=links)


def known_commands(*beginnings):
    "The commands of README and other documents that begin so"
    known = commands()
    found = [next((l for l in known if l.startswith(b)), None) for b in beginnings]
    if None in found: sys.exit(f'no document has a command `{beginnings[found.index(None)]}`')
    return found


READ = ('Read the lesson from top to bottom, then the training and the experiments: the foot of each page leads to the '
        'next one. The search field finds a word in all of them. These pages need no network: `make site` writes them '
        'to the folder `_site`, which you can copy to a USB stick.')
RUN = ('You need Python 3.11 to 3.13; without a GPU, install torch and torchvision for the CPU first. `make demo` '
       'draws 6,000 faces, trains on them for 3 epochs and opens the app: less than two minutes on two CPU cores. '
       '`fae_train` trains a model of your own, `fae_runs` compares what you have trained, and `fae_app` opens the '
       'newest of them.')
TEACH = ('`fae_slides` makes slides of the lesson, `fae_student` makes the copy of a homework without its solutions, '
         'and `fae_grade` grades a folder of what students have handed in. Grades go back to Canvas or Moodle. Keep '
         'the repository with the solutions private.')
BUILD = ('The notebooks are the library: edit a notebook, never the module that it exports. `make check` exports it, '
         'checks its lines, and runs it with the tests that belong to it. `make test` runs every notebook at its '
         'smallest size before you share the change.')
WAYS = dict(Read=(READ, ['make site']),
            Run=(RUN, ['python3 -m venv', '.venv/bin/pip install -e', 'make demo', '.venv/bin/fae_train --data faces',
                       '.venv/bin/fae_runs', '.venv/bin/fae_app']),
            Teach=(TEACH, ['.venv/bin/fae_slides', '.venv/bin/fae_student', '.venv/bin/fae_grade']),
            Build=(BUILD, ['make check', 'make test']))


def write_start(out, cards):
    """The page that all begins with; gives what is searched

    It shows the explorer, which is in the folder `explorer` by then."""
    env = Environment(loader=FileSystemLoader(here/'page'))
    env.filters['code'] = code
    ways = [dict(title=t, text=text, commands=known_commands(*begin)) for t, (text, begin) in WAYS.items()]
    parts = dict(about=ABOUT, cards=cards, ways=ways, explorer='explorer/index.html', **around(START))
    soup = BeautifulSoup(env.get_template('course.html.j2').render(parts), 'html.parser')
    headings = soup.select('main :is(h2, h3)[id]')
    found = [dict(START, href=f'index.html#{h["id"]}', heading=words(h), text=words(h.parent)) for h in headings]
    link_headings(soup, headings)
    (out/'index.html').write_text(str(soup), encoding='utf-8')
    return [dict(s, names='', weight=1) for s in found]


def write_search(out, found):
    "What is searched, as a script: a page of file:// may read no other files"
    text = json.dumps(found, ensure_ascii=False, separators=(',', ':'))
    (out/'lib'/'sections.js').write_text(f'const SECTIONS = {text}\n', encoding='utf-8')


def copy_assets(out):
    "What all pages load, and the picture of the first one"
    shutil.copytree(ASSETS/'lib', out/'lib', dirs_exist_ok=True)
    shutil.copytree(here/'page'/'lib', out/'lib', dirs_exist_ok=True)
    ours = [here/'page'/name for name in ('page.css', 'page.js')]
    for asset in ASSETS/'style.css', ASSETS/'math.js', *ours: shutil.copy(asset, out/'lib')
    (out/'images').mkdir(exist_ok=True)
    shutil.copy(NBS/'images'/'app.jpg', out/'images')


EXPLORED = 'faces', 'lfw' # runs that the explorer shows
COMPARED = 'healthy', 'autoencoder', 'under-regularised', 'collapsed' # and those that it shows from inside only


def load_live(soup):
    "What a page needs whose figures can be tried: the explorer's scripts and styles"
    if unknown := {*live_runs(soup)} - {*EXPLORED, *COMPARED}: sys.exit(f'the explorer has no run {unknown.pop()}')
    if not live_runs(soup): return
    soup.body.append(soup.new_tag('script', attrs=dict(src='../explorer/explorer.js', defer='')))
    soup.head.append(soup.new_tag('link', attrs=dict(rel='stylesheet', href='../explorer/explorer.css')))


def write_explorer(out):
    explored, compared = [[run_called(name, None) for name in names] for names in (EXPLORED, COMPARED)]
    export_runs(explored, out, compared)


def write_site(out):
    "The whole page in a folder, in place of what was there"
    shutil.rmtree(out, ignore_errors=True)
    (out/'notebooks').mkdir(parents=True)
    copy_assets(out)
    write_explorer(out/'explorer')
    found = [s for path in NOTEBOOKS for s in write_page(path, out/'notebooks')]
    write_search(out, found + write_start(out, list(cards(out))))


if __name__ == '__main__': write_site(Path(sys.argv[1] if sys.argv[1:] else root/'_site'))
