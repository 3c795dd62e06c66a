"""Prove one notebook after an edit: python tools/check.py 05_losses (`make check NB=05_losses`).

Export, clean, lint, write the students' copies; then pytest runs the notebook and the quick tests that belong to it."""
import ast, os, re, subprocess, sys
from pathlib import Path

from notebooks import TEACHING, WITH_SOLUTIONS, find, module_of, root

BIN = Path(sys.executable).parent
# Tests that reach a module through a command, without importing it
BY_COMMAND = dict(settings=['test_train'], checkpoints=['test_train'], callbacks=['test_train'],
                  train=['test_train', 'test_distributed'], cli=['test_train'])


def run(*command):
    "Show a command, run it, and stop where it fails"
    print('$', *command, flush=True)
    done = subprocess.run([BIN/command[0], *command[1:]], cwd=root, env=dict(os.environ, PYTHONPATH=str(root)))
    if done.returncode: sys.exit(done.returncode)


def imported(file):
    "The modules that a Python file imports, wherever it does so"
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import): yield from (a.name for a in node.names)
        if isinstance(node, ast.ImportFrom): yield from (node.module, *(f'{node.module}.{a.name}' for a in node.names))


def belongs(file, path):
    "Whether a file of tests imports a notebook's module, or is listed above, or names a notebook without module"
    module = module_of(path)
    if module is None: return re.search(rf'\b{path.stem}\b', file.read_text())
    return module in imported(file) or file.stem in BY_COMMAND.get(module.split('.')[-1], [])


def tests_of(path): return [f for f in sorted((root/'tests').glob('test_*.py')) if belongs(f, path)]


def check(path):
    module, width = module_of(path), 100 if path in TEACHING else 120
    files = [path, root/(module.replace('.', '/') + '.py')] if module else [path]
    run('nbdev_export')
    run('nbdev_clean', '--fname', path.relative_to(root))
    if path in WITH_SOLUTIONS: run('python', 'tools/links.py') # the students' copy
    run('ruff', 'check', '--line-length', str(width), *(f.relative_to(root) for f in files))
    cells = [f'tests/test_notebooks.py::{test}[{path.stem}]' for test in
             ('test_cells_are_small', 'test_committed_outputs', 'test_notebook')]
    others = [f.relative_to(root) for f in tests_of(path) if f.stem != 'test_notebooks']
    run('python', '-m', 'pytest', '-v', '-m', 'quick', '--durations=5', *cells, *others)


if __name__ == '__main__': check(find(' '.join(sys.argv[1:])))
