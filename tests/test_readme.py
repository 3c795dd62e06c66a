"""The README is short, and every command of README, other documents and notebooks runs, in the order of reading, in a
copy of the repository with an environment of its own."""
import json, os, re, shlex, shutil, signal, subprocess, sys, time
from urllib.request import urlopen

import pytest
from conftest import BIN, QUICK, ROOT, run
from documents import blocks, commands, words_of
from PIL import Image

from face_autoencoder.data import find_lfw
from face_autoencoder.faces import render_faces, sample_factors

README, COMMANDS = (ROOT/'README.md').read_text(), commands()

SMALL = ' '.join(QUICK)
HOMEWORK, LESSON = [ROOT/'nbs'/f'{name}.ipynb' for name in ('mnist_homework', 'lesson5_vae')]
# What a command gets added so that it takes seconds. None: not run here.
ADD = {
    'python3 -m venv .venv': '',
    ".venv/bin/pip install -e '.[app,notebooks]'": '',
    'make demo': f' TRAIN="{SMALL}"',
    'make test': ' WORKERS=1 ARGS="-k test_every_command_is_known"',
    'make check NB=04_features': '',
    'make app': '',
    'make notebooks': ' NB=nbs/library/00_core.ipynb',
    'make links': '',
    '.venv/bin/fae_export faces lfw --out explorer --compare healthy collapsed': '',
    '.venv/bin/pip wheel --quiet --no-deps --wheel-dir wheels .': '',
    'make bench': None, # hours
    '.venv/bin/fae_train --data faces': f' {SMALL}',
    '.venv/bin/fae_runs': '',
    '.venv/bin/fae_app': '',
    '.venv/bin/python -m pytest tests -m quick': ' -k test_every_command_is_known',
    '.venv/bin/fae_student nbs/mnist_homework.ipynb --out homework.ipynb': '' if HOMEWORK.exists() else None,
    '.venv/bin/fae_grade handed_in --out grades': '' if HOMEWORK.exists() else None,
    '.venv/bin/fae_slides nbs/lesson5_vae.ipynb --out slides': '',
    'make site': '',
    '.venv/bin/nbdev_export': '',
    '.venv/bin/nbdev_clean': '',
    '.venv/bin/fae_train --data lfw': f' {SMALL}',
    '.venv/bin/fae_train --data faces --upsample resize --epochs 45 --lr 0.02 --wd 0.1 --name faces': f' {SMALL}',
    '.venv/bin/accelerate launch --multi_gpu --num_processes 2 -m face_autoencoder.cli'
    ' --data faces': f' {SMALL}',
    '.venv/bin/fae_train --data lfw --upsample resize --epochs 45 --lr 0.02 --wd 0.1 --name lfw': f' {SMALL}',
    '.venv/bin/python tools/ship.py runs/faces runs/lfw': '',
    **{f'.venv/bin/fae_train --base-channels 16 --latent-dim 32 --upsample resize{how}': f' {SMALL}' for how in (
        ' --out small --name healthy', ' --beta 0 --no-rescale --out small --name autoencoder',
        ' --beta 0.03 --no-rescale --out small --name under-regularised',
        ' --loss mse --reduction mean --out small --name collapsed')},
    '.venv/bin/python tools/ship.py --small'
    ' small/healthy small/autoencoder small/under-regularised small/collapsed': '',
    '.venv/bin/fae_train --data faces --image-size 128': ' --limit 40 --base-channels 4 --bs 16 --epochs 1',
    '.venv/bin/fae_train --data faces --image-size 256 --bs 32': ' --limit 40 --base-channels 4 --epochs 1',
    '.venv/bin/fae_train --data my_photos --image-size 96': f' {SMALL}',
}
SERVES = 'make demo', 'make app', '.venv/bin/fae_app'


def serves(command, cwd):
    "Start a command that serves the app, open the page, stop it"
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    p = subprocess.Popen(command, shell=True, cwd=cwd, start_new_session=True, **pipes)
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


@pytest.mark.quick
def test_every_command_is_known(): assert sorted(COMMANDS) == sorted(ADD)


@pytest.mark.quick
def test_size():
    "At most 8 KB, without the badges that a fork gets"
    assert len(re.sub(r'\[!\[.*?\]\(.*?\)\]\(.*?\)', '', README).encode()) <= 8192


def borrow(env):
    "Let a new environment use this one's packages and commands, so that installing takes seconds"
    site = next(env.glob('lib/python*/site-packages'))
    (site/'borrowed.pth').write_text(str(next(BIN.parent.glob('lib/python*/site-packages'))) + '\n')
    for script in [*BIN.glob('nbdev_*'), BIN/'accelerate', BIN/'ruff']: (env/'bin'/script.name).symlink_to(script)
    (shared := env/'share'/'jupyter').mkdir(parents=True) # of its own, so that pip writes nothing into this one's
    for name in ('kernels', 'nbconvert'): (shared/name).symlink_to(BIN.parent/'share'/'jupyter'/name)


