"""Write lists of notebooks into README.md and nbs/README.md; from the three lines `user`, `repo` and `branch` of
settings.ini badges and links into these and the notebooks; and the students' copies of notebooks with solutions into
the package, from where `fae_notebooks` and Colab take them.

A badge of a notebook with solutions opens its copy. While `user` is empty there is nothing to link to, so none are
written and old ones are removed."""
import base64
import json
import mimetypes
import re
from configparser import ConfigParser

import nbformat
from face_autoencoder.core import atomic_path
from face_autoencoder.course.grading import student_copy
from face_autoencoder.course.notebooks import read_notebook
from notebooks import MINUTES, NBS, WITH_SOLUTIONS, notebooks, root

cfg = ConfigParser(delimiters=['='])
cfg.read(root/'settings.ini')
user, repo, branch = [cfg['DEFAULT'][k].strip() for k in ('user', 'repo', 'branch')]
github = f'https://github.com/{user}/{repo}'
COLAB = 'https://colab.research.google.com'
COPIES = root/'face_autoencoder'/'students'


def badge(path):
    if path in WITH_SOLUTIONS: path = COPIES/path.name
    address = f'{COLAB}/github/{user}/{repo}/blob/{branch}/{path.relative_to(root).as_posix()}'
    return f'[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({address})'


def first_words(nb):
    "A notebook's first Markdown cell; a lecture has a raw one before it"
    return next(c for c in nb['cells'] if c['cell_type'] == 'markdown')


def head(nb):
    "Title and subtitle from a notebook's first Markdown cell"
    text = ''.join(first_words(nb)['source'])
    return [re.search(pattern, text, re.M).group(1) for pattern in (r'^# (.+)', r'^> (.+)')]


def install_cell():
    "Installs the library where it is missing, as on Colab and Kaggle, and is neither shown nor tested"
    source = f'''#| eval: false
#| include: false
from importlib.util import find_spec
if not getattr(find_spec('face_autoencoder'), 'origin', None): # as on Colab and Kaggle
    %pip install -q "face_autoencoder[app] @ git+{github}@{branch}"'''
    return dict(cell_type='code', execution_count=None, id='colab-install', metadata={}, outputs=[],
                source=source.splitlines(True))


def link_notebook(path):
    "A badge below the title, and a cell that installs the library where it is missing"
    before = json.loads(path.read_text())
    nb = dict(before, cells=[dict(c) for c in before['cells'] if c.get('id') != 'colab-install'])
    first = first_words(nb)
    lines = [l for l in ''.join(first['source']).splitlines(True) if not l.startswith('[![Open in Colab]')]
    if user:
        lines.insert(1, badge(path) + '\n')
        nb['cells'].insert(nb['cells'].index(first) + 1, install_cell())
    first['source'] = lines if isinstance(first['source'], list) else ''.join(lines)
    if nb != before: path.write_text(json.dumps(nb, indent=1, ensure_ascii=False) + '\n')
    return head(nb)


def table(rows):
    "Rows of a Markdown table, the first of which is its head; their last cells are badges, left out without a `user`"
    rows = [rows[0], ['---']*len(rows[0]), *rows[1:]]
    if not user: rows = [r[:-1] for r in rows]
    return '\n'.join('| ' + ' | '.join(r) + ' |' for r in rows) + '\n'


def syllabus(heads):
    "What one learns from, for the README"
    rows = [[f'[{heads[p][0]}]({p.relative_to(root).as_posix()})', heads[p][1], minutes, badge(p)]
            for p, minutes in MINUTES.items() if p in heads]
    return table([['notebook', 'about', '*Run All*', 'Colab'], *rows])


def all_notebooks(heads):
    "The list of nbs/README.md"
    rows = [[f'[{title}]({p.relative_to(NBS).as_posix()})', about, badge(p)] for p, (title, about) in heads.items()]
    return table([['notebook', 'about', 'Colab'], *rows])


def fill(text, mark, content):
    "Put content between a pair of marks"
    return re.sub(rf'(<!-- {mark} -->\n).*?(<!-- /{mark} -->)', lambda m: m[1] + content + m[2], text, flags=re.S)


def settle_link(link):
    "A link of a copy, which has none of the repository's files around it: to GitHub, or plain text without a user"
    words, target = link.groups()
    if re.match('[a-z]+:|#', target) or NBS/target in WITH_SOLUTIONS: return link[0]
    return f'[{words}]({github}/blob/{branch}/nbs/{target})' if user else words


def take_along(cell):
    "The pictures that a cell of text shows, into the cell, and its links to where they lead"
    for path in re.findall(r'!\[[^]]*\]\((images/[^)]+)\)', cell.source):
        picture = base64.b64encode((NBS/path).read_bytes()).decode()
        name = path.rpartition('/')[2]
        cell.setdefault('attachments', {})[name] = {mimetypes.guess_type(name)[0]: picture}
        cell.source = cell.source.replace(f']({path})', f'](attachment:{name})')
    cell.source = re.sub(r'(?<!!)\[([^][]*)\]\(([^)\s]+)\)', settle_link, cell.source)


def write_copies():
    "What students get of notebooks with solutions; a repository without those keeps what it has"
    for path in filter(lambda p: p.exists(), WITH_SOLUTIONS):
        nb = student_copy(read_notebook(path))
        for c in nb.cells:
            if c.cell_type == 'markdown': take_along(c)
        with atomic_path(COPIES/path.name) as tmp: nbformat.write(nb, tmp)
        link_notebook(COPIES/path.name)


def status():
    "What a visitor of GitHub sees first: whether the tests pass, and the course page"
    actions, page = f'{github}/actions/workflows/test.yaml', f'https://{user.lower()}.github.io/{repo}/'
    return f'[![Tests]({actions}/badge.svg)]({actions}) [Course page]({page})\n\n'


def clone():
    "How to begin with the repository"
    colab = 'In Colab, press a badge of the [syllabus](#syllabus). On your own machine:'
    return f'{colab}\n\n    git clone -b {branch} {github} && cd {repo}\n\n'


def write_links():
    heads = {p: link_notebook(p) for p in notebooks()}
    write_copies()
    readme = dict(badges=status() if user else '', clone=clone() if user else '', syllabus=syllabus(heads))
    for path, marks in (root/'README.md', readme), (NBS/'README.md', dict(notebooks=all_notebooks(heads))):
        text = path.read_text()
        for mark, content in marks.items(): text = fill(text, mark, content)
        path.write_text(text)


if __name__ == '__main__': write_links()
