"""What holds of the repository as a whole."""
import re
from zipfile import ZipFile

from conftest import ROOT, run
from test_notebooks import tree


def tracked(): return [ROOT/f for f in run('git', 'ls-files', '--cached', '--others', '--exclude-standard').stdout.split('\n') if f and (ROOT/f).exists()]


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
    readme, notebook = (clone/'README.md').read_text(), (clone/'nbs'/'library'/'03_model.ipynb').read_text()
    url = 'colab.research.google.com/github/ada/face_autoencoder/blob/autumn/nbs/library/03_model.ipynb'
    assert url in readme and url in notebook
    assert 'git clone -b autumn https://github.com/ada/face_autoencoder' in readme
    assert 'git+https://github.com/ada/face_autoencoder@autumn' in notebook
    settings.write_text(text)
    run('python', 'tools/links.py', cwd=clone)
    assert tree(clone) == before


def test_no_path_of_a_machine():
    for p in tracked():
        if p.suffix in ('.png', '.jpg', '.npz', '.safetensors', '.woff2'): continue
        found = re.search(r'(?<![\w./-])/(root|home/\w+|work|farm)/\w', p.read_text())
        assert not found, f'{p.name}: {found}'


def test_nothing_is_pickled():
    for p in (ROOT/'face_autoencoder').rglob('*.py'):
        assert not re.search(r'pickle\.|torch\.load\((?!.*weights_only=True)|allow_pickle=True|joblib', p.read_text()), p.name


def test_wheel_has_the_shipped_runs(clone):
    "Every file of a run in `pretrained`, but no lock"
    folder = clone/'face_autoencoder'/'pretrained'/'a-run'
    folder.mkdir(parents=True)
    for name in ('config.json', 'model.safetensors', '.lock'): (folder/name).write_text('{}')
    run('python', '-m', 'pip', 'wheel', '--quiet', '--no-deps', '--no-build-isolation', '--wheel-dir', clone/'dist', '.', cwd=clone)
    names = ZipFile(next((clone/'dist').glob('*.whl'))).namelist()
    assert [n.rsplit('/', 1)[1] for n in sorted(names) if 'pretrained/a-run/' in n] == ['config.json', 'model.safetensors']
    assert {'face_autoencoder/runs.py', 'face_autoencoder/deck/deck.css', 'face_autoencoder/deck/lib/tex-svg.js', 'face_autoencoder/deck/template/index.html.j2'} <= {*names}
