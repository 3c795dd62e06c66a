"""How long Python takes to import the package, beside what it is built on, and how soon a command answers. Medians of
interleaved starts.

python benchmarks/imports.py [--repeats 7]"""
import argparse, subprocess, sys, time
from pathlib import Path
from statistics import median

from figures import end, figure, in_turns, ratio

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--repeats', type=int, default=7)
args = p.parse_args()


def seconds(*command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def python(code): return lambda: seconds(sys.executable, '-W', 'ignore', '-c', code)


starts = dict(torch=python('import torch'), both=python('import torch; from fastai.learner import Learner'),
              model=python('import face_autoencoder.model'), train=python('import face_autoencoder.train'),
              help=lambda: seconds(Path(sys.executable).with_name('fae_train'), '--help'))
s = in_turns(starts, args.repeats)
figure('import face_autoencoder.model / import torch', ratio(s['model'], s['torch']), at_most=1.15)
figure('import face_autoencoder.train (data, PCA, losses)', median(s['train']), 's')
figure('import torch', median(s['torch']), 's')
figure('import torch and fastai.learner', median(s['both']), 's')
figure('fae_train --help', median(s['help']), 's', at_most=2)
end()
