"""What larger pictures cost: parameters, images per second and memory of training by size of picture and number of
blocks, each in a process of its own. And what more blocks bring: the error after five epochs on 2,000 procedural faces.

python benchmarks/sizes.py"""
import json, subprocess, sys, tempfile, warnings

from figures import end, figure

CASES = (64, 4), (128, 4), (128, 5), (256, 4), (256, 5), (256, 6) # size, blocks
BS = 64


def child(size, blocks):
    import statistics, time
    import torch
    from memory import watched
    from face_autoencoder.data import FaceDL
    from face_autoencoder.model import ConvVAE
    from face_autoencoder.train import fit_vae
    from fastai.data.core import DataLoaders
    from fastai.callback.core import Callback

    class Steps(Callback):
        seconds = []
        def before_batch(self): self.start = time.perf_counter()
        def after_batch(self):
            if self.training: self.seconds.append(time.perf_counter() - self.start)

    images = torch.randint(0, 256, (BS*8, 3, size, size), dtype=torch.uint8)
    train, valid = FaceDL(images, range(BS*8), bs=BS, shuffle=True), FaceDL(images, range(BS), bs=BS)
    dls = DataLoaders(train, valid, device=torch.device('cpu'))
    model = ConvVAE(image_size=size, n_blocks=blocks)
    with watched() as most: fit_vae(dls, model, epochs=1, cbs=[Steps()])
    parameters = sum(p.numel() for p in model.parameters())/1e6
    print(json.dumps(dict(parameters=parameters, speed=BS/statistics.median(Steps.seconds[2:]), most=most[0])))


def error(size, blocks):
    "Squared error on new people, beside that of eigenfaces"
    from face_autoencoder.train import train_run
    model = dict(image_size=size, n_blocks=blocks)
    with tempfile.TemporaryDirectory() as out:
        return train_run(out=out, limit=2000, epochs=5, progress=False, **model).config['results']


if sys.argv[1:]:
    warnings.simplefilter('ignore')
    sys.exit(child(*map(int, sys.argv[1:])))
for size, blocks in CASES:
    said = subprocess.check_output([sys.executable, __file__, str(size), str(blocks)], text=True)
    got, last = json.loads(said.splitlines()[-1]), size//2**blocks
    what = f'{size} px, {blocks} blocks ({got["parameters"]:.1f} million parameters, {last} x {last} at the code)'
    figure(f'{what}: training, batches of {BS}', got['speed'], 'images/s')
    figure(f'{what}: memory of it', got['most'], 'MB')
for blocks in (4, 5):
    got = error(128, blocks)
    beside = f'64 eigenfaces: {got["eigenfaces_mse"]:.4f}'
    figure(f'128 px, {blocks} blocks: error after 5 epochs, 2,000 faces ({beside})', got['mse'])
end()
