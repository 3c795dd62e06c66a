"""What holds of the repository as a whole."""
import ast, re

import pytest
import yaml
from conftest import ROOT, run
from documents import words_of
from notebooks import TEACHING, notebooks, sources
from test_notebooks import tree

pytestmark = pytest.mark.quick
PACKAGE = ROOT/'face_autoencoder'


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


MODULES = {name_of(p): p for p in sorted(PACKAGE.rglob('*.py'))}


def tracked():
    files = run('git', 'ls-files', '--cached', '--others', '--exclude-standard').stdout.splitlines()
    return [ROOT/f for f in files if (ROOT/f).exists()]


def test_links(clone):
    "Three lines of settings.ini make all badges and links; without a user there are none"
    before = tree(clone)
    run('python', 'tools/links.py', cwd=clone)
    assert tree(clone) == before
    if 'colab.research.google.com' in (clone/'README.md').read_text(): return
    settings = clone/'settings.ini'
    text = settings.read_text()
    settings.write_text(text.replace('\nuser =', '\nuser = ada').replace('\nbranch = main', '\nbranch = autumn'))
    run('python', 'tools/links.py', cwd=clone)
    readme, table = (clone/'README.md').read_text(), (clone/'nbs'/'README.md').read_text()
    notebook = (clone/'nbs'/'library'/'03_model.ipynb').read_text()
    url = 'colab.research.google.com/github/ada/face_autoencoder/blob/autumn/nbs/library/03_model.ipynb'
    assert url in table and url in notebook
    assert 'https://ada.github.io/face_autoencoder/' in readme and 'actions/workflows/test.yaml/badge.svg' in readme
    assert 'git clone -b autumn https://github.com/ada/face_autoencoder' in readme
    assert 'git+https://github.com/ada/face_autoencoder@autumn' in notebook
    settings.write_text(text)
    run('python', 'tools/links.py', cwd=clone)
    assert tree(clone) == before


def anchors(path):
    "What links within a document may lead to: its headings, as GitHub writes them"
    found = re.findall('^#+ (.*)', re.sub(r'^```.*?^```', '', path.read_text(), flags=re.M | re.S), re.M)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in found}


def test_what_is_linked_is_there():
    for p in tracked():
        if p.suffix not in ('.ipynb', '.md'): continue
        found = re.findall(r'\]\(([^)\s]+)|(?:href|src)="([^"]+)"', words_of(p))
        links = [f.partition('#') for f in map(''.join, found) if not re.match('[a-z]+:', f)]
        assert [f for f, _, _ in links if not (p.parent/f).exists()] == [], p.name
        inside = [(p.parent/f if f else p, anchor) for f, _, anchor in links if anchor]
        assert [a for f, a in inside if f.suffix == '.md' and a not in anchors(f)] == [], p.name


def test_citation_and_changelog():
    "What GitHub and Zenodo read has all that its format (CFF 1.2.0) requires, and all documents name one version"
    cited = yaml.safe_load((ROOT/'CITATION.cff').read_text())
    assert cited['cff-version'] == '1.2.0' and cited['message'] and cited['type'] == 'software'
    for work in cited, *cited['references']: assert work['title'] and work['authors'] and work['type'], work
    people = [a for work in cited['references'] for a in work['authors']]
    assert len(cited['references']) == 17 and all({*a} == {'family-names', 'given-names'} for a in people)
    versions = re.findall(r'^## (\S+)', (ROOT/'CHANGELOG.md').read_text(), re.M)
    in_bibtex = re.search(r'version = \{(.*?)\}', (ROOT/'README.md').read_text())[1]
    assert cited['version'] == versions[0] == in_bibtex
    assert re.search(r'^version = (\S+)', (ROOT/'settings.ini').read_text(), re.M)[1] in versions


def test_issue_templates():
    "GitHub shows those that have a name and say what they are for"
    found = [p.read_text().split('---') for p in (ROOT/'.github'/'ISSUE_TEMPLATE').glob('*.md')]
    heads = [yaml.safe_load(head) for begin, head, *_ in found if begin == '']
    assert sorted(head['name'] for head in heads) == ['A fault', 'A proposal', 'A question']
    assert all(head['about'] for head in heads) and all('**' in rest for *_, rest in found)


