"""What changes with size: many faces, large pictures, compiled models, and the benchmarks that measure them."""
import json, re, subprocess, sys

import pytest
import torch
from conftest import ROOT, run

sys.path.insert(0, str(ROOT/'benchmarks'))
import bench
import million

from face_autoencoder.app.explore import bases
from face_autoencoder.app.page import looks
from face_autoencoder.runs import load_run
from face_autoencoder.train import execute, prepare_run, train_run


def test_memory_is_flat(tmp_path):
    "Four times the faces, mapped from disk, need no more memory to feed, train and encode than their codes, names and order"
    few, many = [million.measure(n, str(tmp_path)) for n in (50_000, 200_000)]
    pictures = 150_000*3*million.SIZE**2/2**20
    for step in ('feed', 'train', 'collect', 'pca'): assert many['most'][step] - few['most'][step] < .8*pictures, step


@pytest.mark.parametrize('size, blocks', [(128, 5), (256, 6)])
def test_large_pictures(tmp_path, size, blocks):
    run('fae_train', '--out', tmp_path, '--name', 'large', '--limit', '40', '--image-size', size, '--n-blocks', blocks, '--base-channels', '4', '--bs', '16', '--epochs', '1')
    trained = load_run(tmp_path/'large')
    z = trained.latents.mu[0]
    assert trained.decode([1, -1]).shape == (size, size, 3) and trained.config['model']['n_blocks'] == blocks
    assert looks(trained, z) and list(bases(trained)) == list(bases(load_run(ROOT/'face_autoencoder'/'pretrained'/'faces')))


def test_compiled(tmp_path):
    "The same network, compiled, and saved like any other"
    small = dict(limit=300, image_size=32, base_channels=8, bs=32, epochs=1, out=tmp_path)
    torch._dynamo.utils.counters.clear()
    fast = execute(prepare_run(compile=True, **small), progress=False)
    assert torch._dynamo.utils.counters['stats']['unique_graphs'] >= 2 # of training and of validation
    plain = train_run(progress=False, **small)
    assert fast.config['training']['compile'] and not plain.config['training']['compile'] and fast.path != plain.path
    assert fast.model.state_dict().keys() == plain.model.state_dict().keys()
    assert fast.config['results']['mse'] == pytest.approx(plain.config['results']['mse'], rel=.1)


def test_model_imports_little():
    code = 'import sys, face_autoencoder.model; print(*{m.split(".")[0] for m in sys.modules})'
    loaded = set(run('python', '-c', code).stdout.split())
    assert 'torch' in loaded and not loaded & {'gradio', 'sklearn', 'skimage', 'fastai', 'pandas', 'torchvision'}


def test_bench_keeps_figures(tmp_path):
    "Figures reach the JSON and the table, a missed one is marked and fails, and a crash keeps what there was"
    (tmp_path/'benchmarks').mkdir()
    (tmp_path/'README.md').write_text('before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n')
    head = f'import sys; sys.path.insert(0, {str(ROOT/"benchmarks")!r})\nfrom figures import *\n'
    for f in ('bench.py', 'figures.py'): (tmp_path/'benchmarks'/f).write_text((ROOT/'benchmarks'/f).read_text())
    (tmp_path/'benchmarks'/'imports.py').write_text(head + "figure('good', 1.234, 's', at_most=2)\nfigure('bad', 1234, at_least=2000)\nfigure('free', 7)\nend()")
    done = subprocess.run([sys.executable, tmp_path/'benchmarks'/'bench.py', 'imports'], capture_output=True, text=True)
    readme = (tmp_path/'README.md').read_text()
    assert done.returncode == 1 and 'bad: 1,234 (asked ≥ 2000, MISSED)' in done.stdout
    assert '| good | ≤ 2 | 1.23 s | imports.py |' in readme and '| bad | ≥ 2000 | 1,234 (missed) | imports.py |' in readme and '| free | 7 | imports.py |' in readme and 'old' not in readme
    assert readme.startswith('before\n') and readme.endswith('after\n')
    (tmp_path/'benchmarks'/'imports.py').write_text(head + "figure('bad', 1, at_least=2)\n1/0")
    assert 'imports.py failed' in subprocess.run([sys.executable, tmp_path/'benchmarks'/'bench.py', 'imports'], capture_output=True, text=True).stderr
    assert json.loads((tmp_path/'benchmarks'/'figures.json').read_text())['imports']['figures'][0]['value'] == 1.234


def test_readme_shows_the_figures():
    results = json.loads((ROOT/'benchmarks'/'figures.json').read_text())
    assert sorted(results) == sorted(bench.ALL)
    shown = re.search(r'<!-- bench -->\n(.*?)\n<!-- /bench -->', (ROOT/'README.md').read_text(), re.S)[1]
    assert shown == bench.table(results)
