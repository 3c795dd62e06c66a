"""How fast `train_run` trains: images per second beside a bare PyTorch loop, and beside the usual way of feeding pictures, on the same machine in the same minutes.

ours       the learner of `prepare_run`: fastai with its callbacks, batches from a uint8 tensor, bf16 where the CPU has it, channels_last;
           validation and checkpoint, which come once in an epoch, are not timed
bare       a PyTorch loop with the same batches, precision, layout and loss, and torch's own Adam
usual      pictures as floats of 125 x 94, each interpolated to 64 x 64 when its turn comes, a torch DataLoader, float32, plain fastai

Medians over interleaved repeats. Ends with an error if a ratio is below what is asked.

python benchmarks/train_speed.py [--data lfw] [--batches 12] [--repeats 5]"""
import argparse, contextlib, sys, tempfile, time, warnings
from statistics import median

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--data', default='lfw', help='lfw or faces')
p.add_argument('--batches', type=int, default=12, help='of 128 pictures, in each repeat')
p.add_argument('--repeats', type=int, default=5)
args = p.parse_args()
warnings.simplefilter('ignore')

import torch
import torch.nn.functional as F
from fastai.callback.core import Callback, CancelValidException
from fastai.callback.progress import ProgressCallback
from fastai.data.core import DataLoaders
from fastai.learner import Learner

from face_autoencoder.callbacks import has_native_bf16
from face_autoencoder.data import FaceDL
from face_autoencoder.losses import VAELoss
from face_autoencoder.model import ConvVAE
from face_autoencoder.train import prepare_run

ASKED = dict(bare=.95, usual=1.5 if has_native_bf16() else 1.1)


class Timer(Callback):
    "Seconds of the training part of an epoch"
    order = 100
    def before_train(self): self.start = time.perf_counter()
    def after_train(self): self.seconds = time.perf_counter() - self.start
    def before_validate(self):
        raise CancelValidException


class Usual(torch.utils.data.Dataset):
    "Float pictures that are interpolated one by one"
    def __init__(self, pictures): self.pictures = pictures # n x 125 x 94 x 3, floats in [0, 1]
    def __len__(self): return len(self.pictures)
    def __getitem__(self, i):
        x = F.interpolate(self.pictures[i].permute(2, 0, 1)[None], (64, 64), mode='bilinear', align_corners=False)[0] * 2 - 1
        return x, x


def fit(learn):
    learn.remove_cb(ProgressCallback)
    timer = Timer()
    with learn.no_logging(): learn.fit_one_cycle(1, 1e-3, cbs=timer)
    return timer.seconds


def loop(model, opt, loss_func, dl):
    model.train()
    start = time.perf_counter()
    for x, _ in dl:
        with torch.autocast('cpu', torch.bfloat16) if has_native_bf16() else contextlib.nullcontext():
            output = model(x)
            loss = loss_func(output._replace(reconstruction=output.reconstruction.float()), x)
        loss.backward()
        opt.step()
        opt.zero_grad()
    return time.perf_counter() - start


with tempfile.TemporaryDirectory() as out: plan = prepare_run(args.data, out=out)
images, idxs = plan.learn.dls.data.images, plan.learn.dls.splits[0][:128*args.batches]
n = len(idxs)//128*128
feed = FaceDL(images, idxs, flip=args.data == 'lfw', bs=128, shuffle=True, drop_last=True, device=torch.device('cpu'))
plan.learn.dls = DataLoaders(feed, plan.learn.dls.valid, device=torch.device('cpu'))
model, loss_func = ConvVAE().to(memory_format=torch.channels_last), VAELoss(1, True, 'sum')
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
pictures = F.interpolate(images[idxs].float()/255, (125, 94)).permute(0, 2, 3, 1).contiguous()
usual = Learner(DataLoaders(torch.utils.data.DataLoader(Usual(pictures), 128, shuffle=True, drop_last=True), plan.learn.dls.valid, device=torch.device('cpu')), ConvVAE(), VAELoss(1, True, 'sum'))

runs = dict(ours=lambda: fit(plan.learn), bare=lambda: loop(model, opt, loss_func, feed), usual=lambda: fit(usual))
seconds = {name: [] for name in runs}
for i in range(args.repeats + 1): # the first is a warm-up
    for name, go in runs.items():
        s = go()
        if i: seconds[name].append(s)
speed = {name: n / median(s) for name, s in seconds.items()}
ratio = {name: median(b/a for a, b in zip(seconds['ours'], seconds[name])) for name in ASKED}
print(f'torch {torch.__version__}, {torch.get_num_threads()} threads, native bf16: {has_native_bf16()}, {args.data}, medians of {args.repeats}')
for name, v in speed.items(): print(f'{name:6} {v:6.0f} images/s' + (f'   ours / {name} {ratio[name]:.2f}, asked {ASKED[name]}' if name in ASKED else ''))
sys.exit(any(ratio[name] < ASKED[name] for name in ASKED))
