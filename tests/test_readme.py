"""Every command of the README runs, in its order, in a copy of the repository with an environment of its own."""
import os, re, shutil, signal, subprocess
from urllib.request import urlopen

import pytest
from conftest import BIN, QUICK, ROOT, run

README = (ROOT/'README.md').read_text()
COMMANDS = [l for block in re.findall(r'^```sh\n(.*?)^```', README, re.M | re.S) for l in block.splitlines() if l]
PYTHON = re.findall(r'^```python\n(.*?)^```', README, re.M | re.S)

SMALL = ' '.join(QUICK)
HOMEWORK = ROOT/'nbs'/'mnist_homework.ipynb'
# What a command gets added so that it takes seconds. None: not run here.
ADD = {
    'python3 -m venv .venv': '',
    ".venv/bin/pip install -e '.[dev]'": '',
    'make demo': f' TRAIN="{SMALL}"',
    'make test': None, # runs this very test
    'make app': '',
    'make notebooks': ' NB=nbs/library/00_core.ipynb',
    'make links': '',
    'make bench': None, # half an hour
    '.venv/bin/fae_train --data faces --epochs 20': f' {SMALL}',
    '.venv/bin/fae_runs': '',
    '.venv/bin/fae_app': '',
    '.venv/bin/python -m pytest tests': ' -k test_bad_input',
    '.venv/bin/fae_student nbs/mnist_homework.ipynb --out homework.ipynb': '' if HOMEWORK.exists() else None,
    '.venv/bin/fae_grade handed_in --out grades': '' if HOMEWORK.exists() else None,
    '.venv/bin/fae_slides nbs/lesson5_vae.ipynb --out slides': '',
    'make site': '',
    '.venv/bin/nbdev_export': '',
    '.venv/bin/nbdev_clean': '',
    '.venv/bin/fae_train --data lfw --epochs 20': f' {SMALL}',
    '.venv/bin/fae_train --data faces --epochs 20 --name faces': f' {SMALL}',
    '.venv/bin/accelerate launch --multi_gpu --num_processes 2 -m face_autoencoder.train --data faces --epochs 20': f' {SMALL}',
    '.venv/bin/fae_train --data lfw --epochs 30 --lr 0.005 --name lfw': f' {SMALL}',
    '.venv/bin/python tools/ship.py runs/faces runs/lfw': '',
    '.venv/bin/fae_train --data faces --image-size 128 --epochs 20': ' --limit 40 --base-channels 4 --bs 16 --epochs 1',
    '.venv/bin/fae_train --data faces --image-size 256 --bs 32 --epochs 20': ' --limit 40 --base-channels 4 --epochs 1',
    '.venv/bin/fae_train --data my_photos --image-size 96 --epochs 20': f' {SMALL}',
}
SERVES = 'make demo', 'make app', '.venv/bin/fae_app'


def serves(command, cwd):
    "Start a command that serves the app, open the page, stop it"
    p = subprocess.Popen(command, shell=True, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        seen = []
        for line in p.stdout:
            seen.append(line)
            if url := re.search(r'http://127\.0\.0\.1:\d+', line): break
        else: pytest.fail(f'{command} did not serve:\n' + ''.join(seen)[-3000:])
        assert b'Face autoencoder' in urlopen(url[0]).read()
    finally:
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()


def test_every_command_is_known(): assert sorted(COMMANDS) == sorted(ADD)


def test_commands(clone, monkeypatch):
    from face_autoencoder.data import find_lfw
    monkeypatch.delenv('PYTHONPATH', raising=False) # it would be the package of all these commands, in place of the clone's
    monkeypatch.setenv('FAE_SHARED', os.environ.get('FAE_SHARED', str(ROOT.parent/'shared')))
    shutil.rmtree(clone/'my_photos', ignore_errors=True)
    (clone/'my_photos').mkdir()
    from face_autoencoder.faces import render_faces, sample_factors
    from PIL import Image
    for i, f in enumerate(render_faces(sample_factors(20))): Image.fromarray(f.permute(1, 2, 0).numpy()).save(clone/'my_photos'/f'{i}.jpg')
    (clone/'handed_in'/'ada').mkdir(parents=True)
    (clone/'handed_in'/'ada'/'homework.ipynb').write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    for command in COMMANDS:
        if ADD[command] is None or ('lfw' in command and not find_lfw()): continue
        whole = command + ADD[command]
        if command in SERVES: serves(whole, clone)
        else: run('bash', '-c', whole, cwd=clone)
        if command.endswith('venv .venv'): # the new environment borrows this one's packages, so that installing takes seconds
            site = next((clone/'.venv').glob('lib/python*/site-packages'))
            (site/'borrowed.pth').write_text(str(next(BIN.parent.glob('lib/python*/site-packages'))) + '\n')
            for script in [*BIN.glob('nbdev_*'), BIN/'accelerate']: (clone/'.venv'/'bin'/script.name).symlink_to(script)
            (clone/'.venv'/'share').symlink_to(BIN.parent/'share') # nbconvert's templates


def test_python(tmp_path):
    "The snippets, made small, in a folder of their own"
    for code, prints in zip(PYTHON, ["'mse'", '[3, 3, 64, 64]'], strict=True):
        code = code.replace("epochs=20", "epochs=1, limit=300, image_size=32, base_channels=8, bs=32").replace('launch(block=True)', 'launch()')
        assert prints in run('python', '-c', code, cwd=tmp_path).stdout
