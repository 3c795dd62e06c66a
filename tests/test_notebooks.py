"""The notebooks are the library's tests, its source, and clean."""
import base64, json, multiprocessing, os, re, sys
from io import BytesIO

import numpy as np
import pytest
from conftest import ROOT, run
from notebooks import TEACHING, defined_names, is_export, notebooks, sources
from PIL import Image

every_notebook = pytest.mark.parametrize('path', notebooks(), ids=lambda p: p.stem)


def check_notebook(path, log):
    "What `nbdev_test` does with a notebook; what it says is written to a file"
    for stream in (1, 2): os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    multiprocessing.set_start_method(None, force=True) # processes that the notebook starts begin in the usual way
    from nbdev.config import get_config
    from nbdev.test import test_nb
    sys.exit(not test_nb(path, skip_flags=get_config().tst_flags.split(), basepath=ROOT)[0])


@pytest.mark.quick
@every_notebook
def test_notebook(path, fresh, tmp_path):
    "Every cell runs, at the size for tests, in a process of its own"
    process = fresh.Process(target=check_notebook, args=(path, tmp_path/'log'))
    process.start()
    process.join()
    assert process.exitcode == 0, (tmp_path/'log').read_text()[-10_000:]


def tree(folder):
    files = [p for p in folder.rglob('*') if p.is_file() and '__pycache__' not in p.parts]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.mark.quick
def test_exported_and_clean(clone):
    before = tree(clone)
    run('nbdev_export', cwd=clone)
    run('nbdev_clean', cwd=clone)
    after = tree(clone)
    assert {f for f in {*before, *after} if before.get(f) != after.get(f)} == set()


def shown_pictures(outputs):
    "The pictures among the outputs of cells, as numbers"
    kinds = [(kind, content) for o in outputs for kind, content in o.get('data', {}).items()]
    files = [base64.b64decode(''.join(content)) for kind, content in kinds if kind in ('image/png', 'image/jpeg')]
    return [np.asarray(Image.open(BytesIO(f)).convert('L'), dtype=int) for f in files]


def ink(picture):
    "The share of pixels that differ from most others"
    return (abs(picture - np.median(picture)) > 16).mean()


@pytest.mark.quick
@every_notebook
def test_committed_outputs(path):
    text = path.read_text()
    cells = json.loads(text)['cells']
    outputs = [o for c in cells for o in c.get('outputs', [])]
    assert len(text) < 2_000_000
    assert outputs, 'not executed'
    assert not [o for o in outputs if o['output_type'] == 'error']
    not_ours = [c for c in cells if c.get('outputs') and '#| output: false\n' in c['source']]
    assert not not_ours, 'pictures of a data set'
    pictures = [len(d) for o in outputs for kind, d in o.get('data', {}).items() if kind.startswith('image/')]
    assert max(pictures, default=0) * 3/4 < 60_000
    assert min(map(ink, shown_pictures(outputs)), default=1) > .01, 'an empty picture'
    assert not re.search(r'(?<![\w./-])/(root|home|work|tmp|Users)/\w', json.dumps(outputs)), 'a path of a machine'


@pytest.mark.quick
@every_notebook
def test_cells_are_small(path):
    "As many lines as fit beside their explanation: 25, and 12 where people are taught"
    most = 12 if path in TEACHING else 25
    def counts(line): return line.strip() and not line.strip().startswith('### ') # which marks a solution
    assert not [s for s in sources(path) if sum(bool(counts(l)) for l in s.splitlines()) > most]


def used_at_once(path):
    "For each cell that exports a function or class: whether the next code cell is there to use it"
    cells = sources(path)
    for cell, after in zip(cells, [*cells[1:], '']):
        names = defined_names(cell) if is_export(cell) else []
        if names: yield not is_export(after) and any(re.search(rf'\b{n}\b', after) for n in names)


def share(used): return sum(used)/len(used)


@pytest.mark.quick
def test_what_is_exported_is_used_at_once():
    "Claim, cell, picture or number, test: half the exported cells of each notebook, and 70 % of all"
    used = {p.stem: u for p in notebooks() if (u := list(used_at_once(p)))}
    assert {stem: round(share(u), 2) for stem, u in used.items() if share(u) < .5} == {}
    assert share(sum(used.values(), [])) >= .7


@pytest.mark.quick
def test_make_notebooks_saves_outputs(clone):
    path = clone/'nbs'/'library'/'00_core.ipynb'
    nb = json.loads(path.read_text())
    for c in nb['cells']: c.update(outputs=[]) if c['cell_type'] == 'code' else None
    path.write_text(json.dumps(nb))
    run('python', 'tools/run_notebooks.py', 'nbs/library/00_core.ipynb', cwd=clone, FAE_FULL='1')
    outputs = [o for c in json.loads(path.read_text())['cells'] for o in c.get('outputs', [])]
    assert any(o.get('data', {}).get('image/png') for o in outputs)
