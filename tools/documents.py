"""The documents that people read beside the notebooks, and the commands that stand in both."""
import json, re

from notebooks import notebooks, root

NAMES = 'README.md', '.github/TEACHING.md', 'benchmarks/README.md', '.github/CONTRIBUTING.md'
DOCUMENTS = [root/name for name in NAMES]


def blocks(text, language): return re.findall(rf'^```{language}\n(.*?)^```', text, re.M | re.S)


def words_of(path):
    "The text of a document, or of a notebook's Markdown"
    if path.suffix != '.ipynb': return path.read_text()
    cells = json.loads(path.read_text())['cells']
    return '\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'markdown')


def commands():
    "Each line of the `sh` blocks once, in the order of reading: documents, then notebooks"
    texts = map(words_of, [*DOCUMENTS, *notebooks()])
    lines = [l for text in texts for block in blocks(text, 'sh') for l in block.splitlines() if l]
    return list(dict.fromkeys(lines))
