"""What the verdicts on a model are worth: 32 models, each as trained and rescaled, judged by `evaluate_vae` and by an
independent look at their samples.

Rules, written before the first run. The independent look is the kernel distance of 1000 other samples from N(0, I) to
all held-out originals, by features of VGG19 (../shared) where `evaluate_vae` has those of a small random network.
1. `prior_distance` goes with that distance: Spearman's correlation is at least 0.8 on each data set; so it is with the
   distance to one common set of reconstructions, those of the run that comes with the package.
2. Samples are good if they are closer to the originals than those of a Gaussian over 64 eigenfaces. *healthy* should be
   said of models with good samples, and of no others: right for at least 90 % of the models.

Written after it, since eigenfaces' samples are a low bar on photographs, and *blurry* is said of reconstructions:
3. At least 90 % of the models that are called *healthy* have good samples, and at least 90 % of those that are called
   *under-regularised* have not.

Rows are added to verdicts.csv as they come, and models whose rows are there are not trained again.

python benchmarks/verdicts.py"""
import copy, itertools, sys, warnings
from pathlib import Path

warnings.simplefilter('ignore')

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from face_autoencoder.callbacks import seed_everything
from face_autoencoder.core import atomic_path, shared_dir, to_float
from face_autoencoder.data import face_dls
from face_autoencoder.features import VGG19Features
from face_autoencoder.latents import collect_latents, decode_codes, rescale_latents
from face_autoencoder.losses import VAELoss
from face_autoencoder.metrics import eigenfaces, evaluate_vae, kernel_distance, picture_features
from face_autoencoder.model import ConvVAE
from face_autoencoder.runs import load_run, pretrained_dir
from face_autoencoder.train import fit_vae
from figures import end, figure

FILE = Path(__file__).with_suffix('.csv')
WEIGHTS = shared_dir()/'weights'/'vgg19_normalised_to_conv3_1.npz'
BETAS, EPOCHS = (.1, .3, 1, 3, 10, 30, 100, 300), dict(faces=(1, 4), lfw=(1, 3))
N = 1000 # samples, and eigenfaces' samples


class Look:
    "Distances to the held-out originals of a data set, and to reconstructions, by features of VGG19"
    def __init__(self, data):
        self.dls, self.vgg = face_dls(data, bs=64), VGG19Features(WEIGHTS)
        images, (train, valid) = self.dls.data.images, self.dls.splits
        self.originals = self.features(to_float(images[valid]))
        run, pca, rng = load_run(pretrained_dir()/data), eigenfaces(images[train], 64), np.random.default_rng(1)
        self.reconstructions = self.features(run.model(to_float(images[valid])).reconstruction)
        z = rng.normal(size=(N, 64))*np.sqrt(pca.explained_variance_)
        painted = torch.from_numpy(pca.inverse_transform(z)).float().view(N, *images.shape[1:]).clamp(-1, 1)
        self.eigenfaces = kernel_distance(self.features(painted), self.originals).value

    def features(self, x): return picture_features(x, self.vgg)

    def rows(self, beta, epochs):
        "Train a model, and judge it as it is and rescaled"
        seed_everything(0)
        model = ConvVAE()
        fit_vae(self.dls, model, VAELoss(beta, True, 'sum'), epochs)
        rescaled = copy.deepcopy(model)
        rescale_latents(rescaled, collect_latents(rescaled, self.dls))
        z = torch.randn(N, 64, generator=torch.Generator().manual_seed(1))
        for m in (model, rescaled):
            samples, stats = self.features(decode_codes(m, z)), evaluate_vae(m, self.dls.valid)
            names = 'mse kl excess_kl recon_distance prior_distance verdict'.split()
            yield dict(beta=beta, epochs=epochs, rescaled=m is rescaled, **{k: stats[k] for k in names},
                       to_originals=kernel_distance(samples, self.originals).value,
                       to_reconstructions=kernel_distance(samples, self.reconstructions).value,
                       eigenfaces=self.eigenfaces)


if not WEIGHTS.exists(): sys.exit(f'{WEIGHTS} is not there: the verdicts are measured with features of VGG19')
rows = pd.read_csv(FILE) if FILE.exists() else pd.DataFrame(columns=['data', 'beta', 'epochs'])
for data in EPOCHS:
    done = set(rows[rows.data == data][['beta', 'epochs']].itertuples(index=False, name=None))
    missing = [(b, e) for e, b in itertools.product(EPOCHS[data], BETAS) if (b, e) not in done]
    look = Look(data) if missing else None
    for beta, epochs in missing:
        new = pd.DataFrame([dict(data=data, **row) for row in look.rows(beta, epochs)])
        rows = pd.concat([rows, new.round(5)], ignore_index=True) if len(rows) else new.round(5)
        with atomic_path(FILE) as tmp: rows.to_csv(tmp, index=False)

print(rows.round(3).to_string(index=False))
for data, found in rows.groupby('data'):
    for column in ('to_originals', 'to_reconstructions'):
        r = spearmanr(found.prior_distance, found[column]).statistic
        figure(f'{data}: rank correlation of prior_distance and distance {column.replace("_", " ")}', r, at_least=.8)
good = rows.to_originals < rows.eigenfaces
for data, found in [*rows.groupby('data'), ('both', rows)]:
    what = f'{data}: {len(found)} models, of which healthy is said if, and only if, their samples are good'
    figure(what, 100*((found.verdict == 'healthy') == good[found.index]).mean(), '%', at_least=90)
for word, asked in (('healthy', good), ('under-regularised', ~good)):
    said = rows.verdict == word
    what = f'of {said.sum()} models called {word}, those with {"good" if word == "healthy" else "poor"} samples'
    figure(what, 100*asked[said].mean(), '%', at_least=90)
end()
