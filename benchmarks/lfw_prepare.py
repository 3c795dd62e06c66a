"""How long LFW takes from its JPEGs to training tensors, the first time and after that, and how much memory.

Run by hand where LFW is: python benchmarks/lfw_prepare.py"""
import os, subprocess, sys, tempfile

CODE = '''
import resource, time, warnings
warnings.simplefilter('ignore')
from face_autoencoder.data import face_dls
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
dls = face_dls('lfw')
x, _ = dls.one_batch()
seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(f'{len(dls.data.images):,} faces: first batch after {seconds:.1f} s, peak memory {peak / 1024:.0f} MB above the imports')
'''

with tempfile.TemporaryDirectory() as cache:
    for start in ('first start', 'later start'):
        out = subprocess.run([sys.executable, '-c', CODE], env=dict(os.environ, FAE_CACHE=cache), capture_output=True, text=True, check=True).stdout
        print(f'{start}: {out.strip().splitlines()[-1].split(chr(13))[-1].strip()}')
