"""The library works on what students get from pip today, too: the newest fastai and fastcore; and on Colab."""
import json

from conftest import ROOT, run
from notebooks import WITH_SOLUTIONS
from test_install import with_user

CODE = '''
import importlib, pkgutil, sys, tempfile
import face_autoencoder, fastai, fastcore
assert fastcore.__version__.split('.') >= ['2'] and fastcore.__file__.startswith(sys.prefix), fastcore.__version__
for m in pkgutil.walk_packages(face_autoencoder.__path__, 'face_autoencoder.'): importlib.import_module(m.name)
from face_autoencoder.train import train_run
run = train_run(out=tempfile.mkdtemp(), limit=300, image_size=32, base_channels=8, bs=32, epochs=1)
print(fastai.__version__, fastcore.__version__, len(run.history))
'''


def test_newest_fastai(second_env, tmp_path):
    python = second_env/'bin'/'python'
    run(python, '-m', 'pip', 'install', '--quiet', '--upgrade', 'fastai>=2.8.12', 'fastcore>=2')
    done = run(python, '-c', CODE, cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert done.stdout.split()[-1] == '1'


# Colab, as far as it can be had without Colab

COLAB = '''
import sys, types
sys.modules['google.colab'] = types.ModuleType('google.colab')
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in sys.argv[1:]: shell.run_cell(cell).raise_error()
'''


def first_cell(clone, name):
    "The first cell of code of a copy that Colab opens"
    cells = json.loads((clone/'face_autoencoder'/'students'/name).read_text())['cells']
    return next(''.join(c['source']) for c in cells if c['cell_type'] == 'code')


def installed_in(env): return {p.name.split('-')[0] for p in env.glob('lib/python*/site-packages/*.dist-info')}


def test_first_cell_on_colab(clone, second_env, tmp_path, monkeypatch):
    "Where all but us is there, the first cell of each notebook brings our package, once, and nothing else"
    for name in ('PYTHONPATH', 'VIRTUAL_ENV'): monkeypatch.delenv(name, raising=False) # IPython looks there, too
    run('python', 'tools/links.py', cwd=with_user(clone), PYTHONPATH=str(clone))
    for command in ('init -q -b main', 'add -A', '-c user.name=ada -c user.email=ada@example.org commit -qm all'):
        run('git', *command.split(), cwd=clone)
    cells = {first_cell(clone, p.name) for p in WITH_SOLUTIONS}
    assert len(cells) == 1
    content = tmp_path/'content'
    content.mkdir()
    here = dict(GIT_CONFIG_COUNT='1', GIT_CONFIG_KEY_0=f'url.file://{clone}.insteadOf',
                GIT_CONFIG_VALUE_0='https://github.com/ada/face_autoencoder')
    before = installed_in(second_env)
    shows = 'import face_autoencoder.data, torch; print(face_autoencoder.__file__)'
    done = run(second_env/'bin'/'python', '-W', 'ignore', '-c', COLAB, *cells, shows, cwd=content, **here)
    assert str(second_env) in done.stdout and installed_in(second_env) - before == {'face_autoencoder'}
    again = run(second_env/'bin'/'python', '-W', 'ignore', '-c', COLAB, *cells, cwd=content, GIT_CONFIG_COUNT='bad')
    assert again.stdout == '' # pip, where it runs, at least says that the kernel may have to be started again
