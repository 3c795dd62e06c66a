"""Execute notebooks like a student's Run All and save their outputs: all, or those named on the command line.

python tools/run_notebooks.py [--evidence] [NB ...]: with --evidence only what shows the tables of evidence is drawn
again, which trains nothing, and all other outputs stay; after `make evidence`."""
import argparse, ast, base64, io, os, re, time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from notebooks import notebooks

MAX_BYTES = 58_000 # of a committed figure


class Client(NotebookClient):
    "Leaves out cells marked `#| eval: false` and the cell that exports the library"
    async def async_execute_cell(self, cell, *args, **kwargs):
        if re.search(r'^#\|\s*eval:\s*false|nbdev_export\(\)', cell.source, re.M): return cell
        return await super().async_execute_cell(cell, *args, **kwargs)


EVIDENCE = r'\b(show_claims|plot_arms|plot_claim|plot_verdicts|all_verdicts)\('


class EvidenceClient(Client):
    "Leaves out all but imports and cells that show the tables of evidence"
    async def async_execute_cell(self, cell, *args, **kwargs):
        if cell.cell_type != 'code' or not (prepares(cell.source) or re.search(EVIDENCE, cell.source)): return cell
        before = list(cell.outputs)
        try: return await super().async_execute_cell(cell, *args, **kwargs)
        except CellExecutionError as e:
            if e.ename != 'NameError': raise
            cell.outputs = before
            print(f'left as it was, since it wants a cell that was left out ({e.evalue}): {cell.id}')
            return cell


def prepares(source):
    "Does a cell hold only imports, or set how pictures look?"
    if 'set_matplotlib_formats' in source: return True
    if re.search('^[%!]', source, re.M): return False
    body = ast.parse(source).body
    return bool(body) and all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in body)


def compress(picture):
    "A picture as a JPEG (both base64) of at most MAX_BYTES: right for faces, which PNG stores badly"
    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert('RGB')
    for quality in (90, 80, 70, 60, 50):
        small = io.BytesIO()
        image.save(small, 'jpeg', quality=quality, optimize=True)
        if small.tell() <= MAX_BYTES: break
    return base64.b64encode(small.getvalue()).decode()


def is_bar(output):
    "What fastprogress leaves behind: its style sheet, or nothing"
    html = output.get('data', {}).get('text/html')
    return html is not None and (not html or 'progress-bar-interrupted' in html and '<table' not in html)


def clean(cell):
    "No timings, no bars, no warnings of libraries, no large figures, and none of pictures that are not ours to publish"
    cell.metadata.pop('execution', None)
    if re.search(r'^#\|\s*output:\s*false', cell.source, re.M): cell.outputs = []
    cell.outputs = [o for o in cell.outputs if o.get('name') != 'stderr' and not is_bar(o)]
    for o in cell.outputs:
        for kind in ('image/png', 'image/jpeg'):
            picture = o.get('data', {}).get(kind)
            if picture and len(picture) * 3/4 > MAX_BYTES: o.data['image/jpeg'] = compress(o.data.pop(kind))


def run(path, client=Client):
    "Execute one notebook in its folder; its file changes only if every cell succeeds"
    start, nb = time.time(), nbformat.read(path, 4)
    here = dict(metadata=dict(path=str(path.parent)))
    try: client(nb, timeout=3600, store_widget_state=False, kernel_name='python3', resources=here).execute()
    except Exception:
        nbformat.write(nb, failed := path.with_name(f'.failed-{path.name}'))
        print(f'{path.name} failed; what it had computed is in {failed.name}', flush=True)
        raise
    for cell in nb.cells:
        if cell.cell_type == 'code': clean(cell)
    tmp = path.with_name(f'.{path.name}')
    nbformat.write(nb, tmp)
    os.replace(tmp, path)
    path.with_name(f'.failed-{path.name}').unlink(missing_ok=True)
    print(f'{path.name}: {time.time() - start:.0f} s, {path.stat().st_size/1024:.0f} KB', flush=True)


if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('notebooks', nargs='*', type=Path, metavar='NB')
    p.add_argument('--evidence', action='store_true', help='draw only what shows the tables of evidence')
    args = p.parse_args()
    for path in [path.resolve() for path in args.notebooks] or notebooks():
        if not args.evidence: run(path)
        elif re.search(EVIDENCE, path.read_text()): run(path, EvidenceClient)
