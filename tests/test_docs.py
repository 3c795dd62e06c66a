"""What nbdev does before Quarto makes a site of the notebooks; Quarto itself only says how it was called."""
import ast, json, os, re

import pytest
from conftest import run
from notebooks import is_export, notebooks, sources
from test_notebooks import tree

QUARTO = '#!/bin/sh\necho "$@" >> "$SAID"\nmkdir _docs\n'
MADE = '_docs', '_proc', 'nbs/sidebar.yml'


def test_nbdev_docs(clone, tmp_path, monkeypatch):
    "One notebook is prepared, with the signatures of what it exports, and nothing changes that git sees"
    run('git', 'init', '--quiet', cwd=clone)
    for other in {*clone.glob('nbs/**/*.ipynb')} - {clone/'nbs'/'library'/'00_core.ipynb'}: other.unlink()
    before = tree(clone)
    (tmp_path/'bin').mkdir()
    (tmp_path/'bin'/'quarto').write_text(QUARTO)
    (tmp_path/'bin'/'quarto').chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path/"bin"}:{os.environ["PATH"]}')
    env = dict(SAID=str(tmp_path/'said'), PYTHONPATH=str(clone))
    run('nbdev_docs', '--n_workers', 1, cwd=clone, **env)
    assert (tmp_path/'said').read_text() == 'render --no-cache\n'
    cells = json.loads((clone/'_proc'/'library'/'00_core.ipynb').read_text())['cells']
    assert any('# pictures in a row' in ''.join(o.get('data', {}).get('text/markdown', ''))
               for c in cells for o in c.get('outputs', []))
    assert (clone/'_docs').is_dir() and '00_core.ipynb' in (clone/'nbs'/'sidebar.yml').read_text()
    ignored = run('git', 'check-ignore', *MADE, cwd=clone).stdout.split()
    assert ignored == [*MADE]
    assert {f: t for f, t in tree(clone).items() if not str(f).startswith(MADE)} == before


def names(code, kind): return {n.id for n in ast.walk(code) if isinstance(n, ast.Name) and isinstance(n.ctx, kind)}


def imported(code):
    "Which names a piece of code imports"
    found = [a for n in ast.walk(code) if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names]
    return {a.asname or a.name.partition('.')[0] for a in found}


@pytest.mark.parametrize('path', [p for p in notebooks() if any(map(is_export, sources(p)))], ids=lambda p: p.stem)
def test_cells_that_import(path):
    "nbdev_docs runs exported cells and those that import something: such a cell needs nothing of the others"
    for source in sources(path):
        if is_export(source) or re.search(r'^#\|\s*eval: false|nbdev_export\(', source, re.M): continue
        code = ast.parse(source)
        known = imported(code) | names(code, ast.Store)
        assert not known & imported(code) or names(code, ast.Load) <= known, source
