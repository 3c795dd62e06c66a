"""The others that our training is measured beside: pythae's trainer, and pictures fed as floats, one by one."""
import contextlib, subprocess, sys, tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

PYTHAE = Path(sys.prefix + '-pythae')/'bin'/'python'


class Usual(torch.utils.data.Dataset):
    "Float pictures that are interpolated one by one"
    def __init__(self, pictures): self.pictures = pictures # n x 125 x 94 x 3, floats in [0, 1]
    def __len__(self): return len(self.pictures)
    def __getitem__(self, i):
        picture = self.pictures[i].permute(2, 0, 1)[None]
        x = F.interpolate(picture, (64, 64), mode='bilinear', align_corners=False)[0] * 2 - 1
        return x, x


def usual_loader(images, # n x 3 x 64 x 64, bytes
                 bs):
    "Batches as the lesson was first given: pictures as floats of 125 x 94, two workers"
    pictures = F.interpolate(images.float()/255, (125, 94)).permute(0, 2, 3, 1).contiguous()
    return torch.utils.data.DataLoader(Usual(pictures), bs, shuffle=True, drop_last=True, num_workers=2)


@contextlib.contextmanager
def pythae(images, valid=None, *options):
    "A function that lets pythae train an epoch, and returns its seconds and the error on `valid`, NaN without any"
    if not PYTHAE.exists(): sys.exit('pythae is not installed: run make bench, which does it')
    with tempfile.TemporaryDirectory() as d:
        files = [f'{d}/{name}.npy' for name, x in (('train', images), ('valid', valid)) if x is not None]
        for file, x in zip(files, (images, valid)): np.save(file, x.numpy())
        command = [PYTHAE, Path(__file__).with_name('pythae_worker.py'), *files, *map(str, options)]
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(f'{d}/errors', 'w'), text=True)
        worker = subprocess.Popen(command, **pipes)
        def epoch():
            print('go', file=worker.stdin, flush=True)
            return tuple(map(float, worker.stdout.readline().split()))
        try:
            ready = worker.stdout.readline() == 'ready\n'
            if not ready: sys.exit('pythae did not start: ' + Path(d, 'errors').read_text()[-2000:])
            yield epoch
        finally: worker.kill()