def test_no_path_of_a_machine():
    for p in tracked():
        if p.suffix in ('.png', '.jpg', '.webp', '.npz', '.safetensors', '.woff2'): continue
        found = re.search(r'(?<![\w./-])/(root|home/\w+|work|farm)/\w', p.read_text())
        assert not found, f'{p.name}: {found}'


def test_nothing_is_pickled():
    for p in PACKAGE.rglob('*.py'):
        found = re.search(r'pickle\.|torch\.load\((?!.*weights_only=True)|allow_pickle=True|joblib', p.read_text())
        assert not found, f'{p.name}: {found}'


@pytest.mark.parametrize('command', re.findall(r'^\t\$\(BIN\)/(ruff check.*)', (ROOT/'Makefile').read_text(), re.M))
def test_lint(command):
    "What `make lint` does: width, unused and undefined names, known traps"
    done = run('bash', '-c', f'{command} --output-format concise', check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def wide(text, width): return [l for l in text.splitlines() if len(l) > width]


def test_width():
    "Also of lines that ruff leaves out: long words in notebooks, and modules, where nbdev breaks `__all__` as it likes"
    found = {p.stem: wide('\n'.join(sources(p)), 100 if p in TEACHING else 120) for p in notebooks()}
    exported = re.compile(r'^__all__ = \[.*?\]', re.M | re.S)
    found |= {name: wide(exported.sub('', p.read_text()), 120) for name, p in MODULES.items() if p.stem != '_modidx'}
    assert {name: lines for name, lines in found.items() if lines} == {}


GROUPED = '''
import os, pytest
worker = os.environ['PYTEST_XDIST_WORKER']
@pytest.mark.parametrize('i', range(8))
@pytest.mark.xdist_group('together')
def test_grouped(i, record_property): record_property('worker', worker)
'''


def test_groups_of_tests_stay_in_one_worker(tmp_path):
    "An expensive fixture of a file is made once. (pytest-xdist 3.8 marks groups in a place that pytest 9.2 has moved.)"
    (tmp_path/'test_toy.py').write_text(GROUPED)
    run('python', '-m', 'pytest', '-n', '2', '--dist', 'loadgroup', '--junit-xml', 'seen.xml', cwd=tmp_path)
    assert len({*re.findall(r'name="worker" value="(\w+)"', (tmp_path/'seen.xml').read_text())}) == 1


# Who imports whom

def targets(node, module, is_package):
    "The absolute names that an import statement may mean"
    if isinstance(node, ast.Import): return [a.name for a in node.names]
    base = module.split('.')[:len(module.split('.')) - node.level + is_package] if node.level else []
    base = '.'.join([*base, *filter(None, [node.module])])
    return [base, *(f'{base}.{a.name}' for a in node.names)]


def imports(module):
    "The modules of ours that a module imports, at its top or later, in a function; with how late"
    path = MODULES[module]
    body = ast.parse(path.read_text())
    for node in ast.walk(body):
        if not isinstance(node, (ast.Import, ast.ImportFrom)): continue
        for name in targets(node, module, path.name == '__init__.py'):
            if name in MODULES and name != module: yield name, node not in body.body


def wing(module): return module.split('.')[1] if module.count('.') > 1 or module.endswith(('.app', '.course')) else ''


def test_wings():
    "The library imports neither app nor course; only the command line does, when a command wants it"
    wrong = {(m, name) for m in MODULES if not wing(m) for name, late in imports(m)
             if wing(name) in ('app', 'course') and not (late and m == 'face_autoencoder.cli')}
    assert wrong == set()
    assert any(wing(name) == 'app' for name, late in imports('face_autoencoder.cli')), 'this test looks at nothing'


def test_imports_go_one_way():
    "No module leads back to itself, even through imports inside functions"
    wanted = {m: {name for name, _ in imports(m)} - {'face_autoencoder'} for m in MODULES}
    while free := [m for m, names in wanted.items() if not names & wanted.keys()]:
        for m in free: del wanted[m]
    assert wanted == {}, 'a circle among these'
