"""How fast `train_run` trains: images per second beside others with the same network, on the same machine in the same
minutes.

ours       the learner of `prepare_run`: fastai with its callbacks, batches from a uint8 tensor, bf16 where it is
           faster, channels_last; validation and checkpoint, which come once in an epoch, are not timed
compiled   the same after torch.compile; compiling itself is not timed here, but by modes.py
bare       a PyTorch loop with the same batches, precision, layout and loss, and the same optimizer: the limit
usual      pictures as floats of 125 x 94, each interpolated to 64 x 64 when its turn comes, a torch DataLoader with two
           workers, float32, plain fastai
pythae     the trainer of pythae 0.1.2 (Chadebec et al. 2022, arXiv 2206.08309), in an environment of its own that
           `make bench` makes

Ends with an error if a ratio is below what is asked.

python benchmarks/train_speed.py [--data lfw] [--batches 12] [--repeats 5]"""
import argparse, contextlib, tempfile, time, warnings
from statistics import median

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--data', default='lfw', help='lfw or faces')
p.add_argument('--batches', type=int, default=12, help='of 128 pictures, in each repeat (ours takes 64 at a time)')
p.add_argument('--repeats', type=int, default=5)
args = p.parse_args()
warnings.simplefilter('ignore')

import torch
from fastai.callback.core import Callback, CancelValidException
from fastai.callback.progress import ProgressCallback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from torch.utils.flop_counter import FlopCounterMode

from face_autoencoder.callbacks import bf16_is_faster
from face_autoencoder.data import FaceDL
from face_autoencoder.losses import VAELoss
from face_autoencoder.model import ConvVAE
from face_autoencoder.train import prepare_run
from face_autoencoder.optimizers import Muon
from figures import end, figure, in_turns, ratio
from others import pythae, usual_loader

CPU, BF16 = torch.device('cpu'), bf16_is_faster()


class Timer(Callback):
    "Seconds of the training part of an epoch"
    order = 100
    def before_train(self): self.start = time.perf_counter()
    def after_train(self): self.seconds = time.perf_counter() - self.start
    def before_validate(self): raise CancelValidException


def fit(learn):
    learn.remove_cb(ProgressCallback)
    timer = Timer()
    with learn.no_logging(): learn.fit_one_cycle(1, 1e-3, cbs=timer)
    return timer.seconds


def loop(model, opt, loss_func, dl):
    model.train()
    start = time.perf_counter()
    for x, _ in dl:
        with torch.autocast('cpu', torch.bfloat16) if BF16 else contextlib.nullcontext():
            output = model(x)
            loss = loss_func(output._replace(reconstruction=output.reconstruction.float()), x)
        loss.backward()
        opt.step()
        opt.zero_grad()
    return time.perf_counter() - start


def matmul_limit(dtype, n=2048, repeats=20):
    "The most floating point operations per second that matrix products reach here"
    a, b, best = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype), 0
    for _ in range(repeats):
        start = time.perf_counter()
        a @ b
        best = max(best, 2*n**3/(time.perf_counter() - start))
    return best


def flops_of_an_image(n=4):
    "Floating point operations of forward and backward pass"
    model, x = ConvVAE(), torch.randn(n, 3, 64, 64)
    with FlopCounterMode(display=False) as counter: VAELoss(1, True, 'sum')(model(x), x).backward()
    return counter.get_total_flops()/n


def profile(learn):
    "Shares of the operators' time in an epoch"
    kinds = dict(convolutions='convolution', BatchNorm='batch_norm', LeakyReLU='leaky_relu')
    with torch.profiler.profile() as p: fit(learn)
    ops = {e.key: e.self_cpu_time_total for e in p.key_averages()}
    shares = {kind: sum(t for key, t in ops.items() if word in key)/sum(ops.values()) for kind, word in kinds.items()}
    return shares | {'all else (linear layers, loss, optimizer, batches)': 1 - sum(shares.values())}


with tempfile.TemporaryDirectory() as out:
    plan, compiled = [prepare_run(data=args.data, out=out, compile=c) for c in (False, True)]
images, idxs = plan.learn.dls.data.images, plan.learn.dls.splits[0][:128*args.batches]
n = len(idxs)//128*128
feed = FaceDL(images, idxs, flip=args.data == 'lfw', bs=64, shuffle=True, drop_last=True, device=CPU)
for p in (plan, compiled): p.learn.dls = DataLoaders(feed, p.learn.dls.valid, device=CPU)
model, loss_func = ConvVAE().to(memory_format=torch.channels_last), VAELoss(1, True, 'sum')
opt = Muon(model.parameters(), lr=1e-3)
loaders = DataLoaders(usual_loader(images[idxs], 128), plan.learn.dls.valid, device=CPU)
usual = Learner(loaders, ConvVAE(), VAELoss(1, True, 'sum'))

with pythae(images[idxs[:n]]) as epoch:
    trainers = dict(ours=lambda: fit(plan.learn), compiled=lambda: fit(compiled.learn),
                    bare=lambda: loop(model, opt, loss_func, feed), usual=lambda: fit(usual), pythae=lambda: epoch()[0])
    seconds = in_turns(trainers, args.repeats)
dtypes = [torch.float32, torch.bfloat16] if BF16 else [torch.float32]
limit = {dtype: matmul_limit(dtype)/flops_of_an_image() for dtype in dtypes}

speed = {name: n/median(s) for name, s in seconds.items()}
figure(f'training, {args.data}, 64 px, {"bfloat16" if BF16 else "float32"}', speed['ours'], 'images/s')
figure('speed of train_run / of a bare PyTorch loop', ratio(seconds['bare'], seconds['ours']), at_least=.95)
asked = 1.5 if BF16 else 1.1
for slower, faster, what in (
    ('pythae', 'ours', f'speed of train_run / of pythae 0.1.2 ({speed["pythae"]:.0f} images/s)'),
    ('pythae', 'compiled', 'speed of train_run with --compile / of pythae'),
    ('usual', 'ours', f'speed of train_run / of float pictures one by one, 2 workers ({speed["usual"]:.0f} images/s)')):
    figure(what, ratio(seconds[slower], seconds[faster]), at_least=asked)
for dtype, most in limit.items():
    what = f'share of what matrix products allow in {str(dtype)[6:]} ({most:.0f} images/s)'
    figure(what, 100*speed['ours']/most, '%')
for what, share in profile(plan.learn).items(): figure(f"share of train_run's operators' time: {what}", 100*share, '%')
end()
