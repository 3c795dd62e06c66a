"""Training, grading and the app are killed at random moments (SIGKILL), and started again until each has come to its
end: no epoch, no point and no setting may be lost, and no photo may be on the disk.

python benchmarks/kills.py [--times 34] [--seed 0] [--only uploads]"""
import argparse, os, random, signal, subprocess, sys, tempfile, time
from contextlib import suppress
from pathlib import Path
from threading import Thread

import httpx, nbformat
from app_memory import call, photo
from figures import end, figure

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT/'tests'), str(ROOT/'tools')]
from conftest import BIN, QUICK
from test_course import graded_files, hand_in, homework, solved

from face_autoencoder.runs import load_run

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--times', type=int, default=34, help='kills of each of the three')
p.add_argument('--seed', type=int, default=0)
p.add_argument('--only', choices=['training', 'grading', 'uploads'], help='of the three (default: all)')
args = p.parse_args()
draw = random.Random(args.seed)


def start(command, *options, **env):
    how = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    return subprocess.Popen([str(BIN/command), *map(str, options)], env=dict(os.environ, **env), **how)


def kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def interrupted(longest, command, *options):
    "Start a command again and again and kill it after a random time, until it comes to its end; return how often"
    for kills in range(args.times + 1):
        process = start(command, *options)
        try: said, _ = process.communicate(timeout=draw.uniform(.5, longest) if kills < args.times else None)
        except subprocess.TimeoutExpired: kill(process)
        else: break
    whole = process.returncode == 0 or 'there is already a run' in said # killed when all was done
    assert whole, said
    return kills


def training(folder):
    "A run that was killed so often is the run that was not: the same epochs, the same figures"
    options = ['--out', folder, *QUICK[:-1], '12']
    begun = time.time()
    start('fae_train', '--name', 'whole', *options).communicate()
    took, kills, n = time.time() - begun, 0, 0
    while kills < args.times: # a run that has come to its end is followed by another
        kills += interrupted(1.2*took, 'fae_train', '--name', f'killed-{n}', *options)
        n += 1
    runs = [load_run(folder/name) for name in ('whole', *[f'killed-{i}' for i in range(n)])]
    epochs = [r.history.epoch.tolist() for r in runs]
    lost = sum(e != epochs[0] or r.config['results'] != runs[0].config['results'] for e, r in zip(epochs, runs))
    return kills, lost


def grading(folder):
    "Everybody has all points, however often the grader was killed"
    kills = n = lost = 0
    nbformat.write(homework(), folder/'source.ipynb')
    while kills < args.times:
        students = [f'student-{i}' for i in range(6)]
        for s in students: hand_in(folder/f'in-{n}', s, solved())
        options = [folder/f'in-{n}', '--source', folder/'source.ipynb', '--out', folder/f'in-{n}-grades']
        kills += interrupted(12, 'fae_grade', *options)
        rows, results, reports = graded_files(folder/f'in-{n}')
        lost += sum(s not in reports or rows[s]['total'] != rows[s]['of'] for s in students)
        n += 1
    return kills, lost


SERVE = '''
import signal
from face_autoencoder.app.main import launch
demo = launch('faces', 'no-runs', block=False)
print('upload at', demo.local_url, *[i for i, f in demo.fns.items() if f.targets[0][1] == 'upload'][-1:], flush=True)
signal.pause()
'''


def send_photos(url, number):
    "As the page does, one after the other, until the server is gone"
    with suppress(httpx.HTTPError), httpx.Client(base_url=f'{url}gradio_api/', timeout=60, trust_env=False) as client:
        while True: call(client, 'visitor', number, ['faces', 'Through the decoder', None], dict(photo=SENT))


def uploads(folder):
    "What is left on the disk when the app is killed while it reads a photo"
    left, env = [], dict(TMPDIR=str(folder), GRADIO_TEMP_DIR=str(folder/'uploads'))
    for _ in range(args.times):
        app = start(sys.executable, '-c', SERVE, **env)
        url, number = next(line for line in app.stdout if line.startswith('upload at')).split()[2:]
        sender = Thread(target=send_photos, args=(url, int(number)))
        sender.start()
        time.sleep(draw.uniform(0, 3))
        kill(app)
        sender.join()
        left += [f for f in folder.rglob('*') if f.is_file() and f.stat().st_size > 0]
    return args.times, len(left)


SENT = photo(0)
for name, lose in dict(training=training, grading=grading, uploads=uploads).items():
    if name != (args.only or name): continue
    with tempfile.TemporaryDirectory() as d: kills, lost = lose(Path(d))
    figure(f'{name} killed {kills} times: lost, or left on the disk', lost, at_most=0)
end()
