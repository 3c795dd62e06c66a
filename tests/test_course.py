"""Student copies of real notebooks, and submissions that do their worst."""
import ast, csv, json, os, re, signal, subprocess, sys, textwrap, threading, time
from collections import namedtuple
from contextlib import suppress
from socketserver import BaseRequestHandler, TCPServer
from unittest.mock import patch

import nbformat
import psutil
import pytest
from notebooks import notebooks
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from face_autoencoder.course import grading
from face_autoencoder.course.grading import CourseError, grade, read_source, student_copy, write_student_copy

SOLUTION = re.compile(r'^[ \t]*### BEGIN SOLUTION.*\n((?:.*\n)*?)[ \t]*### END SOLUTION', re.M)
CELLS = '''
# Homework
---
import os, sys
---
def first():
    ### BEGIN SOLUTION: return one
    secret_one = 1
    return secret_one
    ### END SOLUTION
---
#| check: first 2
print('first() is', first())
2 * (first() == 1)
---
#| check: hidden 1
### BEGIN HIDDEN TESTS
assert first() / 2 == .5, 'hidden words'
### END HIDDEN TESTS
---
def second():
    ### BEGIN SOLUTION: return two
    secret_two = 2
    return secret_two
    ### END SOLUTION
---
#| check: second 3
assert second() == 2
'''


def homework():
    texts = [t.strip('\n') for t in CELLS.split('---\n')]
    cells = [new_code_cell(t) if i else new_markdown_cell(t) for i, t in enumerate(texts)]
    for i, c in enumerate(cells): c.id = f'cell-{i}'
    return new_notebook(cells=cells)


def solved(nb=None):
    "The students' copy with the solutions pasted back"
    nb = nb or homework()
    copy, sources = student_copy(nb), {c.id: c.source for c in nb.cells}
    for c in copy.cells:
        if 'solution' in c.metadata.get('nbgrader', {}).get('grade_id', ''): c.source = sources[c.id]
    return copy


def hand_in(folder, student, content):
    (folder/student).mkdir(parents=True)
    if content is not None: (folder/student/'homework.ipynb').write_text(content if isinstance(content, str) else nbformat.writes(content))


def with_cell(code):
    "A solved homework that has another cell after its first check"
    nb = solved()
    nb.cells.insert(4, new_code_cell(textwrap.dedent(code).strip()))
    return nb


# The students' copy

def test_copy_stops_at_its_first_stub_and_says_what_to_do():
    with pytest.raises(CellExecutionError, match=r'NotImplementedError\S*: return one'): NotebookClient(student_copy(homework()), kernel_name='python3').execute()


