"""Short trainings in 64 bits come to the figures that are kept, so that an upgrade which changes learning is noticed.

To accept new figures: make golden"""
import json, os
from pathlib import Path

import numpy as np
import pytest
import torch
from fastai.callback.core import Callback
from fastai.learner import Learner

from face_autoencoder.callbacks import LossLogger, seed_everything
from face_autoencoder.data import FaceDL, FaceDataLoaders
from face_autoencoder.losses import VAELoss
from face_autoencoder.model import ConvVAE

KEPT = Path(__file__).with_name('golden.json')
LOSSES = {'β = 0': VAELoss(0, True, 'sum'), 'β = 1': VAELoss(1, True, 'sum'), 'mean MSE': VAELoss(1)}
pytestmark = pytest.mark.quick


class InDoubles(Callback):
    "Train in 64 bits: rounding, which differs from CPU to CPU, stays small there for many steps"
    def before_batch(self): self.learn.xb, self.learn.yb = [[t.double() for t in b] for b in (self.xb, self.yb)]
    def after_loss(self): self.learn.loss = self.loss.float() # fastai's mean of losses has 32 bits


@pytest.fixture
def doubles():
    "New weights have 64 bits"
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def patches():
    "Pictures of squares in random colours, in which nothing is rounded: drawn faces differ a little from CPU to CPU"
    squares = torch.randint(0, 256, (240, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(42))
    pictures = squares.repeat_interleave(8, 2).repeat_interleave(8, 3)
    train = FaceDL(pictures, np.arange(200), bs=32, shuffle=True, drop_last=True)
    return FaceDataLoaders(train, FaceDL(pictures, np.arange(200, 240), bs=40))


def trained(loss):
    "Error, nats and negative ELBO on other pictures"
    seed_everything(42)
    learn = Learner(patches(), ConvVAE(64, 3, 8, 32), loss_func=loss, cbs=[LossLogger(), InDoubles()])
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(4, 4e-3)
    return {name: learn.loss_logger.values[name] for name in ('mse', 'kl', 'nelbo')}


def test_short_trainings(doubles):
    found = {name: trained(loss) for name, loss in LOSSES.items()}
    if 'FAE_GOLDEN' in os.environ: KEPT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + '\n')
    for name, kept in json.loads(KEPT.read_text()).items(): assert found[name] == pytest.approx(kept, rel=1e-4), name
