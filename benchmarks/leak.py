"""What an identity leak is worth: the same training on splits that leak and on one that doesn't, and the ratio of their
validation errors.

disjoint   nobody is in both sets (split='identity')
leaky      pictures are split at random (split='image'); its validation pictures are others, so the error of eigenfaces
           on them stands beside
matched    half of the disjoint validation people's pictures join the training set, in place of as many others; both
           models are measured on the other half, so that nothing but the leak differs

All have the same number of training pictures, the same seed, and the default training of `fae_train`.

python benchmarks/leak.py [--sources faces lfw] [--seeds 42 43 44] [--epochs 20]"""
import argparse, tempfile, warnings

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--sources', nargs='+', default=['faces', 'lfw'], help='names of data sets (default faces lfw)')
p.add_argument('--seeds', nargs='+', type=int, default=[42],
               help='of weights and split; three trainings for each (default 42)')
p.add_argument('--epochs', type=int, default=20)
p.add_argument('--limit', type=int, help='only so many pictures, for a quick try')
p.add_argument('--image-size', type=int, default=64)
p.add_argument('--data-home', help='where to look for downloaded data first')
args = p.parse_args()
warnings.simplefilter('ignore')

import numpy as np
from face_autoencoder.callbacks import seed_everything
from face_autoencoder.data import FaceDL
from face_autoencoder.metrics import eigenfaces, eigenfaces_mse, evaluate_vae
from face_autoencoder.train import execute, prepare_run


out = tempfile.TemporaryDirectory() # removed at the end


def prepare(source, split, seed):
    data = dict(data=source, split=split, limit=args.limit, image_size=args.image_size, data_home=args.data_home)
    return prepare_run(out=tempfile.mkdtemp(dir=out.name), epochs=args.epochs, seed=seed, **data)


def fit(plan, splits, seed):
    "Train on other splits than the plan's; the trained model"
    seed_everything(seed)
    dls = plan.learn.dls
    dls.splits = splits
    for dl, idxs in zip(dls.loaders, splits): dl.dataset, dl.n = idxs, len(idxs)
    execute(plan, progress=False)
    return plan.learn.model


def measure(model, images, idxs): return evaluate_vae(model, FaceDL(images, idxs, bs=128))['mse']


def halves(valid, identity, rng):
    "For each person with two pictures or more: one half of them, the other half"
    people = [rng.permutation(valid[identity[valid] == who]) for who in np.unique(identity[valid])]
    if not any(len(x) > 1 for x in people): raise SystemExit('no validation person has two pictures: raise --limit')
    return [np.concatenate(part) for part in zip(*[(x[:len(x)//2], x[len(x)//2:]) for x in people if len(x) > 1])]


def compare(source, seed):
    "Errors of three trainings"
    rng = np.random.default_rng(seed)
    kinds = dict(disjoint='identity', leaky='image', matched='identity')
    plans = {name: prepare(source, split, seed) for name, split in kinds.items()}
    images, identity = plans['disjoint'].learn.dls.data[:2]
    splits = {name: plan.learn.dls.splits for name, plan in plans.items()}
    n = min(len(train) for train, _ in splits.values())
    splits = {name: (rng.permutation(train)[:n], valid) for name, (train, valid) in splits.items()}
    train, valid = splits['disjoint']
    known, asked = halves(valid, identity, rng)
    splits['matched'] = np.concatenate([train[len(known):], known]), asked
    models = {name: fit(plans[name], splits[name], seed) for name in plans}
    mse = {name: measure(models[name], images, splits[name][1]) for name in models}
    def of_eigenfaces(train, valid): return eigenfaces_mse(eigenfaces(images[train], 64), images[valid])
    linear = {name: of_eigenfaces(*splits[name]) for name in ('disjoint', 'leaky')}
    return n, mse, linear, measure(models['disjoint'], images, asked), len(asked)


for source in args.sources:
    for seed in args.seeds:
        n, mse, linear, unseen, n_asked = compare(source, seed)
        print(f'{source}, seed {seed}, {n:,} training pictures, {args.epochs} epochs')
        share = {name: mse[name] / linear[name] for name in linear}
        for name, e in linear.items():
            print(f'  {name:<9} valid mse {mse[name]:.5f}   eigenfaces {e:.5f}   {share[name]:.3f} of them')
        in_shares = share['leaky'] / share['disjoint']
        leaky, matched = mse['leaky'] / mse['disjoint'], mse['matched'] / unseen
        both = f'({mse["matched"]:.5f} / {unseen:.5f} on the same {n_asked:,} pictures)'
        print(f'  leaky / disjoint                  {leaky:.3f}   in shares of eigenfaces {in_shares:.3f}')
        print(f'  matched / disjoint                {matched:.3f}   {both}', flush=True)
