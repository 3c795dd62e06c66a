"""Student copies of real notebooks, and submissions that do their worst."""
import ast, csv, json, os, re, signal, subprocess, sys, textwrap, threading, time
from collections import namedtuple
from contextlib import suppress
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from unittest.mock import patch

import nbformat
import psutil
import pytest
from conftest import run
from notebooks import notebooks
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from face_autoencoder.course import grading
from face_autoencoder.course.grading import CourseError, grade, student_copy, write_student_copy
from face_autoencoder.course.notebooks import read_notebook

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
    "Put a notebook, or a text, into a student's folder"
    (folder/student).mkdir(parents=True)
    text = nbformat.writes(content) if isinstance(content, dict) else content
    if text is not None: (folder/student/'homework.ipynb').write_text(text)


def with_cells(*codes):
    "A solved homework that has other cells after its first check"
    nb = solved()
    nb.cells[4:4] = [new_code_cell(textwrap.dedent(code).strip()) for code in codes]
    return nb


# The students' copy

def test_copy_stops_at_its_first_stub_and_says_what_to_do():
    client = NotebookClient(student_copy(homework()), kernel_name='python3')
    with pytest.raises(CellExecutionError, match=r'NotImplementedError\S*: return one'): client.execute()


@pytest.mark.quick
@pytest.mark.parametrize('path', notebooks(), ids=lambda p: p.stem)
def test_copy_of_every_notebook(path, tmp_path):
    "It is a notebook that parses, without outputs; it has no line that only a solution has"
    copy = nbformat.read(write_student_copy(path, tmp_path/'copy.ipynb'), as_version=4)
    nbformat.validate(copy)
    for c in copy.cells:
        if c.cell_type != 'code': continue
        assert c.outputs == [] and c.execution_count is None
        compile(TransformerManager().transform_cell(c.source), path.name, 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    sources = [c.source + '\n' for c in read_notebook(path).cells]
    hidden = {l.strip() for s in sources for region in SOLUTION.findall(s) for l in region.splitlines()}
    seen = {l.strip() for s in sources for l in SOLUTION.sub('', s).splitlines()}
    assert (hidden - seen) & {l.strip() for c in copy.cells for l in c.source.splitlines()} == set()


@pytest.mark.quick
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


@pytest.mark.quick
def test_badges_open_no_solutions(clone):
    "Those of README and students' copies lead to copies in the repository, and no copy leads to its source"
    settings = clone/'settings.ini'
    settings.write_text(settings.read_text().replace('\nuser =', '\nuser = ada', 1))
    run('python', 'tools/links.py', cwd=clone, PYTHONPATH=str(clone))
    for name in 'lesson5_vae', 'mnist_homework', 'clinic', 'face_autoencoder_training':
        copy = (clone/'face_autoencoder'/'students'/f'{name}.ipynb').read_text()
        texts = [(clone/'README.md').read_text(), (clone/'nbs'/f'{name}.ipynb').read_text(), copy]
        opened = [re.findall(rf'colab.research.google.com/github/(\S+?/{name}.ipynb)', text) for text in texts]
        assert opened == [[f'ada/face_autoencoder/blob/main/face_autoencoder/students/{name}.ipynb']] * 3
        assert 'BEGIN SOLUTION' not in copy and 'HIDDEN TESTS' not in copy
        bare = write_student_copy(clone/'nbs'/f'{name}.ipynb', clone/'copy.ipynb').read_text()
        assert 'colab.research.google.com' not in bare


# Grading

def wait_until(true, seconds=600):
    "Wait until it is true; the time is for a machine that does much else"
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f'still not true after {seconds} seconds'
        time.sleep(.1)


Graded = namedtuple('Graded', 'rows results reports printed growth requests folders')
FULL = ['2', '1', '3', '6', '6']
STOPPED = ['2', '1', '0', '3', '6']
NONE = ['0', '0', '0', '0', '6']
PYTHON_ENDED, REST = 'Python ended (a crash, an exit, or killed)', '; the cells after it did not run'
NAMESPACE = grading._namespace() # what follows from it can't be stopped without
GRADER = '''
import resource, sys
from face_autoencoder.cli import fae_grade
import face_autoencoder.course.grading
loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
code = fae_grade(sys.argv[1:])
print('grew by', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - loaded)
sys.exit(code)
'''
ENDLESS = 'while True: pass'
STUBBORN = '''
while True:
    try:
        while True: sum(range(1000))
    except BaseException: pass'''
LATE = '''
import time
try:
    while True: time.sleep(.01)
except KeyboardInterrupt: time.sleep(8)'''
CHILD = 'import time; marker = "of a graded notebook"; time.sleep(600)'
START_CHILD = f'import subprocess; subprocess.Popen([sys.executable, "-c", {CHILD!r}], start_new_session=True)'
VISIT = 'from urllib.request import urlopen; urlopen("http://127.0.0.1:PORT")'
CHILD_VISIT = f'''
import subprocess
print(subprocess.run([sys.executable, "-c", {VISIT!r}], capture_output=True).stderr.decode())'''
BOMB = 'import subprocess\nwhile True: subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])'
WORKERS = '''
import multiprocessing, time
workers = [multiprocessing.Process(target=time.sleep, args=[2]) for _ in range(48)]
for w in workers: w.start()
for w in workers: w.join()
if not any(w.exitcode for w in workers): raise RuntimeError('all workers were there')'''
DELETE = '''
import shutil
shutil.rmtree(os.getcwd())
shutil.rmtree("FOLDER")'''

# Cells of one notebook, which goes on after each of them: what the cell does, and what the report says
FAILING = {
    'sys-exit': ('sys.exit()', 'SystemExit'),
    'allocates': ('x = bytearray(10 * 10**9)', 'MemoryError'),
    'prints': ('for i in range(1000): print("x" * 10**6)', 'more than 10,000,000 characters of output'),
    'writes': ('open("large", "wb").truncate(2 * 10**9)', 'OSError: [Errno 27] File too large'),
    'raises': ('raise ValueError("x" * 10**8)', 'ValueError: xxx'),
    'network': (VISIT, 'no network while grading'),
    'input': ('input("name?")', 'StdinNotImplementedError'),
    'workers': (WORKERS, 'RuntimeError: all workers were there'),
}
# Notebooks: what the other cell does, the points that remain, and what the report says
TROUBLE = {
    'crash': ('import os; os.abort()', STOPPED, f'cell that begins with `import os; os.abort()`: {PYTHON_ENDED}{REST}'),
    'os-exit': ('os._exit(0)', STOPPED, PYTHON_ENDED),
    'killed': ('os.kill(os.getpid(), 9)', *((FULL, None) if NAMESPACE else (STOPPED, PYTHON_ENDED))),
    'child': (START_CHILD, FULL, None),
    'child-network': (CHILD_VISIT, FULL, None),
    'deletes': (DELETE, FULL, None),
    'bomb': (BOMB, STOPPED, f'it started more than 256 processes{REST}'),
}
if NAMESPACE: TROUBLE |= {
    'kills-parent': ('os.kill(os.getppid(), 9)', STOPPED, PYTHON_ENDED),
    'child-hides': (START_CHILD.replace('start_new', 'env={}, start_new'), FULL, None)}
# Those that have to be stopped are graded with a limit of so many seconds for a cell
LIMIT = 3
ENDLESS_TROUBLE = {
    'loop': (ENDLESS, FULL, 'stopped after N seconds'), 'late': (LATE, FULL, 'stopped after N seconds'),
    'stubborn': (STUBBORN, STOPPED, f'begins with `while True:`: it did not stop when it was interrupted{REST}'),
    'yes': ('os.system("yes")', FULL, 'stopped after N seconds\n    in the cell that begins with `os.system("yes")`'),
}


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
    whole, half = nbformat.writes(solved()), ['0', '0', '3', '3', '6']
    no_notebook, foreign = 'there is no notebook (.ipynb) in the folder', 'the file is not a notebook'
    anew = 'names that checks use, defined anew: print'
    damaged = 'the notebook is not valid JSON: it was damaged or cut off'
    return {
        'a-good': (solved(), FULL, ''), 'Zoë | *\n': (solved(), FULL, ''), '=1+1': (None, NONE, no_notebook),
        'failing': (with_cells(*(code for code, _ in FAILING.values())), FULL, ''),
        'unsolved': (early, NONE, ''),
        'tampered': (tampered(), half, 'check first was changed: graded with the original'),
        'shadowed': (shadowed(), half, f'given cells changed: `import os, sys`; {anew}'),
        'deleted-check': (deleted, FULL, 'check first was deleted: put back'), 'twice': (twice, FULL, ''),
        'empty': (None, NONE, no_notebook), 'two': (solved(), NONE, 'there are 2 notebooks in the folder: leave one'),
        'text': ('hello', NONE, damaged), 'cut': (whole[:-50], NONE, damaged), 'deep': ('[' * 100_000, NONE, damaged),
        'list': ('[1, 2]', NONE, foreign), 'dict': ('{}', NONE, foreign),
        'cells': ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}', NONE, foreign),
    }


