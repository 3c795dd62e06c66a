"""The library works on what students get from pip today, too: the newest fastai and fastcore."""
from conftest import ROOT, run

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