@pytest.fixture
def workplace(clone, monkeypatch):
    "A copy of the repository with the pictures and the submission that the README speaks of"
    monkeypatch.delenv('PYTHONPATH', raising=False) # it would be the package of all commands, in place of the clone's
    monkeypatch.delenv('PYTHONUNBUFFERED', raising=False) # the app says its address without that
    monkeypatch.setenv('FAE_SHARED', os.environ.get('FAE_SHARED', str(ROOT.parent/'shared')))
    photos, student = clone/'my_photos', clone/'handed_in'/'ada'
    shutil.rmtree(photos, ignore_errors=True)
    for folder in (photos, student): folder.mkdir(parents=True)
    for i, f in enumerate(render_faces(sample_factors(20))):
        Image.fromarray(f.permute(1, 2, 0).numpy()).save(photos/f'{i}.jpg')
    (student/'homework.ipynb').write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    return clone


def train_in(folder, *options):
    from face_autoencoder.cli import fae_train
    os.chdir(folder)
    sys.exit(fae_train(options))


def trains_again(fresh, folder, command):
    "What `fae_train` does once more, in a process that need not import the large libraries again"
    process = fresh.Process(target=train_in, args=(folder, *shlex.split(command)[1:]))
    process.start()
    process.join()
    assert process.exitcode == 0, command


def test_commands(workplace, fresh):
    tried = set()
    for command in COMMANDS:
        if ADD[command] is None or ('lfw' in command and not find_lfw()): continue
        whole, start = command + ADD[command], time.time()
        program = command.split()[0]
        if command in SERVES: serves(whole, workplace)
        elif program == '.venv/bin/fae_train' and program in tried: trains_again(fresh, workplace, whole)
        else: run('bash', '-c', whole, cwd=workplace)
        if command.endswith('venv .venv'): borrow(workplace/'.venv')
        tried.add(program)
        print(f'{time.time() - start:4.0f} s {whole}')


@pytest.mark.quick
def test_results_are_those_of_the_benchmarks():
    "Figures that README repeats: of a page that decodes, of the time to a quality, of the verdict on photographs"
    results = json.loads((ROOT/'benchmarks'/'figures.json').read_text())
    def shown(name, begins): return next(f for f in results[name]['figures'] if f['what'].startswith(begins))
    decode = shown('browser', 'a face decoded in the page')
    assert f"decodes a face in {decode['shown']} ms" in README
    assert f"fits the samples of only {shown('verdicts', 'lfw: 32 models')['value']:.0f} %" in README


@pytest.mark.quick
def test_teachers_count_on_it():
    "What the guide for teachers counts is there, where the repository has the solutions"
    if not HOMEWORK.exists(): return
    guide, lecture, homework = (ROOT/'.github'/'TEACHING.md').read_text(), words_of(LESSON), words_of(HOMEWORK)
    predictions = lecture.count('**Predict.**')
    assert f'{predictions} predictions' in guide and f'{predictions} numbered blanks' in guide
    seen, hidden = re.search(r'give (\d+) points. Hidden ones.* give (\d+) more', homework).groups()
    assert f'{seen} points for checks that they see, {hidden} for hidden ones' in guide


def test_python(tmp_path):
    "The snippet, in a folder of its own"
    code, = blocks(README, 'python')
    assert '[3, 3, 64, 64]' in run('python', '-c', code, cwd=tmp_path).stdout


def test_interrupted_install_goes_on(clone, monkeypatch):
    "The environment is there, the stamp is not, and a package is half there"
    monkeypatch.delenv('PYTHONPATH', raising=False)
    run(sys.executable, '-m', 'venv', '.venv', cwd=clone)
    site = next((clone/'.venv').glob('lib/python*/site-packages'))
    borrow(clone/'.venv')
    (site/'ruff').mkdir()
    (half := site/'ruff-99.dist-info').mkdir()
    (half/'METADATA').write_text('Metadata-Version: 2.1\nName: ruff\nVersion: 99\n')
    said = run('make', 'install', cwd=clone).stdout
    assert '3 of 3' in said and (clone/'.venv'/'installed').exists() and not half.exists()
    code = 'import face_autoencoder; print(face_autoencoder.__file__)'
    assert run(clone/'.venv'/'bin'/'python', '-c', code, cwd=site).stdout.startswith(str(clone))
    assert run('make', 'install', cwd=clone).stdout.count('of 3') == 0
