"""How long LFW takes from its JPEGs to training tensors, the first time and after that.

python benchmarks/lfw_prepare.py      where LFW is"""
import os, subprocess, sys, tempfile

from figures import end, figure

CODE = '''
import time, warnings
warnings.simplefilter('ignore')
from face_autoencoder.data import face_dls
start = time.perf_counter()
face_dls('lfw').one_batch()
print(time.perf_counter() - start)
'''

with tempfile.TemporaryDirectory() as cache:
    for start in ('first start', 'later start'):
        command, env = [sys.executable, '-c', CODE], dict(os.environ, FAE_CACHE=cache)
        out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
        figure(f'LFW, from 13,233 JPEGs to the first batch, {start}', float(out.split()[-1]), 's')
end()
