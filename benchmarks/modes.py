"""float32, bfloat16 and torch.compile: images per second of the same training step, by batch size, interleaved; and how
long the first compiled step takes (validation compiles once more).

python benchmarks/modes.py [--repeats 5]"""
import argparse, contextlib, os, tempfile, time
from statistics import median

cache = tempfile.TemporaryDirectory() # so that nothing is compiled yet
os.environ['TORCHINDUCTOR_CACHE_DIR'] = cache.name

import torch

from face_autoencoder.callbacks import bf16_is_faster, has_native_bf16
from face_autoencoder.losses import VAELoss
from face_autoencoder.model import ConvVAE
from figures import end, figure, in_turns, ratio

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--repeats', type=int, default=5)
args = p.parse_args()


def trainer(bf16, compiled=False):
    "A function that takes steps on a batch, and returns the seconds of one"
    model, loss_func = ConvVAE().to(memory_format=torch.channels_last), VAELoss(1, True, 'sum')
    if compiled: model.compile()
    opt = torch.optim.Adam(model.parameters(), 1e-4)
    def step(x, n=1):
        start = time.perf_counter()
        for _ in range(n):
            with torch.autocast('cpu', torch.bfloat16) if bf16 else contextlib.nullcontext(): output = model(x)
            loss_func(type(output)(*[o.float() for o in output]), x).backward()
            opt.step()
            opt.zero_grad()
        return (time.perf_counter() - start)/n
    return step


modes = dict(float32=trainer(False)) | (dict(bfloat16=trainer(True)) if has_native_bf16() else {})
for bs in (16, 32, 64, 128, 256):
    x = torch.randn(bs, 3, 64, 64).tanh().to(memory_format=torch.channels_last)
    s = in_turns({name: lambda step=step: step(x, 512//bs) for name, step in modes.items()}, args.repeats)
    for name in modes: figure(f'{name}, batches of {bs}', bs/median(s[name]), 'images/s')
    if len(modes) > 1: figure(f'speed in bfloat16 / in float32, batches of {bs}', ratio(s['float32'], s['bfloat16']))

x = torch.randn(128, 3, 64, 64).tanh().to(memory_format=torch.channels_last)
name = 'bfloat16' if bf16_is_faster() else 'float32'
eager = modes[name]
compiled = trainer(name == 'bfloat16', compiled=True)
warm = compiled(x)
s = in_turns(dict(eager=lambda: eager(x, 8), compiled=lambda: compiled(x, 8)), args.repeats)
figure(f'speed compiled by torch.compile / not compiled, {name}, batches of 128', ratio(s['eager'], s['compiled']))
figure('first compiled step', warm, 's')
gained = 1 - 1/ratio(s['eager'], s['compiled']) # of each second; the first steps of training and of validation are paid
if gained > 0: figure('a training pays for compiling if it would take more than', 2*warm/gained, 's')
end()
