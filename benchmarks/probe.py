"""What the default training learns: reads each factor off the codes of held-out people.

Run by hand: python benchmarks/probe.py [RUN]      a folder made by `make demo`; without it, one is trained first"""
import sys, tempfile, warnings

from face_autoencoder.data import FaceDL, face_dls
from face_autoencoder.latents import collect_latents
from face_autoencoder.metrics import probe_labels
from face_autoencoder.runs import load_run
from face_autoencoder.train import train_run

ASKED = dict(yaw=.9, light_azimuth=.9, skin_tone=.9, pitch=.8, light_elevation=.8, mouth_open=.8, smile=.5,
             eye_open=.3, brow_raise=.3)

warnings.simplefilter('ignore')
with tempfile.TemporaryDirectory() as out:
    run = load_run(sys.argv[1]) if sys.argv[1:] else train_run(out=out, progress=False)
dls, results = face_dls(), run.config['results']
codes = [collect_latents(run.model, FaceDL(dls.data.images, s, bs=256)).mu for s in dls.splits]
train, valid = [dls.data.labels.iloc[s] for s in dls.splits]
r2 = probe_labels(codes[0], train, codes[1], valid).sort_values(ascending=False)
errors = f"mse {results['mse']:.4f}, eigenfaces {results['eigenfaces_mse']:.4f}"
print(f"{run.config['training']['epochs']} epochs: {errors}, kl {results['kl']:.0f} nats, {results['verdict']}")
for name, value in r2.items():
    asked = ASKED.get(name, -1)
    bound = f'  asked {asked:.2f}' + '  MISSED'*(value < asked) if name in ASKED else ''
    print(f'{name:16} {value:5.2f}' + bound)
