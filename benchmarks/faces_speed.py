"""How fast faces are drawn, and how long the data set takes at the first and at later starts.

Run by hand: python benchmarks/faces_speed.py"""
import os, subprocess, sys, tempfile, time
from statistics import median

import torch
from face_autoencoder.faces import render_faces, sample_factors

CODE = '''
import time
from face_autoencoder.data import load_data
start = time.perf_counter()
data = load_data('faces')
print(f'{len(data.images):,} faces in {time.perf_counter() - start:.1f} s')
'''


def speed(size, n):
    "Faces per second, median of five"
    factors, seconds = sample_factors(n), []
    render_faces(factors[:32], size)
    for _ in range(5):
        start = time.perf_counter()
        render_faces(factors, size)
        seconds.append(time.perf_counter() - start)
    return n / median(seconds)


print(f'torch {torch.__version__}, {torch.get_num_threads()} threads')
for size, n in ((64, 640), (128, 160), (256, 40)): print(f'{size} px: {speed(size, n):.0f} faces/s')
with tempfile.TemporaryDirectory() as cache:
    for start in ('first start', 'later start'):
        out = subprocess.run([sys.executable, '-W', 'ignore', '-c', CODE], env=dict(os.environ, FAE_CACHE=cache), capture_output=True, text=True, check=True).stdout
        print(f'{start}: {out.strip().splitlines()[-1].split(chr(13))[-1].strip()}')
