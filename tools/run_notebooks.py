"""Execute notebooks like a student's Run All and save their outputs: all of nbs/, or those named on the command line."""
import os, re, sys, time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

nbs = Path(__file__).resolve().parents[1]/'nbs'


class Client(NotebookClient):
    "Leaves out cells marked `#| eval: false` and the cell that exports the library"
    async def async_execute_cell(self, cell, *args, **kwargs):
        if re.search(r'^#\|\s*eval:\s*false|nbdev_export\(\)', cell.source, re.M): return cell
        return await super().async_execute_cell(cell, *args, **kwargs)


def run(path):
    "Execute one notebook in its folder; its file changes only if every cell succeeds"
    start, nb = time.time(), nbformat.read(path, 4)
    Client(nb, timeout=3600, kernel_name='python3', resources=dict(metadata=dict(path=str(path.parent)))).execute()
    for cell in nb.cells:
        cell.metadata.pop('execution', None)
        cell.outputs = [o for o in cell.get('outputs', []) if o.get('name') != 'stderr'] if cell.cell_type == 'code' else []
        if cell.cell_type != 'code': del cell['outputs']
    tmp = path.with_name(f'.{path.name}')
    nbformat.write(nb, tmp)
    os.replace(tmp, path)
    print(f'{path.name}: {time.time() - start:.0f} s, {path.stat().st_size/1024:.0f} KB', flush=True)


for path in [Path(p).resolve() for p in sys.argv[1:]] or sorted(nbs.glob('[!_.]*.ipynb')): run(path)
