"""What pip installs, and what `make` does before anything else."""
import json, re, tarfile
from email import message_from_string
from zipfile import ZipFile

import pytest
from conftest import ROOT, copy_repository, run
from notebooks import WITH_SOLUTIONS
from test_repository import MODULES

import face_autoencoder

pytestmark = pytest.mark.quick
BUILD = 'from setuptools import build_meta; build_meta.'
NAMES = [p.name for p in WITH_SOLUTIONS]


def with_user(clone):
    "Let a copy of the repository be somebody's"
    settings = clone/'settings.ini'
    settings.write_text(re.sub('^user =.*', 'user = ada', settings.read_text(), count=1, flags=re.M))
    return clone


# Archives

@pytest.fixture(scope='module')
def sdist(tmp_path_factory):
    "Made from a clone with one more run in `pretrained`, and a small one"
    clone = copy_repository(tmp_path_factory.mktemp('sdist')/'clone')
    for folder in ('pretrained', 'pretrained_small'):
        a_run = clone/'face_autoencoder'/folder/'a-run'
        a_run.mkdir(parents=True)
        for name in ('config.json', 'model.safetensors', '.lock'): (a_run/name).write_text('{}')
    run('python', '-c', f'{BUILD}build_sdist("dist")', cwd=clone)
    return next((clone/'dist').glob('*.tar.gz'))


@pytest.fixture(scope='module')
def wheel(sdist, tmp_path_factory):
    "Made from the archive of sources"
    tmp = tmp_path_factory.mktemp('wheel')
    with tarfile.open(sdist) as archive: archive.extractall(tmp, filter='data')
    source = next(tmp.glob('face_autoencoder-*'))
    run('python', '-c', f'{BUILD}build_wheel("dist")', cwd=source)
    return next((source/'dist').glob('*.whl'))


@pytest.fixture
def installed(wheel, second_env, monkeypatch):
    "The folder with the commands of an environment that has the wheel, and borrows what it needs"
    monkeypatch.delenv('PYTHONPATH', raising=False)
    run(second_env/'bin'/'python', '-m', 'pip', 'install', '--quiet', '--no-deps', '--no-index', wheel)
    return second_env/'bin'


IMPORT_EACH = '''
import importlib, sys
package, *names = sys.argv[1:]
for name in names:
    for loaded in [m for m in sys.modules if m.split('.')[0] == package]: del sys.modules[loaded]
    print(importlib.import_module(name).__file__)
'''


def test_every_module_is_installed(wheel, installed, tmp_path):
    "The wheel holds every module, and each of them can be the first that is imported"
    modules = [n for n in ZipFile(wheel).namelist() if n.endswith('.py')]
    assert {*modules} == {str(p.relative_to(ROOT)) for p in MODULES.values()}
    names = [m for m in MODULES if not m.endswith('__main__')]
    done = run(installed/'python', '-W', 'ignore', '-c', IMPORT_EACH, 'face_autoencoder', *names, cwd=tmp_path)
    files = done.stdout.split()
    assert len(files) == len(names) and all(f.startswith(str(installed.parent)) for f in files)


def test_wheel_has_what_is_no_module(wheel):
    "Every file of a run in `pretrained`, but no lock; and what slides are made of"
    names = ZipFile(wheel).namelist()
    for folder in ('pretrained', 'pretrained_small'):
        shipped = [n.rsplit('/', 1)[1] for n in sorted(names) if f'/{folder}/a-run/' in n]
        assert shipped == ['config.json', 'model.safetensors']
    deck = ('deck.css', 'lib/tex-svg.js', 'template/index.html.j2')
    assert {f'face_autoencoder/deck/{f}' for f in deck} <= {*names}


def test_solutions_stay_at_home(sdist, wheel):
    "Both archives have the students' copies, and no other notebook"
    with tarfile.open(sdist) as archive:
        texts = [{n: archive.extractfile(n).read() for n in archive.getnames() if n.endswith('.ipynb')}]
    texts.append({n: ZipFile(wheel).read(n) for n in ZipFile(wheel).namelist() if n.endswith('.ipynb')})
    for found in texts:
        assert sorted(n.split('face_autoencoder/')[-1] for n in found) == sorted(f'students/{n}' for n in NAMES)
        for text in found.values(): assert not re.search(b'(BEGIN|END) SOLUTION|HIDDEN TESTS', text)


def test_versions_agree(wheel):
    version = re.search(r'^version = (\S+)', (ROOT/'settings.ini').read_text(), re.M)[1]
    assert face_autoencoder.__version__ == version and wheel.name.startswith(f'face_autoencoder-{version}-py3-')


def metadata_of(folder, tmp_path):
    run('python', '-c', f'{BUILD}prepare_metadata_for_build_wheel({str(tmp_path)!r})', cwd=folder)
    return message_from_string(next(tmp_path.glob('*.dist-info/METADATA')).read_text())


def relative_links(text): return re.findall(r'(?:\]\(|src="|href=")(?!https?:|#)([^)"\s]+)', text)


def test_page_of_the_package(clone, tmp_path):
    "Where somebody's repository is known, the package's page leads to it; links of the README work there, too"
    about = metadata_of(with_user(clone), tmp_path)
    home = 'https://github.com/ada/face_autoencoder'
    assert f'Source, {home}' in about.get_all('Project-URL')
    readme, sent = (clone/'README.md').read_text(), about.get_payload()
    assert relative_links(readme) and not relative_links(sent)
    for target in relative_links(readme):
        picture = target.endswith(('.svg', '.png', '.jpg', '.gif', '.webp'))
        assert f'{home}/{"raw" if picture else "blob"}/main/{target}' in sent, target
    said = {'License-Expression': 'Apache-2.0', 'Requires-Python': '>=3.11'}
    assert {k: about[k] for k in said} == said
    assert 'Programming Language :: Python :: 3.13' in about.get_all('Classifier')


