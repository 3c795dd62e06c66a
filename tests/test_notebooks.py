"""The notebooks are the library's tests, its source, and clean."""
import json, re

import pytest
from conftest import ROOT, run
from notebooks import NBS, notebooks


def test_nbdev_test():
    run('nbdev_test', '--n_workers', 2, '--do_print', OMP_NUM_THREADS='1')


def tree(folder): return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob('*') if p.is_file() and '__pycache__' not in p.parts}


def test_exported_and_clean(clone):
    before = tree(clone)
    run('nbdev_export', cwd=clone)
    run('nbdev_clean', cwd=clone)
    after = tree(clone)
    assert {f for f in {*before, *after} if before.get(f) != after.get(f)} == set()


@pytest.mark.parametrize('path', notebooks(), ids=lambda p: p.stem)
def test_committed_outputs(path):
    text = path.read_text()
    cells = json.loads(text)['cells']
    outputs = [o for c in cells for o in c.get('outputs', [])]
    assert len(text) < 2_000_000
    assert outputs or path.stem == '14_cli', 'not executed'
    assert not [o for o in outputs if o['output_type'] == 'error']
    assert not [c for c in cells if c.get('outputs') and '#| output: false\n' in c['source']], 'pictures that are not ours'
    pictures = [len(d) for o in outputs for kind, d in o.get('data', {}).items() if kind.startswith('image/')]
    assert max(pictures, default=0) * 3/4 < 60_000
    assert not re.search(r'(?<![\w./-])/(root|home|work|tmp|Users)/\w', json.dumps(outputs)), 'a path of a machine'


def test_make_notebooks_saves_outputs(clone):
    path = clone/'nbs'/'library'/'00_core.ipynb'
    nb = json.loads(path.read_text())
    for c in nb['cells']: c.update(outputs=[]) if c['cell_type'] == 'code' else None
    path.write_text(json.dumps(nb))
    run('python', 'tools/run_notebooks.py', 'nbs/library/00_core.ipynb', cwd=clone, FAE_FULL='1')
    assert any(o.get('data', {}).get('image/png') for c in json.loads(path.read_text())['cells'] for o in c.get('outputs', []))
