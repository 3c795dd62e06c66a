"""A million faces of 16 pixels, mapped from disk: seconds and memory of a training epoch, of `collect_latents`, of PCA,
and of all that `train_run` does, for n, 2n and 4n faces, and whether a further face costs as much among many as among
few. (Of the codes, a million are mapped, half a million are not.)

The faces are procedural ones, made small, each again and again with another brightness.

python benchmarks/million.py [--faces 1000000]"""
import argparse, json, os, subprocess, sys, tempfile, time, warnings

from figures import end, figure
from memory import anonymous, watched

SIZE = 16
STEPS = dict(prepare='preparing them', feed='an epoch of batches alone',
             train='one epoch of training, codes, PCAs, figures, run on disk', collect='collect_latents',
             pca='PCA of the codes')


def million(size, limit, data_home=None):
    "So many faces, written block by block"
    import numpy as np
    import torch.nn.functional as F
    from face_autoencoder import data
    few = F.avg_pool2d(data.load_faces(32, 1000).images.float(), 32//size)
    def draw(write):
        rng = np.random.default_rng(0)
        for i in range(0, limit, 10_000):
            light = rng.uniform(.6, 1, (min(10_000, limit - i), 1, 1, 1)).astype(np.float32)
            write((few.numpy()[rng.integers(len(few), size=len(light))]*light).astype(np.uint8))
        return data.FaceData(None, np.arange(limit)//10, np.arange(limit).astype('U7'))
    return data.cached(f'million-{size}-{limit}', draw)


def child(n):
    "Seconds of each step and most MB, as JSON"
    warnings.simplefilter('ignore')
    from face_autoencoder import data
    from face_autoencoder.latents import LatentPCA, collect_latents
    from face_autoencoder.train import execute, prepare_run
    data.SOURCES['million'], data.LARGE, seconds, most = million, 0, {}, {}
    model = dict(image_size=SIZE, n_blocks=2, base_channels=8, latent_dim=16)
    begin = anonymous()

    def timed(name, f):
        start, before = time.perf_counter(), anonymous() - begin
        with watched() as peak: result = f()
        seconds[name], most[name] = time.perf_counter() - start, before + peak[0]
        return result

    with tempfile.TemporaryDirectory() as out:
        plan = timed('prepare', lambda: prepare_run(data='million', out=out, limit=n, bs=1024, epochs=1, **model))
        dls = plan.learn.dls
        def feed():
            for _ in dls.train: pass
        timed('feed', feed)
        timed('train', lambda: execute(plan, progress=False))
        latents = timed('collect', lambda: collect_latents(plan.learn, dls))
        timed('pca', lambda: LatentPCA().fit(latents.mu))
    print(json.dumps(dict(seconds=seconds, most=most)))


def measure(n, cache):
    "The same in a process of its own"
    command, env = [sys.executable, __file__, '--child', str(n)], dict(os.environ, FAE_CACHE=cache)
    return json.loads(subprocess.check_output(command, env=env, text=True).splitlines()[-1])


if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--faces', type=int, default=1_000_000)
    p.add_argument('--child', type=int, help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.child: sys.exit(child(args.child))
    import numpy as np
    ns = [args.faces//4, args.faces//2, args.faces]
    with tempfile.TemporaryDirectory() as cache:
        measure(10_000, cache) # draws the faces that the others repeat
        got = {n: measure(n, cache) for n in ns}
    parts = f'{ns[1]:,} to {ns[2]:,} / {ns[0]:,} to {ns[1]:,}'
    for name, word in STEPS.items():
        s = [got[n]['seconds'][name] for n in ns]
        slope, base = np.polyfit(ns, s, 1)
        early, late = np.diff(s)/np.diff(ns) # seconds for each further face
        figure(f'{args.faces:,} faces of {SIZE} px: {word}', s[-1], 's')
        what = f'{word}, {base:.2g} s + {1e6*slope:.2g} µs a face: time for a face more, {parts}'
        figure(f'{what} (linear: 1, quadratic: 2)', late/early, at_most=1.5)
    for n in (ns[0], ns[-1]):
        what, most = f'{n:,} faces of {SIZE} px: memory of all that, above the imports', max(got[n]['most'].values())
        figure(what, most, 'MB', at_most=500)
    end()
