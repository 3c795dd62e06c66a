"""Which learning rate, weight decay, warm-up and batch suit each optimizer: the error on new people after a short
training, for three seeds, on drawn faces and on LFW. Rows are added to a table as they come, and what is there is not
measured again; at the end the settings are printed, best first. Takes hours on two cores; several machines or
processes can share the work, each with a table of its own.

optimizer_search_h100.csv is the first, wider look, on one H100 by a bare loop of the same steps with fastai's one-cycle
schedule, mostly one seed: also momentum, steps and coefficients of the iteration, which layers, how long a step is by a
layer's shape.

python benchmarks/optimizer_search.py [--data faces lfw] [--opt muon adam] [--seeds 0 1 2] [--out FILE]"""
import argparse, itertools, time, warnings
from pathlib import Path

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--data', nargs='+', default=['faces', 'lfw'])
p.add_argument('--opt', nargs='+', default=['muon', 'adam'])
p.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
p.add_argument('--out', type=Path, default=Path(__file__).with_suffix('.csv'))
args = p.parse_args()
warnings.simplefilter('ignore')

import pandas as pd
import torch

from face_autoencoder.callbacks import seed_everything
from face_autoencoder.core import atomic_path
from face_autoencoder.data import face_dls
from face_autoencoder.model import ConvVAE
from face_autoencoder.train import fit_vae

GRID = dict(muon=dict(bs=(32, 64, 128), lr=(.015, .03, .06), wd=(.1, .3, 1.), warmup=(.02, .05, .25)),
            adam=dict(bs=(16, 32, 64), lr=(1.5e-3, 3e-3, 6e-3), wd=(.3, 1., 3.), warmup=(.25, .4, .6)))
EPOCHS = dict(faces=3, lfw=2)
SETTINGS = ['data', 'opt', 'bs', 'lr', 'wd', 'warmup', 'epochs', 'seed']


def neighbours(opt):
    "The middle of the grid, and what is one step from it"
    grid = GRID[opt]
    middle = {k: v[1] for k, v in grid.items()}
    return [middle] + [middle | {k: x} for k, v in grid.items() for x in (v[0], v[2])]


def measure(data, opt, bs, lr, wd, warmup, epochs, seed):
    dls = face_dls(data, bs=bs)
    seed_everything(seed)
    start = time.perf_counter()
    last = fit_vae(dls, ConvVAE(), epochs=epochs, opt=opt, lr=lr, wd=wd, warmup=warmup).loss_logger.rows[-1]
    return dict(mse=last['mse'], kl=last['kl'], excess_kl=last['excess_kl'], seconds=time.perf_counter() - start,
                device=torch.cuda.get_device_name() if dls.device.type == 'cuda' else 'CPU')


rows = pd.read_csv(args.out) if args.out.exists() else pd.DataFrame(columns=SETTINGS)
for seed, data, opt in itertools.product(args.seeds, args.data, args.opt):
    for settings in neighbours(opt):
        settings = dict(data=data, opt=opt, **settings, epochs=EPOCHS[data], seed=seed)
        if len(rows) and (rows[SETTINGS] == pd.Series(settings)[SETTINGS]).all(axis=1).any(): continue
        rows = pd.concat([rows, pd.DataFrame([settings | measure(**settings)])], ignore_index=True)
        with atomic_path(args.out) as tmp: rows.round(5).to_csv(tmp, index=False)
errors = rows.groupby(SETTINGS[:-1]).mse.agg(['mean', 'std', 'count']).reset_index()
print(errors.sort_values(['data', 'opt', 'mean']).round(4).to_string(index=False))
