"""The command `fae_train` as a person meets it: real processes, bad input, sudden death."""
import os, signal, subprocess, sys, time, warnings

import numpy as np
import pandas as pd
import pytest
from conftest import BIN, QUICK, run, skip
from PIL import Image

from face_autoencoder.data import find_lfw
from face_autoencoder.runs import RunError, list_runs, load_run


def make_pictures(folder, n=40):
    rng = np.random.default_rng(0)
    for i in range(n): Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(folder/f'{i:02d}.jpg')


def test_lfw(tmp_path):
    if not find_lfw(): skip('LFW is not on this machine')
    out = run('fae_train', '--data', 'lfw', '--out', tmp_path, '--name', 'faces', *QUICK).stdout
    done = load_run(tmp_path/'faces')
    assert f"{done.config['results']['mse']:.5f}" in out and f"{done.config['results']['eigenfaces_mse']:.5f}" in out
    assert done.config['data']['n_train'] + done.config['data']['n_valid'] == 300
    assert {'python', 'torch', 'fastai'} < done.config['versions'].keys()
    assert str(find_lfw()) not in (tmp_path/'faces'/'config.json').read_text()


def test_corrupt_picture_is_skipped_and_named(tmp_path):
    (tmp_path/'photos').mkdir()
    make_pictures(tmp_path/'photos')
    (tmp_path/'photos'/'07.jpg').write_bytes((tmp_path/'photos'/'07.jpg').read_bytes()[:200])
    done = run('fae_train', '--data', tmp_path/'photos', '--out', tmp_path/'runs', '--name', 'mine', *QUICK)
    assert 'skipped 1' in done.stderr and '07.jpg' in done.stderr
    data = load_run(tmp_path/'runs'/'mine').config['data']
    assert (data['source'], data['skipped'], data['n_train'] + data['n_valid']) == ('photos', ['07.jpg'], 39)


@pytest.mark.parametrize('args, says', [
    (['--data', 'fcaes'], 'unknown data'), (['--data', 'EMPTY'], 'no image files'),
    (['--image-size', '50'], '48 or 64'),
    (['--latent-dim', '0'], 'latent_dim must be at least 1'), (['--beta', '-1'], 'beta must be at least 0'),
    (['--lr', 'nan'], 'lr must be a finite number'), (['--name', '../up'], 'not a name for a run'),
    (['--name', 'a/b'], 'not a name for a run'), (['--out', 'FILE'], 'is not a folder'),
    (['--split', 'official'], 'no official split')])
def test_bad_input(tmp_path, args, says):
    (tmp_path/'empty').mkdir()
    (tmp_path/'file').write_text('not a folder')
    args = [{'EMPTY': tmp_path/'empty', 'FILE': tmp_path/'file'}.get(a, a) for a in args]
    done = run('fae_train', '--out', tmp_path/'runs', *QUICK, *args, check=False)
    assert done.returncode == 2
    assert says in done.stderr and 'Traceback' not in done.stderr
    assert len([l for l in done.stderr.splitlines() if l.startswith('fae_train:')]) == 1
    assert not (tmp_path/'runs').exists()


def test_celeba_without_its_drive(tmp_path):
    "What went wrong and what to do, in one sentence"
    nobody, cache = 'http://127.0.0.1:9', tmp_path/'cache'
    env = dict(FAE_SHARED=str(tmp_path), FAE_CACHE=str(cache), https_proxy=nobody, HTTPS_PROXY=nobody)
    done = run('fae_train', '--data', 'celeba', '--out', tmp_path/'runs', *QUICK, check=False, **env)
    assert done.returncode == 2 and 'Traceback' not in done.stderr
    for says in ('quota', str(cache/'torchvision_data'/'celeba'), 'use faces or lfw'): assert says in done.stderr
    assert not (tmp_path/'runs').exists()


def test_existing_run_is_kept(runs):
    before = (runs/'four'/'model.safetensors').read_bytes()
    done = run('fae_train', '--out', runs, '--name', 'four', *QUICK, check=False)
    assert done.returncode == 2 and 'already a run four' in done.stderr
    assert (runs/'four'/'model.safetensors').read_bytes() == before


