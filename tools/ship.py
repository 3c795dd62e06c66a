"""Put finished runs into the package, with weights of half the size: python tools/ship.py runs/faces runs/lfw"""
import shutil, sys
from pathlib import Path

import torch

from face_autoencoder.runs import finish_run, load_run, pretrained_dir

for source in map(Path, sys.argv[1:]):
    run, path = load_run(source), pretrained_dir()/source.name
    if source.resolve() == path.resolve(): raise SystemExit(f'{source} is in the package already')
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    for name in ('config.json', 'history.csv'): shutil.copy(source/name, path)
    parts = {k: getattr(run, k) for k in ('decoder_pca', 'latents', 'directions') if getattr(run, k)}
    finish_run(path, run.model, run.pca, run.config['results'], torch.float16, **parts)
    print(path.name, f'{sum(f.stat().st_size for f in path.iterdir()) / 1e6:.1f} MB')
