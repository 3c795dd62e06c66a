"""Sixty strange submissions between two good ones: nobody loses a point to anybody else, and everybody has a row."""
import io, json, re, subprocess, sys, zipfile

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from test_course import FULL, LIMIT, STUBBORN, graded_files, homework, points, solved, start_grader, with_cells

from face_autoencoder.course.grading import unlimited

ALL, FIRST, NOTHING = 6, 3, 0 # points: all, those of the first check and the hidden one after it, none


# What the bytes of a notebook can be

def raw(nb=None): return json.loads(nbformat.writes(nb or solved()))
def dumped(nb): return json.dumps(nb).encode()


def cells(change, nb=None):
    "A solved homework after something was done to each of its cells, by number"
    nb = raw(nb)
    for i, c in enumerate(nb['cells']): change(c, i)
    return dumped(nb)


def ids(of): return cells(lambda c, i: c.update(id=of(i)))
def sources(change): return cells(lambda c, i: c.update(source=change(''.join(c['source']))))


def old(version):
    "A solved homework in the format of IPython 0.12 or 1"
    def cell(c): return dict(cell_type=c['cell_type'], language='python', metadata={}, outputs=[],
                             **{'input' if c['cell_type'] == 'code' else 'source': c['source']})
    sheet = dict(cells=[cell(c) for c in raw()['cells']])
    return dumped(dict(nbformat=version, nbformat_minor=0, metadata={}, worksheets=[sheet]))


def zipped(**files):
    "An archive of files, their dots written as two underlines"
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w') as z:
        for name, content in files.items(): z.writestr(name.replace('__', '.'), content)
    return data.getvalue()


def merged(whole):
    "Each solution in one cell with its check, or all code in a single cell"
    code = ['\n'.join(''.join(c['source']) for c in pair) for pair in zip(raw()['cells'][2::2], raw()['cells'][3::2])]
    code = ['import os, sys', *code]
    return dumped(raw(new_notebook(cells=[new_code_cell(t) for t in (['\n\n'.join(code)] if whole else code)])))


def without(*keys):
    "A solved homework whose cells lack something that a format asks for"
    return cells(lambda c, i: [c.pop(k, None) for k in keys])


GOOD = dumped(raw())
FILES = { # by student: name and bytes of the file, and the points that it has
    'no-ids': ('h.ipynb', without('id'), ALL), 'ids-with-spaces': ('h.ipynb', ids('my cell {}'.format), ALL),
    'empty-ids': ('h.ipynb', ids(lambda i: ''), ALL), 'long-ids': ('h.ipynb', ids(lambda i: f'{i}' * 65), ALL),
    'one-id': ('h.ipynb', ids(lambda i: 'a'), ALL), 'id-is-a-number': ('h.ipynb', ids(int), ALL),
    'minor-0': ('h.ipynb', dumped(raw() | dict(nbformat_minor=0)), ALL), 'version-3': ('h.ipynb', old(3), ALL),
    'version-2': ('h.ipynb', old(2), ALL), 'version-5': ('h.ipynb', dumped(raw() | dict(nbformat=5)), ALL),
    'no-metadata': ('h.ipynb', without('metadata', 'outputs', 'execution_count'), ALL),
    'no-source': ('h.ipynb', without('source'), NOTHING),
    'utf-16': ('h.ipynb', GOOD.decode().encode('utf-16'), ALL), 'Zoë 😀': ('h.ipynb', b'\xef\xbb\xbf' + GOOD, ALL),
    'windows': ('h.ipynb', sources(lambda s: s.replace('\n', '\r\n')), ALL),
    'old-mac': ('h.ipynb', sources(lambda s: s.replace('\n', '\r')), ALL),
    'formatter': ('h.ipynb', sources(lambda s: s.replace('#| ', '# | ')), ALL),
    'no-blank': ('h.ipynb', sources(lambda s: s.replace('#| ', '#|')), ALL),
    'merged': ('h.ipynb', merged(False), ALL), 'one-cell': ('h.ipynb', merged(True), ALL),
    'half-an-emoji': ('h.ipynb', sources(lambda s: s.replace('# Homework', '\ud83d')), ALL),
    'capitals': ('H.IPYNB', GOOD, ALL), 'deep-down': ('a/b/c/h.ipynb', GOOD, ALL),
    'archive': ('h.zip', zipped(h__ipynb=GOOD), ALL), 'archive-of-nothing': ('h.zip', zipped(h__py=b'1'), NOTHING),
    'broken-archive': ('h.zip', b'PK\3\4' + b'x' * 99, NOTHING),
    'archive-as-notebook': ('h.ipynb', zipped(a=b''), NOTHING),
    'code': ('h.py', b'def first(): return 1', NOTHING), 'page': ('h.html', b'<html>', NOTHING),
    'page-as-notebook': ('h.ipynb', b'<!DOCTYPE html>', NOTHING), 'pdf': ('h.pdf', b'%PDF-1.7', NOTHING),
    'empty-file': ('h.ipynb', b'', NOTHING), 'cut': ('h.ipynb', GOOD[:-99], NOTHING),
    'deep': ('h.ipynb', b'[' * 100_000, NOTHING), 'not-a-notebook': ('h.ipynb', b'{"cells": [1, null]}', NOTHING),
    'null': ('h.ipynb', b'null', NOTHING), 'huge': ('h.ipynb', b' ' * 50_000_001, NOTHING),
}