def kill_after_two_epochs(tmp_path, *args):
    "Begin a training called `killed` and kill it without warning in its third epoch or later"
    command = [str(BIN/'fae_train'), '--out', str(tmp_path), '--name', 'killed', *args]
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    history = tmp_path/'killed'/'history.csv'
    while not (history.exists() and history.read_text().count('\n') > 2):
        assert p.poll() is None, 'it ended before anybody killed it'
        time.sleep(0.05)
    p.send_signal(signal.SIGKILL)
    p.wait()


@pytest.mark.quick
def test_goes_on_after_sigkill(tmp_path):
    args = [*QUICK[:-1], '30', '--anneal', '.5']
    kill_after_two_epochs(tmp_path, *args)
    before = len(pd.read_csv(tmp_path/'killed'/'history.csv'))
    assert 2 <= before < 30 and 'unfinished' in list_runs(tmp_path)['killed']
    with pytest.raises(RunError, match='unfinished'): load_run(tmp_path/'killed')
    other = run('fae_train', '--out', tmp_path, '--name', 'killed', *args, '--lr', '0.001', check=False)
    assert other.returncode == 2 and 'lr' in other.stderr
    assert 'going on with' in run('fae_train', '--out', tmp_path, '--name', 'killed', *args).stdout
    run('fae_train', '--out', tmp_path, '--name', 'whole', *args)
    killed, whole = [load_run(tmp_path/name) for name in ('killed', 'whole')]
    assert killed.history.epoch.tolist() == list(range(30)) == whole.history.epoch.tolist()
    assert killed.config['results'] == whole.config['results'] # closer than the 2 % that one may ask for
    assert not (tmp_path/'killed'/'checkpoint').exists()


def train_and_die(folder, k):
    "Train, and die in the place of the k-th rename; how many there were is in a file"
    from face_autoencoder.train import execute, prepare_run
    warnings.simplefilter('ignore')
    small = dict(limit=40, image_size=32, base_channels=4, latent_dim=4, epochs=2, anneal=1.)
    plan = prepare_run(data='faces', out=folder, name='killed', **small)
    replace, renames = os.replace, []
    def count(*args):
        renames.append(args)
        if len(renames) == k: os.kill(os.getpid(), signal.SIGKILL)
        replace(*args)
    os.replace = os.rename = count
    execute(plan, progress=False)
    (folder/'renames').write_text(str(len(renames)))


def exit_code(fresh, *args):
    process = fresh.Process(target=train_and_die, args=args)
    process.start()
    process.join()
    return process.exitcode


def test_sigkill_while_saving(tmp_path, fresh):
    """Killed before a file or folder is put in place (every third; the first is config.json), the same command goes on
    and ends with the same figures"""
    assert exit_code(fresh, tmp_path/'whole', 1000) == 0
    results = load_run(tmp_path/'whole'/'killed').config['results']
    for k in range(2, int((tmp_path/'whole'/'renames').read_text()) + 1, 3):
        folder = tmp_path/str(k)
        assert exit_code(fresh, folder, k) == -signal.SIGKILL
        with pytest.raises(RunError, match='unfinished'): load_run(folder/'killed')
        assert exit_code(fresh, folder, 1000) == 0
        assert load_run(folder/'killed').config['results'] == results


def test_thumbnails_are_small(runs):
    for name in 'sixteen', 'four': assert (runs/name/'thumbnails.png').stat().st_size < 30_000


@pytest.mark.quick
def test_table_of_runs(runs):
    done = run('fae_runs', '--runs', runs)
    assert [l.split()[0] for l in done.stdout.splitlines()] == ['run', 'four', 'sixteen']
    assert max(map(len, done.stdout.splitlines())) <= 120


def test_preparing_lfw_is_frugal(tmp_path):
    "Peak memory at most 400 MB above the imports, nothing written beside the data"
    if not find_lfw(): skip('LFW is not on this machine')
    code = '''import resource, warnings; warnings.simplefilter('ignore')
from face_autoencoder.data import *
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
n = len(load_lfw().images)
print(n, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)'''
    def times(): return {p: p.stat().st_mtime_ns for p in [find_lfw(), find_lfw().parent, find_lfw().parents[1]]}
    before = times()
    n, megabytes = run(sys.executable, '-c', code, FAE_CACHE=str(tmp_path)).stdout.split()[-2:]
    assert int(n) == 13233 and float(megabytes) < 400
    assert times() == before