def test_page_of_nobodys_package(clone, tmp_path):
    settings = clone/'settings.ini'
    settings.write_text(re.sub('^user =.*', 'user =', settings.read_text(), count=1, flags=re.M))
    about = metadata_of(clone, tmp_path)
    assert about.get_all('Project-URL') is None and 'github.com//' not in about.get_payload()


# Extras: the library does without

BROUGHT_BY = dict(app=['gradio'], notebooks=['ipywidgets', 'jupyterlab', 'IPython'],
                  teach=['nbclient', 'nbconvert', 'nbformat', 'psutil', 'ipykernel', 'playwright', 'IPython'])
OTHERS = ['nbdev', 'execnb', 'accelerate', 'datasets', 'pytest']
WANTS = {('app',): ['app.main', 'app.page', 'app.tabs'], ('app', 'notebooks'): ['app.widgets'],
         ('teach',): ['course.grading', 'course.notebooks', 'course.platforms', 'course.slides']}
BLOCKED = '''
import importlib, sys
blocked, names = (text.split() for text in sys.argv[1:])
sys.modules |= dict.fromkeys(blocked)
for name in names: importlib.import_module(name)
'''


def imports_with(extras, modules, folder):
    "Import modules where no other extra's packages are"
    brought = {m for extra in extras for m in BROUGHT_BY[extra]}
    blocked = {*sum(BROUGHT_BY.values(), OTHERS)} - brought
    run('python', '-W', 'ignore', '-c', BLOCKED, ' '.join(blocked), ' '.join(modules), cwd=folder)


def test_extras(clone, tmp_path):
    "Each brings what modules are tried without below, and `dev` brings all of them"
    needs = metadata_of(clone, tmp_path).get_all('Requires-Dist')
    def brings(extra): return {re.split('[^a-z-]', n)[0] for n in needs if f'extra == "{extra}"' in n}
    for extra, modules in BROUGHT_BY.items(): assert {*modules} - {'IPython'} <= brings(extra) <= brings('dev')
    assert {*OTHERS} <= brings('dev')
    library = {re.split('[^a-z-]', n)[0] for n in needs if 'extra ==' not in n}
    assert 'torch' in library and not library & {*sum(BROUGHT_BY.values(), OTHERS)}


def test_library_needs_no_extra(tmp_path):
    wanting = {f'face_autoencoder.{name}' for names in WANTS.values() for name in names}
    imports_with([], [m for m in MODULES if m not in wanting and not m.endswith('__main__')], tmp_path)


@pytest.mark.parametrize('extras', WANTS, ids=' '.join)
def test_no_other_extra_is_needed(extras, tmp_path):
    imports_with(extras, [f'face_autoencoder.{name}' for name in WANTS[extras]], tmp_path)


# Commands

def test_course_in_an_empty_folder(installed, tmp_path):
    "As with pipx and uv, by the path of a command of an environment that is not the active one"
    folder = tmp_path/'empty'
    folder.mkdir()
    said = run('env', '-i', installed/'fae_notebooks', cwd=folder).stdout
    assert sorted(p.name for p in (folder/'course').iterdir()) == sorted(NAMES)
    assert all(f'written  course/{name}' in said for name in NAMES)
    for name in NAMES:
        cells = json.loads((folder/'course'/name).read_text())['cells']
        pictures = [p for c in cells for p in re.findall(r'!\[[^]]*\]\(([^)]+)\)', ''.join(c['source']))]
        assert all(p.startswith('attachment:') for p in pictures)
        assert not relative_notebooks(cells) - {*NAMES}, name


def relative_notebooks(cells):
    text = '\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'markdown')
    return {l for l in re.findall(r'\]\(([^)\s#]+)\)', text) if not re.match('[a-z]+:', l)}


def test_every_command_answers(installed, tmp_path):
    names = re.findall(r'(fae_\w+)=', (ROOT/'settings.ini').read_text())
    assert len(names) > 7
    for name in names: assert f'usage: {name}' in run(installed/name, '--help', cwd=tmp_path).stdout


# make

def lines_of(clone, *variables):
    quiet = '-n', '--no-print-directory' # make names the folder when `make test` has called it
    return run('make', *quiet, 'install', *variables, cwd=clone).stdout.splitlines()


def test_torch_from_an_index(clone):
    "Only torch and torchvision come from the index that a user names, and without one, all from where pip looks"
    plain, named = lines_of(clone), lines_of(clone, 'TORCH_INDEX=https://torch.example/cpu')
    assert not any('index' in l or 'http' in l for l in plain)
    asked = [l for l in named if 'pip install' in l and 'torch.example' in l]
    assert asked == ['.venv/bin/pip install torch torchvision --index-url https://torch.example/cpu']
    steps = [l for l in plain if l.startswith('echo')]
    assert [re.search(r'\d of \d', l)[0] for l in steps] == ['1 of 3', '2 of 3', '3 of 3']
    assert not any('--quiet' in l for l in plain)


def test_half_a_package_is_missing(clone):
    "Where pip was stopped before it wrote the last file of a package, make lets it begin this package anew"
    site = clone/'.venv'/'lib'/'python3'/'site-packages'
    for name, files in {'half-1': ['METADATA'], 'whole-2': ['METADATA', 'RECORD']}.items():
        (site/f'{name}.dist-info').mkdir(parents=True)
        for f in files: (site/f'{name}.dist-info'/f).touch()
    finds, = [l for l in lines_of(clone) if l.startswith('find')]
    run('bash', '-c', finds, cwd=clone)
    assert [p.name for p in site.iterdir()] == ['whole-2.dist-info']
