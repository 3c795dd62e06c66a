"""How many threads? Seconds of a step forward and back (bfloat16 where it is faster, batches of 128) with one thread
and with one for each core, alone and beside another busy process, as OpenMP waits by default (awake for a while) and
with OMP_WAIT_POLICY=passive.

python benchmarks/threads.py [--repeats 5]"""
import argparse, os, subprocess, sys
from functools import partial
from statistics import median

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--repeats', type=int, default=5)
args = p.parse_args()

STEP = '''
import contextlib, statistics, time, torch
from face_autoencoder.callbacks import bf16_is_faster
from face_autoencoder.losses import VAELoss
from face_autoencoder.model import ConvVAE
model, loss_func = ConvVAE().to(memory_format=torch.channels_last), VAELoss(1, True, 'sum')
x, seconds = torch.randn(128, 3, 64, 64).tanh(), []
for _ in range(8):
    start = time.perf_counter()
    with torch.autocast('cpu', torch.bfloat16) if bf16_is_faster() else contextlib.nullcontext(): output = model(x)
    loss_func(type(output)(*[o.float() for o in output]), x).backward()
    seconds.append(time.perf_counter() - start)
print(statistics.median(seconds[2:]))
'''
from figures import end, figure, in_turns

CORES = os.cpu_count()


def step(threads, policy, busy):
    "Seconds of a step in a process of its own"
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY=policy)
    if policy == 'default': del env['OMP_WAIT_POLICY']
    other = subprocess.Popen([sys.executable, '-c', 'while True: pass']) if busy else None
    try: return float(subprocess.check_output([sys.executable, '-W', 'ignore', '-c', STEP], env=env, text=True))
    finally:
        if other: other.kill()


cases = [(1, 'default'), (CORES, 'default'), (CORES, 'passive')]
steps = {(*case, busy): partial(step, *case, busy) for busy in (False, True) for case in cases}
for (threads, policy, busy), s in in_turns(steps, args.repeats).items():
    where = 'beside a busy process' if busy else 'alone'
    figure(f'a step of 128 with {threads} thread{"s" * (threads > 1)}, {policy} waiting, {where}', median(s), 's')
end()