class Server(TCPServer):
    "A web server that remembers who came"
    def __init__(self):
        super().__init__(('127.0.0.1', 0), BaseRequestHandler)
        self.requests = []
    def process_request(self, request, address):
        self.requests.append(address)
        request.close()


def start_grader(folder, *options, **env):
    "The command `fae_grade` for a folder beside which the source is, in a process"
    options = [folder, '--source', folder.parent/'source.ipynb', '--out', f'{folder}-grades', *options]
    how = dict(env=dict(os.environ, **env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return subprocess.Popen([sys.executable, '-c', GRADER, *map(str, options)], **how)


def graded_files(folder):
    "Rows of the table, results and reports, by student"
    out = Path(f'{folder}-grades')
    with open(out/'scores.csv', newline='', encoding='utf-8') as f: rows = {r['student']: r for r in csv.DictReader(f)}
    results = {r['student']: (r, p.stem) for p in (out/'results').glob('*.json') for r in [json.loads(p.read_text())]}
    reports = {s: (out/'reports'/f'{stem}.md').read_text() for s, (_, stem) in results.items()}
    return rows, results, reports


@pytest.fixture(scope='module')
def graded(tmp_path_factory):
    "All of them, graded by two commands: one for those that have to be stopped, one for the others"
    tmp = tmp_path_factory.mktemp('course')
    folder, endless = tmp/'handed_in', tmp/'endless_handed_in'
    nbformat.write(homework(), tmp/'source.ipynb')
    for name, (code, _, _) in ENDLESS_TROUBLE.items(): hand_in(endless, name, with_cells(code))
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        def filled(code): return code.replace('PORT', str(server.server_address[1])).replace('FOLDER', str(folder))
        for name, (code, _, _) in TROUBLE.items(): hand_in(folder, name, with_cells(filled(code)))
        for name, (content, _, _) in others().items():
            hand_in(folder, name, filled(nbformat.writes(content)) if isinstance(content, dict) else content)
        hand_in(folder, 'two/second', solved())
        hand_in(folder, '.ipynb_checkpoints', solved())
        hand_in(folder, 'a-good/.ipynb_checkpoints', solved())
        (folder/'notes.txt').write_text('a file among the folders')
        graders = start_grader(folder), start_grader(endless, '--cell-seconds', LIMIT)
        printed = [g.communicate()[0] for g in graders]
        server.shutdown()
    assert [g.returncode for g in graders] == [0, 0], printed
    growth = int(re.search(r'grew by (\d+)', printed[0])[1])
    files = [{**a, **b} for a, b in zip(graded_files(folder), graded_files(endless))]
    return Graded(*files, ''.join(printed), growth, server.requests, (folder, endless))


def points(row): return [row[k] for k in ('first', 'hidden', 'second', 'total', 'of')]


@pytest.mark.parametrize('name', {**TROUBLE, **ENDLESS_TROUBLE})
def test_trouble(graded, name):
    _, expected, says = {**TROUBLE, **ENDLESS_TROUBLE}[name]
    failed = [c for c in graded.results[name][0]['cells'] if c['error'] and not c['check']]
    assert points(graded.rows[name]) == expected
    assert len(failed) == (says is not None)
    report = re.sub(r'stopped after \d+ seconds( \(they .* busy\))?', 'stopped after N seconds', graded.reports[name])
    if says: assert says in report
    if name in ENDLESS_TROUBLE: assert failed[0]['seconds'] >= LIMIT
    if expected == STOPPED: assert 'did not run' in graded.rows[name]['remark']


@pytest.mark.parametrize('name', FAILING)
def test_failing_cell(graded, name):
    assert FAILING[name][1] in graded.reports['failing']


@pytest.mark.parametrize('name', others())
def test_other_submissions(graded, name):
    _, expected, remark = others()[name]
    row = graded.rows["'" + name if name[0] == '=' else name]
    assert (points(row), row['remark']) == (expected, remark)


def test_every_student_has_a_row_and_a_report(graded):
    assert len(graded.rows) == len(graded.reports) == len(TROUBLE) + len(ENDLESS_TROUBLE) + len(others())
    assert {p.parent.name for folder in graded.folders for p in Path(f'{folder}-grades').rglob('*.md')} == {'reports'}
    assert 'Traceback' not in graded.printed


def test_grader_stays_small(graded): assert graded.growth < 300_000 # kB


def test_no_request_arrived(graded):
    "Without a namespace, a program that Python starts gets through"
    assert len(graded.requests) == (0 if NAMESPACE else 1)


def running(marker):
    "Processes of which the command line has a text in it, but not that of a grader"
    def command(p):
        try: return ' '.join(p.cmdline())
        except psutil.Error: return ''
    return [p for p in psutil.process_iter() if marker in command(p) and GRADER not in command(p)]


def test_nothing_goes_on_running(graded): assert not running('of a graded notebook')


def test_reports_say_where_but_quote_nothing_hidden(graded):
    report = graded.reports['unsolved']
    assert "line 2: raise NotImplementedError('return one')" in report
    assert 'first() is 1' in graded.reports['a-good']
    for r in graded.reports.values(): assert '/ 2 ==' not in r


@pytest.mark.quick
def test_good_broken_and_hostile(tmp_path):
    "All points for the first, the rest of them for the others, and nothing of the third is left"
    child = START_CHILD.replace('of a graded notebook', f'of {tmp_path}')
    broken, hostile = solved(), with_cells(child, VISIT.replace('PORT', '9'), 'os.abort()')
    broken.cells[2].source = 'def first(): return 1/0'
    nbformat.write(homework(), tmp_path/'source.ipynb')
    for name, nb in (('broken', broken), ('good', solved()), ('hostile', hostile)): hand_in(tmp_path/'in', name, nb)
    results = {r['student']: r for r in grade(tmp_path/'in', tmp_path/'source.ipynb', tmp_path/'out')}
    scores, cells = [[*r['scores'].values()] for r in results.values()], results['hostile']['cells']
    assert scores == [[0, 0, 3], [2, 1, 3], [2, 1, 0]]
    assert 'ZeroDivisionError' in (tmp_path/'out/reports/broken.md').read_text()
    assert [bool(c['error']) for c in cells[-3:]] == [False, True, True] and 'no network' in cells[-2]['error']
    assert not running(f'of {tmp_path}')


def test_written_answers(tmp_path):
    nb, source = solved(), homework()
    nb.cells.append(new_markdown_cell('Why not?\n# loud'))
    source.cells.append(new_markdown_cell('Why?\n### BEGIN SOLUTION\nBecause.\n### END SOLUTION'))
    nbformat.write(source, tmp_path/'source.ipynb')
    hand_in(tmp_path/'in', 'ada', nb)
    assert grade(tmp_path/'in', tmp_path/'source.ipynb', tmp_path/'out')[0]['answers'] == ['Why not?\n# loud']
    report = (tmp_path/'out/reports/ada.md').read_text()
    assert '> Why not?\n> # loud' in report and 'Because' not in report


@pytest.mark.quick
def test_resume(tmp_path):
    "An interrupted grading goes on; who has handed in again is graded again, and everybody if the source changes"
    ran, stop = [], dict(at='b')
    def fake(source, s, **limits):
        ran.append(s.student)
        if s.student == stop.get('at'): raise KeyboardInterrupt
        points = dict(scores=dict(first=1.), most=dict(first=2.), total=1., of=2.)
        failed = stop.get('failed', '')
        return dict(points, student=s.student, remarks=[], answers=[], cells=[], seconds=1., failed=failed)
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
        (tmp_path/'in/b/homework.ipynb').write_text(nbformat.writes(with_cells('1')))
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
    hand_in(tmp_path/'in', 'ada', with_cells('open("started", "w").close()\nwhile True: pass'))
    (tmp_path/'tmp').mkdir()
    grader = start_grader(tmp_path/'in', TMPDIR=str(tmp_path/'tmp'))
    wait_until(lambda: list((tmp_path/'tmp').rglob('started')) or grader.poll() is not None)
    assert grader.poll() is None, grader.communicate()[0]
    kernels = psutil.Process(grader.pid).children(recursive=True)
    grader.send_signal(sig)
    said = grader.communicate()[0]
    try:
        assert kernels
        wait_until(lambda: not [p for p in kernels if p.is_running() and p.status() != 'zombie'])
    finally:
        for p in kernels:
            with suppress(psutil.Error): p.kill()
    if sig == signal.SIGTERM: assert (grader.returncode, list((tmp_path/'tmp').glob('fae-*'))) == (130, [])
    if sig == signal.SIGTERM: assert 'stopped; the same command goes on' in said and 'Traceback' not in said, said


@pytest.mark.quick
def test_wrong_folders(tmp_path):
    nbformat.write(homework(), tmp_path/'source.ipynb')
    nbformat.write(new_notebook(cells=[new_code_cell('1')]), tmp_path/'plain.ipynb')
    (tmp_path/'in').mkdir()
    wrong = [('in', 'source', 'out', 'no folder of a student'), ('nowhere', 'source', 'out', 'there is no folder'),
             ('in', 'plain', 'out', 'no checks'), ('in', 'none', 'out', 'there is no notebook'),
             ('in', 'source', 'in/out', 'among the submissions')]
    for folder, source, out, says in wrong:
        with pytest.raises(ValueError, match=says): grade(tmp_path/folder, tmp_path/f'{source}.ipynb', tmp_path/out)