@pytest.mark.parametrize('path', notebooks(), ids=lambda p: p.stem)
def test_copy_of_every_notebook(path, tmp_path):
    "It is a notebook that parses, without outputs; it has no line that only a solution has"
    copy = nbformat.read(write_student_copy(path, tmp_path/'copy.ipynb'), as_version=4)
    nbformat.validate(copy)
    for c in copy.cells:
        if c.cell_type != 'code': continue
        assert c.outputs == [] and c.execution_count is None
        compile(TransformerManager().transform_cell(c.source), path.name, 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    sources = [c.source + '\n' for c in read_source(path).cells]
    hidden = {l.strip() for s in sources for region in SOLUTION.findall(s) for l in region.splitlines()}
    seen = {l.strip() for s in sources for l in SOLUTION.sub('', s).splitlines()}
    assert (hidden - seen) & {l.strip() for c in copy.cells for l in c.source.splitlines()} == set()


def test_nothing_leaks(tmp_path):
    source = tmp_path/'source.ipynb'
    nb = homework()
    nb.metadata['widgets'] = {'state': 'secret_one'}
    nb.cells[2].metadata['note'] = 'secret_one'
    nb.cells[2].outputs = [nbformat.v4.new_output('stream', text='secret_one')]
    nbformat.write(nb, source)
    text = write_student_copy(source, tmp_path/'copy.ipynb').read_text()
    for word in ('secret', 'hidden', 'SOLUTION', 'HIDDEN', '.5'): assert word not in text
    with pytest.raises(CourseError, match='replace its source'): write_student_copy(source, source)


# Grading

def until(true, seconds=30):
    "Whether it becomes true in time"
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end: time.sleep(.1)
    return true()


Graded = namedtuple('Graded', 'rows results reports printed growth requests out')
FULL = ['2', '1', '3', '6', '6']
STOPPED = ['2', '1', '0', '3', '6']
NONE = ['0', '0', '0', '0', '6']
CHILD = 'import time; marker = "of a graded notebook"; time.sleep(600)'
NAMESPACE = grading._namespace() # what follows from it can't be stopped without
GRADER = '''
import resource, sys
from face_autoencoder.cli import fae_grade
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
import face_autoencoder.course.grading
loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
code = fae_grade(sys.argv[1:])
print('grew by', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - loaded)
sys.exit(code)
'''

# What the other cell does, the points that remain, and what the report says
TROUBLE = {
    'loop': ('while True: pass', FULL, 'stopped after 3 seconds'),
    'stubborn': ('''
        while True:
            try:
                while True: sum(range(1000))
            except BaseException: pass''', STOPPED, 'in the cell that begins with `while True:`: it did not stop when it was interrupted; the cells after it did not run'),
    'crash': ('import os; os.abort()', STOPPED, 'in the cell that begins with `import os; os.abort()`: Python ended (a crash, an exit, or killed); the cells after it did not run'),
    'sys-exit': ('sys.exit()', FULL, 'SystemExit'),
    'os-exit': ('os._exit(0)', STOPPED, 'Python ended (a crash, an exit, or killed)'),
    'killed': ('os.kill(os.getpid(), 9)', FULL, None) if NAMESPACE else ('os.kill(os.getpid(), 9)', STOPPED, 'Python ended (a crash, an exit, or killed)'),
    'allocates': ('x = bytearray(10 * 10**9)', FULL, 'MemoryError'),
    'prints': ('for i in range(1000): print("x" * 10**6)', FULL, 'more than 10,000,000 characters of output'),
    'yes': ('os.system("yes")', FULL, 'stopped after 3 seconds\n    in the cell that begins with `os.system("yes")`'),
    'writes': ('open("large", "wb").truncate(2 * 10**9)', FULL, 'OSError: [Errno 27] File too large'),
    'raises': ('raise ValueError("x" * 10**8)', FULL, 'ValueError: xxx'),
    'network': ('from urllib.request import urlopen; urlopen("http://127.0.0.1:PORT")', FULL, 'no network while grading'),
    'child-network': ('''
        import subprocess
        print(subprocess.run([sys.executable, "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:PORT')"], capture_output=True).stderr.decode())''', FULL, None),
    'child': (f'import subprocess; subprocess.Popen([sys.executable, "-c", {CHILD!r}], start_new_session=True)', FULL, None),
    'input': ('input("name?")', FULL, 'StdinNotImplementedError'),
    'deletes': ('''
        import shutil
        shutil.rmtree(os.getcwd())
        shutil.rmtree("FOLDER")''', FULL, None),
}
if NAMESPACE: TROUBLE |= {
    'kills-parent': ('os.kill(os.getppid(), 9)', STOPPED, 'Python ended (a crash, an exit, or killed)'),
    'child-hides': (f'import subprocess; subprocess.Popen([sys.executable, "-c", {CHILD!r}], env={{}}, start_new_session=True)', FULL, None)}


def tampered():
    nb = solved()
    nb.cells[2].source = 'def first(): return 7'
    nb.cells[3].source = '#| check: first 200\n200'
    return nb


def shadowed():
    "Another function in place of one that a check uses, and a given cell that was changed"
    nb = solved()
    nb.cells[1].source += '\nx = 1'
    nb.cells[2].source = 'def first(): return 7\ndef print(*args): pass'
    return nb


def others():
    "Submissions that are wrong as files, or in their check cells"
    early = student_copy(homework())
    deleted, twice = solved(), solved()
    del deleted.cells[3]
    twice.cells.append(new_code_cell(twice.cells[5].source))
    whole = nbformat.writes(solved())
    return {
        'a-good': (solved(), FULL, ''), 'z-good': (solved(), FULL, ''), '=1+1': (solved(), FULL, ''), 'Zoë | *\n': (solved(), FULL, ''),
        'unsolved': (early, NONE, ''),
        'tampered': (tampered(), ['0', '0', '3', '3', '6'], 'check first was changed: graded with the original'),
        'shadowed': (shadowed(), ['0', '0', '3', '3', '6'], 'given cells changed: `import os, sys`; names that checks use, defined anew: print'),
        'deleted-check': (deleted, FULL, 'check first was deleted: put back'), 'twice': (twice, FULL, ''),
        'empty': (None, NONE, 'there is no notebook (.ipynb) in the folder'),
        'text': ('hello', NONE, 'the notebook is not valid JSON: it was damaged or cut off'), 'cut': (whole[:-50], NONE, 'the notebook is not valid JSON: it was damaged or cut off'),
        'list': ('[1, 2]', NONE, 'the file is not a notebook'), 'dict': ('{}', NONE, 'the file is not a notebook'), 'deep': ('[' * 100_000, NONE, 'the notebook is not valid JSON: it was damaged or cut off'),
        'cells': ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}', NONE, 'the file is not a notebook'),
        'two': (solved(), NONE, 'there are 2 notebooks in the folder: leave one'),
    }