# What a cell after the first check can do
CODE = {
    'half-an-emoji-in-code': ('x = "\ud83d"\nprint(x)', ALL),
    'prints-half-an-emoji': ('print("\\ud83d")\n"\\ud83d"', ALL),
    'raises-half-an-emoji': ('raise ValueError("\\ud83d")', ALL), 'nul': ('x = "\0"', ALL), 'syntax': ('def f(:', ALL),
    'error-without-words': ('class E(Exception):\n    def __str__(self): 1/0\nraise E', ALL),
    'shows-nothing': ('class E:\n    def __repr__(self): 1/0\nE()', ALL), 'no-magic': ('%no_magic\n!exit 3', ALL),
    'closed-stdout': ('sys.stdout.close()', ALL), 'no-stdout': ('sys.stdout = sys.stderr = None', ALL),
    'moves': ('os.chdir("/")', ALL), 'asks': ('input("your name?")', ALL),
    'exits': ('sys.exit(1)', ALL), 'aborts': ('os.abort()', FIRST),
    'shuts-down': ('get_ipython().kernel.do_shutdown(False)', None), # ends now or after the last cell
    'awaits': ('import asyncio\nawait asyncio.sleep(.1)', ALL), 'many-plots': (
        'from IPython.display import Image\nfor i in range(60): display(Image(bytes(99_999), format="png"))', ALL),
    'odd-message': ('k = get_ipython().kernel\nk.session.send(k.iopub_socket, "display_data", {"data": 5})', ALL),
    'prints-much': ('for i in range(10**4): print("x" * 10**4)', ALL), 'allocates': ('x = bytearray(10**11)', ALL),
    'loops': ('while True: pass', ALL), 'stubborn': (STUBBORN, FIRST), 'threads': (
        'import threading, time\n[threading.Thread(target=time.sleep, args=[999]).start() for _ in range(50)]', ALL),
}


def write(folder):
    "All of them, between `a-good` and `z-good`"
    submissions = {s: (name, content) for s, (name, content, _) in FILES.items()}
    submissions |= {s: ('h.ipynb', dumped(raw(with_cells(code)))) for s, (code, _) in CODE.items()}
    submissions |= {'a-good': ('h.ipynb', GOOD), 'z-good': ('h.ipynb', GOOD)}
    for student, (name, content) in submissions.items():
        path = folder/student/name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    return sorted(submissions)


def test_there_are_sixty(): assert len(FILES) + len(CODE) == 60


@pytest.mark.parametrize('busy', [0, 2], ids=['quiet', 'busy'])
def test_sixty_between_two_good_ones(tmp_path, busy):
    "With two other processes that want all of the machine, too; what they print can't be encoded"
    nbformat.write(homework(), tmp_path/'source.ipynb')
    students = write(tmp_path/'in')
    others = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(busy)]
    try:
        grader = start_grader(tmp_path/'in', '--jobs', 2, '--cell-seconds', LIMIT, PYTHONIOENCODING='ascii')
        printed = grader.communicate()[0]
    finally:
        for p in others: p.kill()
    said = [line for line in printed.splitlines() if not re.match(r'\(\d+ of 62|grew by', line)]
    assert (grader.returncode, said) == (0, unlimited()), printed
    rows, results, reports = graded_files(tmp_path/'in')
    assert sorted(rows) == sorted(results) == sorted(reports) == students
    for good in 'a-good', 'z-good': assert (points(rows[good]), rows[good]['remark']) == (FULL, '')
    wanted = {s: total for s, (_, _, total) in FILES.items()} | {s: total for s, (_, total) in CODE.items()}
    wrong = {s: rows[s] for s, total in wanted.items() if total is not None and float(rows[s]['total']) != total}
    assert not wrong
