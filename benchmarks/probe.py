"""What the default training learns: trains like `make demo` and reads each factor off the codes of held-out people.

Run by hand: python benchmarks/probe.py [EPOCHS]"""
import sys, tempfile, warnings

from face_autoencoder.data import FaceDL
from face_autoencoder.latents import collect_latents
from face_autoencoder.metrics import probe_labels
from face_autoencoder.train import execute, prepare_run

ASKED = dict(yaw=.9, light_azimuth=.9, skin_tone=.9, pitch=.8, light_elevation=.8, mouth_open=.8, smile=.5, eye_open=.3, brow_raise=.3)

warnings.simplefilter('ignore')
with tempfile.TemporaryDirectory() as out:
    plan = prepare_run(out=out, **(dict(epochs=int(sys.argv[1])) if sys.argv[1:] else {}))
    results = execute(plan, progress=False).config['results']
dls = plan.learn.dls
mu = [collect_latents(plan.learn.model, FaceDL(dls.data.images, s, bs=256, device=dls.device)).mu for s in dls.splits]
train, valid = [dls.data.labels.iloc[s] for s in dls.splits]
r2 = probe_labels(mu[0], train, mu[1], valid).sort_values(ascending=False)
print(f"mse {results['mse']:.4f}, eigenfaces {results['eigenfaces_mse']:.4f}, kl {results['kl']:.0f} nats, {results['verdict']}")
for name, value in r2.items(): print(f'{name:16} {value:5.2f}' + (f'  asked {ASKED[name]:.2f}{"" if value >= ASKED[name] else "  MISSED"}' if name in ASKED else ''))
