"""What the tests share: two tiers, small runs, a copy of the repository, and one rule for skipping."""
import multiprocessing, os, shutil, subprocess, sys
from pathlib import Path
from unittest.mock import patch

os.environ.setdefault('OMP_NUM_THREADS', '1') # before anything imports torch: `make test` has a worker for each core

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT/'tools'))
QUICK = '--limit 300 --image-size 32 --base-channels 8 --bs 32 --epochs 1'.split()
# Notebooks and files of tests that take longest, longest first: with these at the beginning, two workers end together
LONGEST = """mnist_homework test_course test_app test_tabs test_checks test_slides test_readme test_homework test_clinic
    test_train test_strange test_distributed test_scale 06_tabs 00_checks clinic face_autoencoder_training 09_callbacks
    lesson5_vae 15_cli 02_data 06_metrics test_site 02_grading 11_directions 13_runs 01_faces 01_photo""".split()


def pytest_configure(config):
    config.addinivalue_line('markers', 'quick: belongs to `make test`, not only to `make test-all`')


IN_EACH_WORKER = 'fresh', 'faces', 'short' # fixtures that are quickly made once more


def shares(item):
    "Whether a test uses a fixture of ours that lives longer than one test, and takes long to make"
    fixtures = [f[-1] for name, f in item._fixtureinfo.name2fixturedefs.items() if name not in IN_EACH_WORKER]
    ours = [f for f in fixtures if not f.func.__module__.startswith(('_pytest', 'xdist'))]
    return any(f.scope in ('module', 'session') for f in ours)


def rank(item):
    "The place of a test among the longest ones"
    names = item.path.stem, item.callspec.id if item.originalname == 'test_notebook' else ''
    return min((LONGEST.index(n) for n in names if n in LONGEST), default=len(LONGEST))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    "Tests that share something of their file stay together, in one worker"
    for item in filter(shares, items): item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=rank)


def run(*command, cwd=ROOT, check=True, **env):
    "Run a command of this environment and return what it did"
    env = dict(os.environ, PATH=f'{BIN}:{os.environ["PATH"]}', **env)
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, env=env)
    said = f'{command} ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}'
    assert not check or done.returncode == 0, said
    return done


def skip(reason):
    "Skip, or fail where nothing may be skipped"
    assert os.environ.get('FAE_REQUIRE_SHARED') != '1', f'FAE_REQUIRE_SHARED=1, but: {reason}'
    pytest.skip(reason)


@pytest.fixture(scope='session')
def fresh(request):
    "Where processes begin as if new; with the large libraries imported, if many of them will want those"
    context, many = multiprocessing.get_context('forkserver'), request.session.testscollected > 10
    if many: context.set_forkserver_preload(['nbdev.test', 'fastai.vision.all', 'face_autoencoder.train', 'gradio'])
    return context


@pytest.fixture(scope='session')
def runs(tmp_path_factory):
    "A folder with two complete runs, `sixteen` and `four`"
    folder = tmp_path_factory.mktemp('runs')
    for name, latent_dim in (('sixteen', 16), ('four', 4)):
        run('fae_train', '--out', folder, '--name', name, '--latent-dim', latent_dim, *QUICK)
    return folder


def copy_repository(folder):
    "The files that git tracks or would track, as they are in the working tree, in a new folder"
    files = run('git', 'ls-files', '--cached', '--others', '--exclude-standard').stdout.splitlines()
    for f in files:
        (folder/f).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT/f, folder/f)
    return folder


@pytest.fixture
def clone(tmp_path): return copy_repository(tmp_path/'clone')


@pytest.fixture
def second_env(tmp_path):
    "A new virtual environment that borrows this one's packages, pip among them"
    run(sys.executable, '-m', 'venv', '--without-pip', tmp_path/'env')
    site = next((tmp_path/'env').glob('lib/python*/site-packages'))
    (site/'borrowed.pth').write_text(str(next(Path(sys.prefix).glob('lib/python*/site-packages'))) + '\n')
    return tmp_path/'env'


@pytest.fixture(scope='session')
def browser():
    from browsing import CHROMIUM
    from playwright.sync_api import sync_playwright
    if not CHROMIUM: skip('no Chromium on this machine')
    fake_camera = '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox', *fake_camera])
        yield b
        b.close()


@pytest.fixture(scope='session')
def served(runs, tmp_path_factory):
    """The app's address, its decodings, and the folder for uploads

    It begins with the run `faces`, which comes with the package. All tests of a worker share it."""
    from browsing import SERVERS
    from face_autoencoder.app import page
    from face_autoencoder.app.main import launch
    decoded, load_run, uploads = [], page.load_run, tmp_path_factory.mktemp('uploads')

    def load_counting(path):
        "A run of the server's own, whose decodings are counted"
        loaded = load_run(path)
        decode = loaded.model.decode
        loaded.model.decode = lambda z: decoded.append(len(z)) or decode(z)
        return loaded

    with patch.object(page, 'load_run', load_counting), patch.dict(os.environ, GRADIO_TEMP_DIR=str(uploads)):
        demo = launch('faces', runs, block=False)
        SERVERS.append(demo)
        yield demo.local_url, decoded, uploads
        SERVERS.remove(demo)
        demo.close()


@pytest.fixture(scope='session')
def faces():
    from face_autoencoder.runs import load_run, pretrained_dir
    return load_run(pretrained_dir()/'faces')


@pytest.fixture
def page(browser, served, faces):
    "The app with the mean face of `faces`, where all sliders are at zero"
    from browsing import at, visit
    with visit(browser, at(served[0], faces, faces.pca.mean_)) as page: yield page
