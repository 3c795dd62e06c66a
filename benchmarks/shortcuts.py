"""What else might shorten a training: the default training on drawn faces, and others with one thing changed. For each,
the seconds of its steps and the error on new people, as shares of the default's with the same seed: mean and 95 %
interval (Student's t).

cosine        the learning rate falls along half a cosine, as fastai's `fit_one_cycle` has it
adam cosine   the same for Adam, as shares of Adam's own training
averaged      the weights are a running mean over the last steps (Polyak and Juditsky 1992); then as in batchnorm
batchnorm     after training, BatchNorm's figures are made anew from all training pictures
every other   matrices move at every other step, twice as far
contiguous    pictures and weights are not laid out channels last

python benchmarks/shortcuts.py [--seeds 5] [--epochs 3]"""
import argparse, warnings
from statistics import mean

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--seeds', type=int, default=5)
p.add_argument('--epochs', type=int, default=3)
args = p.parse_args()
warnings.simplefilter('ignore')

import torch
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.core import Callback
from torch import nn

from face_autoencoder.metrics import evaluate_vae
from face_autoencoder.optimizers import Muon, muon_step
from figures import end, figure
from trainings import interval, prepared, timed


class Averaged(Callback):
    "End with a running mean of the weights"
    def before_fit(self): self.mean = [p.detach().clone() for p in self.model.parameters()]

    def after_batch(self): torch._foreach_lerp_(self.mean, [p.data for p in self.model.parameters()], .03)

    def after_fit(self):
        for p, m in zip(self.model.parameters(), self.mean): p.data.copy_(m)
        new_batchnorm(self.learn)


def new_batchnorm(learn):
    "Replace the means and variances of BatchNorm by those of all training pictures"
    for m in learn.model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.reset_running_stats()
            m.momentum = None # all batches count alike
    learn.model.train()
    with torch.no_grad():
        for x, *_ in learn.dls.train: learn.model(x)


def every_other_step(p, lr, step, **kwargs):
    "`muon_step`, but matrices move at even steps only, twice as far"
    if p.dim() < 2: muon_step(p, lr, step=step, **kwargs)
    elif step % 2 == 0: muon_step(p, 2*lr, step=step, **kwargs)


def every_other(params, **kwargs):
    opt = Muon(params, **kwargs)
    opt.cbs[-1] = every_other_step
    return opt


def train(seed, opt='muon', cosine=False, opt_func=None, add=None, remove=None, after=None):
    "Seconds of a training, and its error on new people"
    learn, training = prepared('faces', args.epochs, seed, opt=opt, bs=64 if opt == 'muon' else 32)
    if opt_func: learn.opt_func = opt_func
    if add: learn.add_cb(add())
    if remove: learn.remove_cb(remove)
    learn.moms = (.9, .9, .9) # as in `fit_linear`
    if cosine: seconds, mse = timed(learn, 'fit_one_cycle', args.epochs, training['lr'])
    else: seconds, mse = timed(learn, 'fit_linear', args.epochs, training['lr'], training['warmup'])
    if not after: return seconds, mse
    after(learn)
    return seconds, evaluate_vae(learn.model, learn.dls.valid)['mse']


TRAININGS = {'default': {}, 'cosine': dict(cosine=True), 'adam': dict(opt='adam'),
             'adam cosine': dict(opt='adam', cosine=True), 'averaged': dict(add=Averaged),
             'batchnorm': dict(after=new_batchnorm), 'every other': dict(opt_func=every_other),
             'contiguous': dict(remove=ChannelsLast)}
got = {name: [] for name in TRAININGS}
for seed in range(args.seeds):
    for name, settings in TRAININGS.items():
        got[name].append(train(seed, **settings))
        print(seed, name, '%.1f s, %.5f' % got[name][-1], flush=True)
for name in got:
    usual = got['adam' if 'adam' in name else 'default']
    if name in ('default', 'adam'): continue
    for i, what in enumerate(('seconds', 'error')):
        shares = [a[i]/b[i] for a, b in zip(got[name], usual)]
        figure(f'{name}: {what}, as share of the default ({interval(shares, 3)})', mean(shares))
end()
