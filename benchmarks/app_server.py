"""A server in a process of its own, for the benchmarks of the app."""
import contextlib, os, socket, subprocess, sys, time
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen


def fae_app(runs): return [str(Path(sys.executable).parent/'fae_app'), '--runs', runs, '--run', 'faces', '--port'] # the port comes last


@contextlib.contextmanager
def served(*command):
    "A server that the command and a free port start: url, pid, and the seconds until it answered"
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    env = {k: v for k, v in os.environ.items() if k != 'OMP_NUM_THREADS'} | dict(GRADIO_ANALYTICS_ENABLED='False', PYTHONWARNINGS='ignore')
    url, start, page = f'http://127.0.0.1:{port}/', time.perf_counter(), None
    server = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, env=env)
    try:
        while page is None:
            assert server.poll() is None, f'{command[0]} ended with {server.returncode}'
            with contextlib.suppress(OSError): page = urlopen(url).read()
            time.sleep(.02)
        yield SimpleNamespace(url=url, pid=server.pid, seconds=time.perf_counter() - start)
    finally:
        server.terminate()
        server.wait()
