"""How soon a training is good: seconds until the error on new people is below that of 64 eigenfaces, and below that of
the run that came with the package before Muon. All trainers have the same network, loss and pictures, and take turns.

muon       `train_run`'s learner with its defaults
adam       the same with fastai's Adam, at the batch and rates that were best for it (optimizer_search.py)
pythae     the trainer of pythae 0.1.2 (Chadebec et al. 2022, arXiv 2206.08309) with its own Adam, the best of three
           learning rates, in an environment of its own that `make bench` makes
usual      pictures as floats, interpolated one by one, a DataLoader with two workers, plain fastai, Adam

A learning rate that falls to zero makes a training best at its end. So each number of epochs is a training of its own,
and the time to an error is read off the line through (seconds, log error) of these trainings, for each seed; if the
longest does not get there, its seconds stand for more. pythae's learning rate is constant: its error is looked at after
each epoch. Only training steps are timed, not validation. Intervals: 95 %, Student's t.

python benchmarks/time_to_quality.py [--data faces lfw] [--seeds 3]"""
import argparse, math, warnings
from statistics import mean

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--data', nargs='+', default=['faces', 'lfw'])
p.add_argument('--seeds', type=int, default=3)
args = p.parse_args()
warnings.simplefilter('ignore')

import numpy as np
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import Adam

from face_autoencoder.callbacks import seed_everything
from face_autoencoder.data import face_dls
from face_autoencoder.losses import VAELoss
from face_autoencoder.metrics import eigenfaces, eigenfaces_mse
from face_autoencoder.model import ConvVAE
from figures import end, figure
from others import pythae, usual_loader
from trainings import interval, prepared, timed

SHIPPED = dict(faces=.0145, lfw=.0171) # errors asked for besides; LFW's is Adam's after 20 epochs
CYCLES = dict(faces=dict(muon=(1, 2, 3, 4), adam=(3, 4, 7, 9), usual=(8, 10)),
              lfw=dict(muon=(4, 6), adam=(12, 16))) # epochs that are tried: around those that optimizer_search.py found
PYTHAE_RATES, PYTHAE_EPOCHS = (5e-4, 1e-3, 2e-3), 25
ADAM = dict(opt='adam', bs=32)


def ours(data, epochs, seed, **settings):
    "Train as `train_run` does"
    learn, training = prepared(data, epochs, seed, **settings)
    return timed(learn, 'fit_linear', epochs, training['lr'], training['warmup'])


def usual(data, epochs, seed):
    "Train as the lesson was first given"
    dls = face_dls(data)
    feed = DataLoaders(usual_loader(dls.data.images[dls.splits[0]], 128), dls.valid)
    seed_everything(seed)
    learn = Learner(feed, ConvVAE(), VAELoss(1, True, 'sum'), opt_func=Adam)
    return timed(learn, 'fit_one_cycle', epochs, 4e-3)


def pythae_times(data, errors, seed, rate):
    "For each error, the seconds until pythae's is below it; infinite if that takes more than so many epochs"
    dls, seconds, times = face_dls(data), 0., {}
    images, (train, valid) = dls.data.images, dls.splits
    with pythae(images[train], images[valid], '--lr', rate, '--seed', seed) as epoch:
        for _ in range(PYTHAE_EPOCHS):
            took, error = epoch()
            seconds += took
            for e in errors:
                if error < e: times.setdefault(e, seconds)
            if len(times) == len(errors): break
    return {e: times.get(e, float('inf')) for e in errors}


def times_to(error, rows):
    "trainer -> seconds of each seed to an error, between the trainings around it, and whether all got there"
    found = {}
    for trainer in dict.fromkeys(r[0] for r in rows):
        by_seed = {}
        for name, seed, _, seconds, e in rows:
            if name == trainer: by_seed.setdefault(seed, []).append((-math.log(e), seconds))
        seconds = [float(np.interp(-math.log(error), *zip(*sorted(t)))) for t in by_seed.values()]
        found[trainer] = seconds, all(max(t)[0] >= -math.log(error) for t in by_seed.values())
    return found


def measure(data):
    dls = face_dls(data)
    images, (train, valid) = dls.data.images, dls.splits
    bar = eigenfaces_mse(eigenfaces(images[train], 64), images[valid])
    rows, faces = [], data == 'faces'
    rates = {rate: pythae_times(data, (bar,), 0, rate)[bar] for rate in PYTHAE_RATES} if faces else {}
    print(data, '64 eigenfaces', f'{bar:.4f};', 'pythae by learning rate:', rates, flush=True)
    trainers = dict(muon=ours, adam=lambda *a: ours(*a, **ADAM), usual=usual)
    theirs = []
    for seed in range(args.seeds):
        for trainer, cycles in CYCLES[data].items():
            for epochs in cycles:
                rows.append((trainer, seed, epochs, *trainers[trainer](data, epochs, seed)))
                print(*rows[-1], flush=True)
        if rates: theirs.append(pythae_times(data, (bar,), seed, min(rates, key=rates.get))[bar])
    found = {error: times_to(error, rows) for error in ((bar,) if faces else ()) + (SHIPPED[data],)}
    if theirs: found[bar]['pythae'] = theirs, max(theirs) < float('inf')
    return bar, found


for data in args.data:
    bar, found = measure(data)
    names = {bar: f"below 64 eigenfaces' error ({bar:.4f})", SHIPPED[data]: f'to {SHIPPED[data]}'}
    for error, trainers in found.items():
        for trainer, (seconds, reached) in sorted(trainers.items()):
            more = '' if reached else 'more than '
            figure(f'{data}, {names[error]}: {trainer} ({more}{interval(seconds)} s)', mean(seconds), 's')
        asked = dict(adam={('faces', bar): 2, ('faces', .0145): 2.5, ('lfw', .0171): 2}.get((data, error)), pythae=3)
        for other in sorted(set(trainers) - {'muon'}):
            (slow, reached), (fast, _) = trainers[other], trainers['muon']
            what = f'{data}, {names[error]}: time of {other} / of muon{"" if reached else ", at least"}'
            figure(what, mean(slow)/mean(fast), at_least=asked.get(other))
end()
