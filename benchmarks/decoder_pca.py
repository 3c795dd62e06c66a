"""How long the PCA through the decoder takes, and that a million codes need no more memory than a thousand.

python benchmarks/decoder_pca.py"""
import resource, time, warnings

import numpy as np

from face_autoencoder.latents import DecoderPCA, decoder_metric
from face_autoencoder.runs import load_run, pretrained_dir
from figures import end, figure

def memory(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1e3 # MB on Linux

warnings.simplefilter('ignore')
run = load_run(pretrained_dir()/'faces')
mu, rng = run.latents.train.mu, np.random.default_rng(0)
decoder_metric(run.model, mu[:4]) # warm up
times = []
for _ in range(5):
    start = time.perf_counter()
    decoder_metric(run.model, mu[:64])
    times.append(time.perf_counter() - start)
figure('PCA through the decoder: its Jacobians at 64 codes of 64 numbers', np.median(times), 's', at_most=10)

pca = DecoderPCA(run.model)
for i in range(1000):
    pca.partial_fit(mu[rng.integers(len(mu), size=1000)])
    if i == 0: before = memory()
what = 'PCA through the decoder: memory for a million codes, beyond that for a thousand'
figure(what, memory() - before, 'MB', at_most=20)
end()
