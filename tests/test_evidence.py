"""The runner of the evidence, as a process that is killed: python tools/evidence.py"""
import json, signal, subprocess, sys, time
from pathlib import Path

import pytest

COMMAND = sys.executable, str(Path(__file__).parents[1]/'tools'/'evidence.py')

def runner(path, *args):
    which = '--only', 'vae-blurrier', '--seed', '0', '--models', str(path)
    return subprocess.Popen([*COMMAND, *which, *args], stdout=subprocess.PIPE, text=True)

def rows(path): return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

@pytest.fixture(scope='module')
def killed(tmp_path_factory):
    "A table that a runner was writing when it was killed, in its second model"
    path = tmp_path_factory.mktemp('evidence')/'models.jsonl'
    process = runner(path)
    while not rows(path): time.sleep(.5); assert process.poll() is None
    time.sleep(3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return path

def test_killed_runner_leaves_whole_rows(killed):
    assert [(r['arm'], r['data'], r['seed']) for r in rows(killed)][0] == ('beta 1', 'faces', 0)
    assert all(r['results']['mse'] > 0 and r['how']['seconds'] > 0 for r in rows(killed))

def test_killed_runner_goes_on(killed):
    before = rows(killed)
    out, _ = runner(killed, '--minutes', '.01').communicate(timeout=600)
    assert rows(killed)[:len(before)] == before and len(rows(killed)) == len(before) + 1
    assert out.splitlines()[-1].startswith('vae-blurrier: undecided')

def test_unknown_claim_is_refused():
    refused = subprocess.run([*COMMAND, '--only', 'nonsense'], capture_output=True, text=True)
    assert refused.returncode == 1
    assert refused.stderr.strip() == 'no claim begins with nonsense: their names are in claims.csv'
