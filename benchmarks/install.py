"""What installing costs, from nothing: python benchmarks/install.py python3.11 python3.12 python3.13

For each Python, a new environment gets the wheel of what is committed, then one extra after the other, and the commands
that each of them is for run in an empty folder. Nothing comes from pip's cache, so this downloads some 3 GB for each
Python, and asks for 7 GB of disk until it has measured them. The table goes to benchmarks/install.csv, where rows of
other Pythons stay. `cpu` are seconds of a processor, which a busy machine changes little."""
import argparse, os, re, resource, shutil, signal, subprocess, sys, tempfile, time
from pathlib import Path
from urllib.request import urlopen

import pandas as pd

from face_autoencoder.core import atomic_path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT/'benchmarks'/'install.csv'
EXTRAS = '', 'app', 'notebooks', 'teach', 'dev' # in this order, each on top of those before
DESCRIBE = '''
import platform, sys
from importlib.metadata import distributions, version
names = {d.name for d in distributions()} - {'pip'}
print(platform.python_version(), version('torch'), version('fastai'), len(names))
'''
CORE = [f'face_autoencoder.{name}' for name in ('train', 'evidence', 'app.export', 'course.checks')]
PIP_INSTALL = 'pip', 'install', '--no-cache-dir', '--progress-bar', 'off'


def megabytes(folder):
    "Of all files in a folder"
    return sum(f.lstat().st_size for f in folder.rglob('*') if not f.is_dir()) / 1e6


def processor():
    "Seconds of a processor that the commands have had so far"
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Environment:
    "A new virtual environment, and an empty folder to work in"
    def __init__(self, python, folder):
        self.path, self.work = folder/'env', folder/'work'
        self.work.mkdir()
        subprocess.run([python, '-m', 'venv', self.path], check=True)
        own = 'PATH', 'HOME', 'TMPDIR', 'LANG' # no PYTHONPATH: what runs is what pip installed
        self.variables = {k: v for k, v in os.environ.items() if k in own or k.startswith(('PIP_', 'SSL_', 'OMP_'))}
        self.variables |= dict(PATH=f"{self.path/'bin'}:{os.environ['PATH']}", FAE_CACHE=str(folder/'cache'))

    def run(self, *command, fails=False):
        "How long a command takes, and what it says"
        how = dict(cwd=self.work, env=self.variables, capture_output=True, text=True)
        start, before = time.time(), processor()
        done = subprocess.run([self.path/'bin'/command[0], *command[1:]], **how)
        if bool(done.returncode) != fails: sys.exit(f'{command}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}')
        took = dict(seconds=round(time.time() - start), cpu=round(processor() - before))
        return took, done.stdout + done.stderr

    def serve(self, *command):
        "How long it takes until the app that a command serves has answered"
        start, how = time.time(), dict(stdout=subprocess.PIPE, text=True, start_new_session=True)
        p = subprocess.Popen([self.path/'bin'/command[0], *command[1:]], cwd=self.work, env=self.variables, **how)
        try:
            urls = (re.search(r'http://127\.0\.0\.1:\d+', line) for line in p.stdout)
            url = next(filter(None, urls), None) or sys.exit(f'{command} did not serve')
            assert b'Face autoencoder' in urlopen(url[0]).read()
            return dict(seconds=round(time.time() - start), cpu=None)
        finally:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()


def try_core(env):
    env.run('python', '-c', f'import {", ".join(CORE)}')
    assert "pip install 'face_autoencoder[app]'" in env.run('fae_app', fails=True)[1]
    assert "pip install 'face_autoencoder[teach]'" in env.run('fae_slides', 'x.ipynb', fails=True)[1]
    train = 'fae_train --data faces --limit 300 --epochs 1'
    yield train, env.run(*train.split())[0]
    yield 'fae_export faces', env.run('fae_export', 'faces')[0]


def try_app(env): yield 'fae_app until it answers', env.serve('fae_app')


def try_notebooks(env):
    yield 'fae_notebooks', env.run('fae_notebooks')[0]
    opened = 'jupyter execute --inplace --allow-errors course/mnist_homework.ipynb' # its tasks are not solved
    env.variables |= dict(IN_TEST='1')
    yield f'IN_TEST=1 {opened}', env.run(*opened.split())[0]
    del env.variables['IN_TEST']


def try_teach(env):
    shows = 'fae_slides course/mnist_homework.ipynb'
    yield shows, env.run(*shows.split())[0]


def try_dev(env): env.run('python', '-c', 'import nbdev.test, pytest, ruff')


TRIALS = {'': try_core, 'app': try_app, 'notebooks': try_notebooks, 'teach': try_teach, 'dev': try_dev}


def measure(python, wheel, folder, extras):
    "Rows of the table for a Python"
    env = Environment(python, folder)
    for extra in extras:
        took, _ = env.run(*PIP_INSTALL, f'{wheel}[{extra}]' if extra else str(wheel))
        version, torch, fastai, packages = env.run('python', '-c', DESCRIBE)[1].split()
        row = dict(python=version, torch=torch, fastai=fastai)
        what = f'[{extra}]' if extra else 'the library'
        yield dict(row, what=what, packages=int(packages), MB=round(megabytes(env.path)), **took)
        for command, took in TRIALS[extra](env) or (): yield dict(row, what=command, **took)


def save(rows):
    "The table, in which these rows take the place of older ones of the same Pythons"
    table = pd.DataFrame(rows)
    if TABLE.exists():
        before = pd.read_csv(TABLE)
        table = pd.concat([before[~before.python.isin(table.python)], table])
    table = table.sort_values('python', kind='stable').astype(dict.fromkeys(['packages', 'MB', 'cpu'], 'Int64'))
    with atomic_path(TABLE) as tmp: table.to_csv(tmp, index=False)
    return table


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('python', nargs='+', help='the interpreters')
    p.add_argument('--extras', nargs='*', default=EXTRAS[1:], choices=EXTRAS[1:], help='which (default: all)')
    args, rows = p.parse_args(), []
    for python in args.python:
        folder = Path(tempfile.mkdtemp(prefix='install-'))
        try:
            for command in (['git', 'clone', '--quiet', ROOT, folder/'source'],
                            [python, '-m', 'pip', 'wheel', '--quiet', '--no-deps', '-w', folder, folder/'source']):
                subprocess.run(command, check=True)
            for row in measure(python, next(folder.glob('*.whl')), folder, ['', *args.extras]):
                print(*row.values(), flush=True)
                rows.append(row)
                table = save(rows)
        finally: shutil.rmtree(folder)
    print(table.to_string(index=False, na_rep=''))


if __name__ == '__main__': main()
