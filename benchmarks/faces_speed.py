"""How fast faces are drawn, and how long the data set takes at the first and at later starts.

python benchmarks/faces_speed.py"""
import os, subprocess, sys, tempfile, time
from statistics import median

from face_autoencoder.faces import render_faces, sample_factors
from figures import end, figure

CODE = '''
import time
from face_autoencoder.data import load_data
start = time.perf_counter()
load_data('faces')
print(time.perf_counter() - start)
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


for size, n in ((64, 640), (128, 160), (256, 40)): figure(f'faces drawn, {size} px', speed(size, n), 'faces/s')
with tempfile.TemporaryDirectory() as cache:
    for start in ('first start', 'later start'):
        command, env = [sys.executable, '-W', 'ignore', '-c', CODE], dict(os.environ, FAE_CACHE=cache)
        out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
        figure(f'`faces`, 6,000 pictures, {start}', float(out.split()[-1]), 's')
end()
