"""How much of a training's time goes to its data.

(a) images per second that `face_dls` delivers alone, and that training consumes (asked: 20 times as many);
(b) an epoch of a bare training loop fed by `face_dls`, against the same loop fed by slices of a ready float tensor
    (asked: at most 3 % more).

python benchmarks/data_pipeline.py [--repeats 5] [--steps 12]"""
import argparse, statistics, time, warnings

from figures import end, figure

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--repeats', type=int, default=5, help='interleaved repetitions, of which the median counts (default 5)')
p.add_argument('--steps', type=int, default=12, help='batches in an epoch of (b) (default 12)')
p.add_argument('--limit', type=int, default=6000, help='procedural faces to use (default 6000)')
args = p.parse_args()
warnings.simplefilter('ignore')

import torch
from face_autoencoder.callbacks import seed_everything
from face_autoencoder.core import to_float
from face_autoencoder.data import FaceDL, face_dls
from face_autoencoder.losses import VAELoss
from face_autoencoder.model import ConvVAE

BS = 128
seed_everything(42)
dls = face_dls(bs=BS, limit=args.limit)
model = ConvVAE().to(dls.device, memory_format=torch.channels_last) # as `prepare_run` does: float32, channels last
loss_func, opt = VAELoss(1., True, 'sum'), torch.optim.Adam(model.parameters(), 1e-4)


def seconds(f):
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def train(batches):
    "Forward, backward and step on each batch"
    model.train()
    for x, y in batches:
        loss_func(model(x), y).backward()
        opt.step()
        opt.zero_grad()


def deliver(dl):
    for _ in dl: pass


n = args.steps * BS
train_idxs = dls.splits[0][:n]
assert len(train_idxs) == n, 'raise --limit or lower --steps'
ready = to_float(dls.data.images[train_idxs])
fed = dict(face_dls=FaceDL(dls.data.images, train_idxs, bs=BS, shuffle=True, drop_last=True, device=dls.device),
           tensor=[(ready[i:i + BS].to(dls.device),) * 2 for i in range(0, n, BS)])
train(fed['tensor'][:3]) # warm up

n_epoch = len(dls.train) * BS
for flip in (False, True):
    dl = FaceDL(dls.data.images, dls.splits[0], flip, bs=BS, shuffle=True, drop_last=True, device=dls.device)
    alone = n_epoch / statistics.median(seconds(lambda: deliver(dl)) for _ in range(args.repeats))
    if not flip: consumed = n / statistics.median(seconds(lambda: train(fed['tensor'])) for _ in range(args.repeats))
    what = 'pictures delivered / pictures trained on in the same time' + ', flipped at random'*flip
    figure(what, alone/consumed, at_least=20)

times = {name: [] for name in fed}
for i in range(args.repeats):
    for name in sorted(fed, reverse=i % 2): times[name].append(seconds(lambda: train(fed[name]))) # the order alternates
# Of neighbours, so that a busy machine slows down both
extra = statistics.median(a / b for a, b in zip(times['face_dls'], times['tensor'])) - 1
figure('an epoch fed by face_dls, beside one fed by a ready tensor: extra time', 100*extra, '%', at_most=3)
end()
