"""`accelerate launch -m face_autoencoder.cli` as a person meets it: two CPU processes that train one run."""
import pytest
from conftest import BIN, ROOT, run

from face_autoencoder.runs import RunError, list_runs, load_run

# `timeout` is only for a training that hangs: its processes would wait three hours for each other
LAUNCH = ['timeout', '1500', BIN/'accelerate', 'launch', *'--multi_gpu --num_processes 2 --num_machines 1'.split(),
          *'--mixed_precision no --dynamo_backend no --main_process_port 0'.split()]
HANGS = 124 # exit code of `timeout`
SMALL = '--data faces --limit 410 --split image --image-size 32 --base-channels 8 --latent-dim 16 --bs 40'.split()
ENV = dict(OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')


def two(*args, program=('-m', 'face_autoencoder.cli'), **kwargs):
    "What two processes did that train together"
    done = run(*LAUNCH, *program, *SMALL, *args, **ENV, **kwargs)
    assert done.returncode != HANGS, 'its processes wait for each other'
    return done


# `fae_train` that logs, for each process, the pictures of each epoch and the files that it puts in place;
# may fail in one process
SPY = '''
import os, sys
import torch
from fastai.callback.core import Callback
from face_autoencoder import cli, train
rank, log = int(os.environ['RANK']), open(f"{os.environ['SPY']}/rank{os.environ['RANK']}", 'w', buffering=1)
replace = os.replace
def spied(src, dst):
    print('wrote', os.path.basename(dst), file=log)
    replace(src, dst)
class Spy(Callback):
    order = 12 # after the loaders are split
    def before_train(self):
        dl, whole = self.dls.train, self.dls.train.get_idxs
        def get_idxs():
            idxs = whole()
            print('epoch', *idxs, file=log)
            return idxs
        if 'get_idxs' not in vars(dl): dl.get_idxs = get_idxs
        print('noise', torch.initial_seed(), file=log)
    def before_batch(self):
        if not self.training or self.epoch < 1 or self.iter < 2: return
        if os.environ.get('FAIL') == str(rank): raise RuntimeError('out of memory, for instance')
        if os.environ.get('POISON') == str(rank): self.learn.xb = (self.xb[0]*float('nan'),)
execute = train.execute
def spying(plan, *args):
    os.replace = spied
    plan.learn.add_cb(Spy())
    return execute(plan, *args)
train.execute = spying
sys.exit(cli.fae_train())
'''


@pytest.fixture
def spy(tmp_path, monkeypatch):
    "The program `fae_train` with eyes, and the folder that it logs to"
    (tmp_path/'spy.py').write_text(SPY)
    monkeypatch.setenv('SPY', str(tmp_path))
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    return tmp_path


def test_same_as_one_process(spy):
    "The same batch gives the same figures, each picture once an epoch, and one process writes"
    args = ['--out', spy/'runs', '--epochs', '4']
    out = two(*args, '--name', 'two', program=[spy/'spy.py']).stdout
    run('fae_train', *SMALL, *args, '--name', 'one', **ENV)
    assert sorted(p.name for p in (spy/'runs').iterdir()) == ['one', 'two']
    both, one = load_run(spy/'runs'/'two'), load_run(spy/'runs'/'one')
    assert out.count('eigenfaces') == 1 and out.count(str(both.path)) == 1
    assert abs(both.config['results']['mse']/one.config['results']['mse'] - 1) < .05
    assert both.model.state_dict().keys() == one.model.state_dict().keys()
    assert both.config['training'] == one.config['training'] and both.config['data'] == one.config['data']
    assert both.history.mse.iloc[-1] == pytest.approx(both.config['results']['mse'], rel=1e-6)
    logs = [(spy/f'rank{r}').read_text().splitlines() for r in (0, 1)]
    epochs = [[list(map(int, l.split()[1:])) for l in log if l.startswith('epoch')] for log in logs]
    assert len(epochs[0]) == len(epochs[1]) == 4
    n = both.config['data']['n_train'] # odd, so one picture comes twice
    for a, b in zip(*epochs): assert set(a + b) == set(range(n)) and len(a) == len(b) == (n + 1)//2
    assert epochs[0][0] != epochs[0][1]
    first, second = [{l for l in log if l.startswith('noise')} for log in logs]
    assert not first & second
    assert 'wrote model.safetensors' in logs[0] and not [l for l in logs[1] if l.startswith('wrote')]


def test_a_failing_process_ends_all(spy):
    "In the middle of training, and nobody goes on waiting; then the same command goes on"
    args = ['--out', spy/'runs', '--name', 'fails', '--epochs', '2']
    done = two(*args, program=[spy/'spy.py'], check=False, FAIL='1')
    assert done.returncode != 0 and 'out of memory, for instance' in done.stderr
    assert 'unfinished' in list_runs(spy/'runs')['fails']
    assert [p.name for p in (spy/'runs'/'fails'/'checkpoint').glob('epoch_*')] == ['epoch_0001']
    done = two(*args)
    assert done.stdout.count('going on with the interrupted run') == 1
    assert load_run(spy/'runs'/'fails').history.epoch.tolist() == [0, 1]


def test_nan_in_one_process(spy):
    "Ends all, and the run says so"
    done = two('--out', spy/'runs', '--name', 'nan', '--epochs', '2', program=[spy/'spy.py'], check=False, POISON='1')
    assert done.returncode != 0 and done.stderr.count('diverged (NaN) in epoch 2') == 1
    with pytest.raises(RunError, match='diverged'): load_run(spy/'runs'/'nan')


def test_bad_input_is_told_once(tmp_path):
    done = two('--out', tmp_path/'runs', '--bs', '41', check=False)
    assert done.returncode != 0 and not (tmp_path/'runs').exists()
    assert ['multiple of 2' in l for l in done.stderr.splitlines() if l.startswith('fae_train:')] == [True]
