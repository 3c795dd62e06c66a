"""What changes with size: many faces, large pictures, compiled models, and the benchmarks that measure them."""
import json, re, shutil, sys

import pytest
import torch
from conftest import ROOT, run

sys.path.insert(0, str(ROOT/'benchmarks'))
import bench
import million

from face_autoencoder.app.explore import bases
from face_autoencoder.app.page import face_html, gauge_html
from face_autoencoder.runs import load_run, pretrained_dir
from face_autoencoder.train import execute, prepare_run, train_run


def test_memory_is_flat(tmp_path):
    "Four times the faces, mapped from disk, need no more memory than their codes, names and order"
    few, many = [million.measure(n, str(tmp_path))['most'] for n in (50_000, 200_000)]
    pictures = 150_000*3*million.SIZE**2/2**20
    for step in ('feed', 'train', 'collect', 'pca'): assert many[step] - few[step] < .8*pictures, step


@pytest.mark.parametrize('size, blocks', [(128, 5), (256, 6)])
def test_large_pictures(tmp_path, size, blocks):
    small = dict(limit=40, base_channels=4, bs=16, epochs=1, out=tmp_path)
    trained = load_run(train_run(image_size=size, n_blocks=blocks, progress=False, **small).path)
    z = trained.latents.mu[0]
    assert trained.decode([1, -1]).shape == (size, size, 3)
    assert trained.config['model']['n_blocks'] == blocks
    assert face_html(trained, z) and gauge_html(trained, z)
    assert list(bases(trained)) == list(bases(load_run(pretrained_dir()/'faces')))


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


@pytest.mark.quick
def test_model_imports_little():
    code = 'import sys, face_autoencoder.model; print(*{m.split(".")[0] for m in sys.modules})'
    loaded = set(run('python', '-c', code).stdout.split())
    assert 'torch' in loaded and not loaded & {'gradio', 'sklearn', 'skimage', 'fastai', 'pandas', 'torchvision'}


@pytest.fixture
def benchmark(tmp_path):
    "A function that runs `bench.py` in a folder of its own, with one benchmark that consists of some code"
    folder = tmp_path/'benchmarks'
    folder.mkdir()
    for f in ('bench.py', 'figures.py'): shutil.copy(ROOT/'benchmarks'/f, folder)
    (folder/'README.md').write_text('before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n')
    def benchmark(code):
        (folder/'imports.py').write_text('from figures import *\n' + code)
        done = run(sys.executable, folder/'bench.py', 'imports', check=False)
        return done, (folder/'README.md').read_text(), json.loads((folder/'figures.json').read_text())
    return benchmark


FIGURES = """
figure('good', 1.234, 's', at_most=2)
figure('bad', 1234, at_least=2000)
figure('free', 7)
figure('speed of train_run / of pythae', 1.5)
end()
"""


@pytest.mark.quick
def test_bench_keeps_figures(benchmark, tmp_path):
    "Figures reach JSON, table and picture; a missed one is marked and fails, and a crash keeps what there was"
    done, readme, _ = benchmark(FIGURES)
    assert done.returncode == 1 and 'bad: 1,234 (asked ≥ 2000, MISSED)' in done.stdout
    rows = ('good | ≤ 2 | 1.23 s', 'bad | ≥ 2000 | 1,234, not reached', 'free | 7')
    assert all(f'| {row} | imports.py |' in readme for row in rows)
    assert '<!-- 1.5 -->' in (tmp_path/'benchmarks'/'ratios.svg').read_text()
    assert readme.startswith('before\n') and readme.endswith('after\n') and 'old' not in readme
    done, _, figures = benchmark("figure('bad', 1, at_least=2)\n1/0")
    assert 'imports.py failed' in done.stderr
    assert figures['imports']['figures'][0]['value'] == 1.234


@pytest.mark.quick
def test_documents_show_the_figures():
    "Tables and picture are of the figures that are kept, and each target that was not reached has its sentence"
    results = json.loads((ROOT/'benchmarks'/'figures.json').read_text())
    assert sorted(results) == sorted(bench.ALL)
    text, picture = [(ROOT/'benchmarks'/name).read_text() for name in ('README.md', 'ratios.svg')]
    before, shown = re.search(r'(.*)<!-- bench -->\n(.*?)\n<!-- /bench -->', text, re.S).groups()
    assert shown == bench.table(results) and bench.picture(results) in before
    missed = [f for r in results.values() for f in r['figures'] if not f['ok']]
    assert [f['what'] for f in missed if f['shown'] not in before] == []
    ratios = bench.ratios(results)
    assert len(ratios) == len(bench.RATIOS)
    assert all(f'<!-- {words} -->' in picture for label, f in ratios for words in (label, f['shown']))
