"""What the tests share: small runs, a copy of the repository, and one rule for skipping."""
import os, shutil, subprocess, sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
QUICK = '--limit 300 --image-size 32 --base-channels 8 --bs 32 --epochs 1'.split()


def run(*command, cwd=ROOT, check=True, **env):
    "Run a command of this environment and return what it did"
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, env=dict(os.environ, PATH=f'{BIN}:{os.environ["PATH"]}', **env))
    assert not check or done.returncode == 0, f'{command} ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}'
    return done


def skip(reason):
    "Skip, or fail where nothing may be skipped"
    assert os.environ.get('FAE_REQUIRE_SHARED') != '1', f'FAE_REQUIRE_SHARED=1, but: {reason}'
    pytest.skip(reason)


@pytest.fixture(scope='session')
def runs(tmp_path_factory):
    "A folder with two complete runs, `sixteen` and `four`"
    folder = tmp_path_factory.mktemp('runs')
    for name, latent_dim in (('sixteen', 16), ('four', 4)): run('fae_train', '--out', folder, '--name', name, '--latent-dim', latent_dim, *QUICK)
    return folder


@pytest.fixture
def clone(tmp_path):
    "A copy of the files that git tracks or would track, as they are in the working tree"
    files = run('git', 'ls-files', '--cached', '--others', '--exclude-standard').stdout.split('\n')
    for f in filter(None, files):
        (tmp_path/'clone'/f).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT/f, tmp_path/'clone'/f)
    return tmp_path/'clone'


@pytest.fixture
def second_env(tmp_path):
    "A new virtual environment that borrows this one's packages"
    run(sys.executable, '-m', 'venv', tmp_path/'env')
    site = next((tmp_path/'env').glob('lib/python*/site-packages'))
    (site/'borrowed.pth').write_text(str(next(Path(sys.prefix).glob('lib/python*/site-packages'))) + '\n')
    return tmp_path/'env'
