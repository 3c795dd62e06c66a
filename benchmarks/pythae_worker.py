"""pythae's trainer with our network and our loss, in an environment of its own, for train_speed.py and
time_to_quality.py: trains an epoch for each line of its input, and answers with the seconds and the error.

python benchmarks/pythae_worker.py TRAIN [VALID] [--lr 1e-3] [--seed 0]      .npy files of n x 3 x 64 x 64 bytes"""
import argparse, sys, tempfile, time
from pathlib import Path

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from face_autoencoder.losses import VAELoss
from face_autoencoder.model import ConvVAE, VAEOutput

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('train')
p.add_argument('valid', nargs='?')
p.add_argument('--lr', type=float, default=1e-3)
p.add_argument('--seed', type=int, default=0)
args = p.parse_args()


class Encoder(BaseEncoder):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae
    def forward(self, x): return ModelOutput(**dict(zip(('embedding', 'log_covariance'), self.vae.encode(x))))


class Decoder(BaseDecoder):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae
    def forward(self, z): return ModelOutput(reconstruction=self.vae.decode(z))


class OurLoss(VAE):
    elbo = VAELoss(1, True, 'sum')
    def loss_function(self, recon_x, x, mu, log_var, z):
        loss = self.elbo(VAEOutput(recon_x, mu, log_var), x)
        return loss, self.elbo.recon, self.elbo.kl


def pictures(path): return torch.from_numpy(np.load(path)).float()/127.5 - 1


@torch.no_grad()
def error(vae, x):
    vae.eval()
    return float(np.mean([(vae.decode(vae.encode(b)[0]) - b).square().mean().item() for b in x.split(200)]))


torch.manual_seed(args.seed)
vae, x = ConvVAE(), pictures(args.train)
model = OurLoss(VAEConfig(input_dim=(3, 64, 64), latent_dim=64), Encoder(vae), Decoder(vae))
valid = pictures(args.valid) if args.valid else None
with tempfile.TemporaryDirectory() as out:
    config = BaseTrainerConfig(output_dir=out, num_epochs=1, per_device_train_batch_size=128, learning_rate=args.lr)
    trainer = BaseTrainer(model, BaseDataset(x, torch.zeros(len(x))), training_config=config)
    trainer.prepare_training()
    print('ready', flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        trainer.train_step(1) # an epoch
        print(time.perf_counter() - start, 'nan' if valid is None else error(vae, valid), flush=True)