class Server(TCPServer):
    "A web server that remembers who came"
    def __init__(self):
        super().__init__(('127.0.0.1', 0), BaseRequestHandler)
        self.requests = []
    def process_request(self, request, address):
        self.requests.append(address)
        request.close()


@pytest.fixture(scope='module')
def graded(tmp_path_factory):
    "All of them, graded by one command"
    tmp = tmp_path_factory.mktemp('course')
    folder, out = tmp/'handed_in', tmp/'grades'
    nbformat.write(homework(), tmp/'source.ipynb')
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name, (code, _, _) in TROUBLE.items(): hand_in(folder, name, with_cell(code.replace('PORT', str(server.server_address[1])).replace('FOLDER', str(folder))))
        for name, (content, _, _) in others().items(): hand_in(folder, name, content)
        hand_in(folder, 'two/second', solved())
        hand_in(folder, '.ipynb_checkpoints', solved())
        hand_in(folder, 'a-good/.ipynb_checkpoints', solved())
        (folder/'notes.txt').write_text('a file among the folders')
        command = [sys.executable, '-c', GRADER, folder, '--source', tmp/'source.ipynb', '--out', out, '--cell-seconds', '3']
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300)
        server.shutdown()
    assert done.returncode == 0, done.stdout + done.stderr
    with open(out/'scores.csv', newline='', encoding='utf-8') as f: rows = {r['student']: r for r in csv.DictReader(f)}
    results = {r['student']: (r, p.stem) for p in (out/'results').glob('*.json') for r in [json.loads(p.read_text())]}
    reports = {s: (out/'reports'/f'{stem}.md').read_text() for s, (_, stem) in results.items()}
    return Graded(rows, results, reports, done.stdout + done.stderr, int(done.stdout.split()[-1]), server.requests, out)


def points(row): return [row[k] for k in ('first', 'hidden', 'second', 'total', 'of')]


@pytest.mark.parametrize('name', TROUBLE)
def test_trouble(graded, name):
    _, expected, says = TROUBLE[name]
    assert points(graded.rows[name]) == expected
    if says: assert says in graded.reports[name]
    else: assert not [c['error'] for c in graded.results[name][0]['cells'] if c['error']]
    if expected == STOPPED: assert 'did not run' in graded.rows[name]['remark']


@pytest.mark.parametrize('name', others())
def test_other_submissions(graded, name):
    _, expected, remark = others()[name]
    row = graded.rows["'" + name if name[0] == '=' else name]
    assert (points(row), row['remark']) == (expected, remark)


def test_every_student_has_a_row_and_a_report(graded):
    assert len(graded.rows) == len(graded.reports) == len(TROUBLE) + len(others())
    assert {p.parent.name for p in graded.out.rglob('*.md')} == {'reports'}
    assert 'Traceback' not in graded.printed


def test_grader_stays_small(graded): assert graded.growth < 300_000 # kB


def test_no_request_arrived(graded):
    assert len(graded.requests) == (0 if NAMESPACE else 1) # without a namespace, a program that Python starts gets through


def test_nothing_goes_on_running(graded):
    def command(p):
        try: return ' '.join(p.cmdline())
        except psutil.Error: return ''
    assert not [p for p in psutil.process_iter() if 'of a graded notebook' in command(p) and 'handed_in' not in command(p)]


def test_reports_say_where_but_quote_nothing_hidden(graded):
    report = graded.reports['unsolved']
    assert "line 2: raise NotImplementedError('return one')" in report
    assert 'first() is 1' in graded.reports['a-good']
    for r in graded.reports.values(): assert '/ 2 ==' not in r


def test_written_answers(tmp_path):
    nb, source = solved(), homework()
    for n, text in (source, 'Why?\n### BEGIN SOLUTION\nBecause.\n### END SOLUTION'), (nb, 'Why not?\n# loud'): n.cells.append(new_markdown_cell(text))
    nbformat.write(source, tmp_path/'source.ipynb')
    hand_in(tmp_path/'in', 'ada', nb)
    assert grade(tmp_path/'in', tmp_path/'source.ipynb', tmp_path/'out')[0]['answers'] == ['Why not?\n# loud']
    report = (tmp_path/'out/reports/ada.md').read_text()
    assert '> Why not?\n> # loud' in report and 'Because' not in report


