"""pythae's trainer with our network, for train_speed.py, in an environment of its own: trains an epoch for each line of
its input, and answers with the seconds.

python benchmarks/pythae_speed.py PICTURES      a .npy of n x 3 x 64 x 64 bytes"""
import sys, tempfile, time
from pathlib import Path

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from face_autoencoder.model import ConvVAE


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


vae, x = ConvVAE(), torch.from_numpy(np.load(sys.argv[1])).float()/127.5 - 1
model = VAE(VAEConfig(input_dim=(3, 64, 64), latent_dim=64, reconstruction_loss='mse'), Encoder(vae), Decoder(vae))
with tempfile.TemporaryDirectory() as out:
    config = BaseTrainerConfig(output_dir=out, num_epochs=1, per_device_train_batch_size=128, learning_rate=1e-3)
    trainer = BaseTrainer(model, BaseDataset(x, torch.zeros(len(x))), training_config=config)
    trainer.prepare_training()
    print('ready', flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        trainer.train_step(1) # an epoch
        print(time.perf_counter() - start, flush=True)
