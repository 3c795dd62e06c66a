"""How many threads? Seconds of a step forward and back (bfloat16 where it is faster, batches of 128) with one thread and with one for each core, alone and beside another busy process, as OpenMP waits by default (awake for a while) and with OMP_WAIT_POLICY=passive.

python benchmarks/threads.py [--repeats 5]"""
import argparse, os, subprocess, sys
from statistics import median

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--repeats', type=int, default=5)
args = p.parse_args()

STEP = '''
import contextlib, statistics, time, torch
from face_autoencoder.callbacks import bf16_is_faster
from face_autoencoder.losses import VAELoss
from face_autoencoder.model import ConvVAE
model, loss_func, x, seconds = ConvVAE().to(memory_format=torch.channels_last), VAELoss(1, True, 'sum'), torch.randn(128, 3, 64, 64).tanh(), []
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
    env = {k: v for k, v in os.environ.items() if k != 'OMP_WAIT_POLICY'} | dict(OMP_NUM_THREADS=str(threads)) | (dict(OMP_WAIT_POLICY='passive') if policy == 'passive' else {})
    other = subprocess.Popen([sys.executable, '-c', 'while True: pass']) if busy else None
    try: return float(subprocess.run([sys.executable, '-W', 'ignore', '-c', STEP], env=env, check=True, capture_output=True, text=True).stdout)
    finally:
        if other: other.kill()


cases = [(1, 'default'), (CORES, 'default'), (CORES, 'passive')]
seconds = in_turns({(*case, busy): lambda case=case, busy=busy: step(*case, busy) for busy in (False, True) for case in cases}, args.repeats)
for (threads, policy, busy), s in seconds.items():
    figure(f'a step of 128 with {threads} thread{"s" * (threads > 1)}, {policy} waiting, {"beside a busy process" if busy else "alone"}', median(s), 's')
end()
