"""What `--log` writes, read again and compared with the run's own history."""
import json, os, sys

import numpy as np
import pytest
from conftest import QUICK, run
from fastai.callback.core import Callback

from face_autoencoder.runs import load_run
from face_autoencoder.train import execute, prepare_run

SIZE = dict(limit=300, image_size=32, base_channels=8, bs=32, epochs=2)


class Stop(Callback):
    "Three batches into the second epoch"
    def before_batch(self):
        if not self.training or (self.epoch, self.iter) != (1, 3): return
        self.tensor_board_log.writer.flush()
        raise KeyboardInterrupt


def read_log(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    return EventAccumulator(str(folder)).Reload()


def scalars(log, name): return {e.step: e.value for e in log.Scalars(name)}


@pytest.fixture(scope='module')
def logged(tmp_path_factory):
    "A run that was logged, and the same without a log"
    folder = tmp_path_factory.mktemp('runs')
    run('fae_train', '--out', folder, '--name', 'logged', '--log', 'tensorboard', *QUICK, '--epochs', '2')
    plain = execute(prepare_run(out=folder, name='plain', **SIZE), progress=False)
    return load_run(folder/'logged'), plain


@pytest.mark.quick
def test_tensorboard_says_what_the_history_says(logged):
    done, plain = logged
    log = read_log(done.path)
    steps = sorted(scalars(log, 'mse'))
    batches = steps[0]
    assert steps == [batches, 2*batches]
    for name in done.history.columns.difference(['epoch', 'train_loss', 'time', 'verdict']):
        assert np.allclose(list(scalars(log, name).values()), done.history[name]), name
    losses = scalars(log, 'train_loss')
    assert [e.step for e in log.Scalars('train_loss')] == list(range(1, 2*batches + 1))
    assert np.allclose([losses[s] for s in steps], done.history.train_loss)
    pictures = log.Images('reconstructions')
    assert [(p.step, p.height, p.width) for p in pictures] == [(s, 2*33 + 1, 8*33 + 1) for s in steps]
    assert done.history.drop(columns='time').equals(plain.history.drop(columns='time'))
    assert set(done.config['files']) == set(plain.config['files'])


def test_tensorboard_goes_on(logged, tmp_path):
    "An interrupted training goes on in the same log, without what the interrupted epoch had written"
    plan = prepare_run(out=tmp_path, name='logged', log='tensorboard', **SIZE)
    plan.learn.add_cb(Stop())
    with pytest.raises(KeyboardInterrupt): execute(plan, progress=False)
    done = execute(prepare_run(out=tmp_path, name='logged', log='tensorboard', **SIZE), progress=False)
    whole, log = read_log(logged[0].path), read_log(done.path)
    for name in whole.Tags()['scalars']:
        events = log.Scalars(name)
        assert [e.step for e in events] == [e.step for e in whole.Scalars(name)], name
        if name == 'mse': assert np.allclose([e.value for e in events], done.history.mse)
    assert len(log.Images('reconstructions')) == 2


WANDB = '''
import json, os
class Error(Exception): pass
class Config:
    def update(self, *args, **kwargs): pass
class Run:
    step, summary = 0, {}
run, config = None, Config()
def plain(x): return x.item() if hasattr(x, 'item') else str(x)
def write(**row):
    with open(os.environ['SAID'], 'a') as f: f.write(json.dumps(row, default=plain) + '\\n')
def init(**how):
    global run
    if os.environ.get('NO_KEY'): raise Error('no API key')
    run = Run()
    write(init=how)
def log(values, step=None): write(**values, step=step)
def finish(): write(finish=True)
'''


@pytest.fixture
def wandb(tmp_path, monkeypatch):
    "A stand-in of the package, which writes what it is told into a file"
    (tmp_path/'wandb.py').write_text(WANDB)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv('SAID', str(tmp_path/'said'))
    for name in 'wandb', 'fastai.callback.wandb': monkeypatch.delitem(sys.modules, name, raising=False)
    yield lambda: [json.loads(l) for l in (tmp_path/'said').read_text().splitlines()]
    for name in 'wandb', 'fastai.callback.wandb': sys.modules.pop(name, None)


def test_wandb_says_what_the_history_says(wandb, tmp_path):
    done = execute(prepare_run(out=tmp_path/'runs', name='mine', log='wandb', **SIZE), progress=False)
    said = wandb()
    begin = said[0]['init']
    assert (begin['name'], begin['resume'], begin['config']['training']['epochs']) == ('mine', 'allow', 2)
    assert begin['id'].startswith('mine-20') and said[-1] == dict(finish=True)
    epochs = [row for row in said if 'mse' in row]
    for name in done.history.columns.difference(['epoch', 'train_loss', 'time']):
        assert [row[name] for row in epochs] == pytest.approx(done.history[name].tolist()), name
    losses = {row['step']: row['train_loss'] for row in said if 'train_loss' in row}
    assert [float(losses[row['step']]) for row in epochs] == pytest.approx(done.history.train_loss.tolist(), abs=1e-3)


def test_what_stands_in_the_way_of_a_log(wandb, tmp_path):
    "In a sentence, and with a run that can go on"
    missing = 'import sys; sys.modules["tensorboard"] = None; from face_autoencoder.cli import fae_train; '
    missing += f'sys.exit(fae_train(["--log", "tensorboard", "--out", {str(tmp_path/"runs")!r}]))'
    done = run('python', '-c', missing, check=False)
    assert done.returncode == 2 and done.stderr.endswith('is missing: pip install tensorboard\n'), done.stderr
    assert not (tmp_path/'runs').exists()
    path = f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}'
    args = 'fae_train', '--out', tmp_path/'runs', *QUICK, '--log', 'wandb'
    done = run(*args, check=False, PYTHONPATH=path, NO_KEY='1')
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "fae_train: wandb can't begin a log: no API key")
    assert 'going on with' in run(*args, PYTHONPATH=path).stdout