def test_resume(tmp_path):
    "An interrupted grading goes on; who has handed in again is graded again, and everybody if the source changes"
    ran, stop = [], dict(at='b')
    def fake(source, s, **limits):
        ran.append(s.student)
        if s.student == stop.get('at'): raise KeyboardInterrupt
        return dict(student=s.student, scores=dict(first=1.), most=dict(first=2.), total=1., of=2., remarks=[], answers=[], cells=[], seconds=1., failed=stop.get('failed', ''))
    def students(): return [l.split(',')[0] for l in (tmp_path/'out/scores.csv').read_text().splitlines()[1:]]
    def again(**kwargs):
        ran.clear()
        grade(tmp_path/'in', tmp_path/'source.ipynb', tmp_path/'out', **kwargs)
        return ran
    nbformat.write(homework(), tmp_path/'source.ipynb')
    for s in 'abc': hand_in(tmp_path/'in', s, solved())
    with patch.object(grading, 'grade_submission', fake):
        with pytest.raises(KeyboardInterrupt): again()
        assert (ran, students()) == (['a', 'b'], ['a'])
        stop.clear()
        assert (again(), students()) == (['b', 'c'], ['a', 'b', 'c'])
        assert again() == []
        (tmp_path/'in/b/homework.ipynb').write_text(nbformat.writes(with_cell('1')))
        assert again() == ['b']
        (tmp_path/'out/results/c.json').write_text('{"key":')
        assert again() == ['c']
        assert again(again=True) == ['a', 'b', 'c']
        stop['failed'] = 'no kernel'
        assert again(again=True) == ['a', 'b', 'c']
        stop.clear()
        assert again() == ['a', 'b', 'c']
        assert again() == []
        nb = homework()
        nb.cells[3].source += '\n'
        nbformat.write(nb, tmp_path/'source.ipynb')
        assert again() == ['a', 'b', 'c']


@pytest.mark.parametrize('sig', [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_grader(tmp_path, sig):
    nbformat.write(homework(), tmp_path/'source.ipynb')
    hand_in(tmp_path/'in', 'ada', with_cell('open("started", "w").close()\nwhile True: pass'))
    (tmp_path/'tmp').mkdir()
    command = [sys.executable, '-c', GRADER, tmp_path/'in', '--source', tmp_path/'source.ipynb', '--out', tmp_path/'out']
    grader = subprocess.Popen(command, env=dict(os.environ, TMPDIR=str(tmp_path/'tmp')), stderr=subprocess.PIPE, text=True)
    until(lambda: list((tmp_path/'tmp').rglob('started')))
    kernels = psutil.Process(grader.pid).children(recursive=True)
    grader.send_signal(sig)
    said = grader.communicate(timeout=30)[1]
    try: assert kernels and until(lambda: not [p for p in kernels if p.is_running() and p.status() != 'zombie'])
    finally:
        for p in kernels:
            with suppress(psutil.Error): p.kill()
    if sig == signal.SIGTERM: assert (grader.returncode, list((tmp_path/'tmp').glob('fae-*'))) == (130, []) and 'stopped; the same command goes on' in said


def test_wrong_folders(tmp_path):
    nbformat.write(homework(), tmp_path/'source.ipynb')
    nbformat.write(new_notebook(cells=[new_code_cell('1')]), tmp_path/'plain.ipynb')
    (tmp_path/'in').mkdir()
    for folder, source, out, says in [('in', 'source', 'out', 'no folder of a student'), ('nowhere', 'source', 'out', 'there is no folder'), ('in', 'plain', 'out', 'no checks'), ('in', 'none', 'out', 'there is no notebook'), ('in', 'source', 'in/out', 'among the submissions')]:
        with pytest.raises(CourseError, match=says): grade(tmp_path/folder, tmp_path/f'{source}.ipynb', tmp_path/out)


def test_names_stay_in_their_folder():
    names = ['..', 'a/b', 'x' * 200, 'ü', 'Ü', 'a b', 'a_b', '\n']
    safe = [grading._file_name(n) for n in names]
    assert len(set(safe)) == len(names) and all(re.fullmatch(r'[A-Za-z0-9_-]{1,100}', s) for s in safe)
