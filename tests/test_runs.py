"""Damaged runs beside a good one: each is named in a sentence, and the app opens the good one."""
import json, shutil

import gradio as gr
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from face_autoencoder.app.main import build_app
from face_autoencoder.app.page import Explorer
from face_autoencoder.runs import list_runs, pretrained_dir

NAN = np.nan


def config(path, **changes):
    "Change sections of a run's config"
    content = json.loads((path/'config.json').read_text())
    for name, value in changes.items():
        content[name] = {**content[name], **value} if isinstance(value, dict) else value
    (path/'config.json').write_text(json.dumps(content))


def arrays(path, name, **changes):
    "Change arrays of a part, as if it had been saved so"
    with np.load(path/name) as f: content = dict(f)
    content.update({k: change(content[k]) for k, change in changes.items()})
    np.savez(path/name, **content)
    config(path, files=None)


def weights(path, change):
    content = change(load_file(path/'model.safetensors'))
    save_file(content, path/'model.safetensors')
    config(path, files=None)


def write(path, name, content): (path/name).write_bytes(content)


def cut(path, name): write(path, name, (path/name).read_bytes()[:-50])


def without(name): return lambda w: {k: v for k, v in w.items() if k != name}


DAMAGES = {
    'brackets': lambda p: write(p, 'config.json', b'['*200_000),
    'empty-config': lambda p: write(p, 'config.json', b''),
    'config-of-bytes': lambda p: write(p, 'config.json', bytes(range(256))),
    'config-is-a-folder': lambda p: ((p/'config.json').unlink(), (p/'config.json').mkdir()),
    'no-config': lambda p: (p/'config.json').unlink(),
    'model-is-a-list': lambda p: config(p, model=[64, 64]),
    'no-model': lambda p: config(p, model=None),
    'huge-code': lambda p: config(p, model=dict(latent_dim=400_000)),
    'huge-picture': lambda p: config(p, model=dict(image_size=2**40)),
    'code-in-words': lambda p: config(p, model=dict(latent_dim='sixty-four')),
    'unknown-size': lambda p: config(p, model=dict(depth=3)),
    'results-are-text': lambda p: config(p, results='good'),
    'figure-is-text': lambda p: config(p, results=dict(mse='small')),
    'names-are-numbers': lambda p: config(p, results=dict(component_names=dict(pca=[1, 2]))),
    'names-are-a-number': lambda p: config(p, results=dict(component_names=7)),
    'shares-are-text': lambda p: config(p, results=dict(image_shares=dict(decoder_pca='much'))),
    'source-is-a-number': lambda p: config(p, data=dict(source=7)),
    'pictures-in-words': lambda p: config(p, data=dict(n_train='many')),
    'newer-format': lambda p: config(p, format_version=99),
    'unfinished': lambda p: config(p, status='training'),
    'cut-weights': lambda p: cut(p, 'model.safetensors'),
    'no-weights': lambda p: (p/'model.safetensors').unlink(),
    'nan-weights': lambda p: weights(p, lambda w: {k: v*torch.nan if k == 'fc_mu.bias' else v for k, v in w.items()}),
    'one-weight-less': lambda p: weights(p, without('fc_mu.bias')),
    'nan-pca': lambda p: arrays(p, 'pca.npz', components_=lambda x: x*NAN),
    'narrow-pca': lambda p: arrays(p, 'pca.npz', components_=lambda x: x[:, :3]),
    'pca-of-words': lambda p: arrays(p, 'pca.npz', mean_=lambda x: x.astype(str)),
    'damaged-decoder-pca': lambda p: (write(p, 'decoder_pca.npz', b'PK\3\4'), config(p, files=None)),
    'short-decoder-pca': lambda p: arrays(p, 'decoder_pca.npz', explained_variance_ratio_=lambda x: x[:2]),
    'nan-latents': lambda p: arrays(p, 'latents.npz', mu=lambda x: x*NAN),
    'flat-latents': lambda p: arrays(p, 'latents.npz', mu=lambda x: x[:, 0]),
    'latents-of-nobody': lambda p: arrays(p, 'latents.npz', is_valid=lambda x: x | True),
    'wide-directions': lambda p: arrays(p, 'directions.npz', vectors=lambda x: np.tile(x, 2)),
    'a copy': lambda p: None,
}


@pytest.fixture
def damaged(tmp_path):
    "A folder with one good run and one of each damage"
    good, folder = pretrained_dir()/'faces', tmp_path/'runs'
    shutil.copytree(good, folder/'good')
    for name, damage in DAMAGES.items():
        shutil.copytree(good, folder/name)
        damage(folder/name)
    return folder


@pytest.mark.quick
def test_every_damage_has_a_sentence(damaged):
    problems = list_runs(damaged)
    assert {name for name, problem in problems.items() if problem is None} == {'good'}
    for name in DAMAGES:
        assert name in problems[name] and '\n' not in problems[name] and len(problems[name]) < 250, problems[name]
        assert str(damaged) not in problems[name]


def test_app_opens_the_good_run(damaged):
    explorer = Explorer(damaged)
    assert [name for name in explorer.names() if name not in ('faces', 'lfw')] == ['good']
    assert set(DAMAGES) <= {name for name, problem in explorer.problems().items() if problem}
    assert explorer.open('good').model.latent_dim == 64 and isinstance(build_app(explorer, 'good'), gr.Blocks)
