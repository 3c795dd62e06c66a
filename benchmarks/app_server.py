"""A server in a process of its own, for the benchmarks of the app."""
import contextlib, os, socket, subprocess, sys, time
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen


def fae_app(runs):
    "The command that serves the app, but for the port, which comes last"
    return [str(Path(sys.executable).parent/'fae_app'), '--runs', runs, '--run', 'faces', '--port']


@contextlib.contextmanager
def served(*command):
    "A server that the command and a free port start: url, pid, and the seconds until it answered"
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    env = dict(os.environ, GRADIO_ANALYTICS_ENABLED='False', PYTHONWARNINGS='ignore')
    env.pop('OMP_NUM_THREADS', None)
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
