"""The notebooks of this repository, in the order of a table of contents: what people open, then the wings."""
import ast, json, re
from pathlib import Path

root = Path(__file__).resolve().parents[1]
NBS = root/'nbs'
LESSON, HOMEWORK, CLINIC, TRAINING = TEACHING = [NBS/f'{name}.ipynb' for name in
    ('lesson5_vae', 'mnist_homework', 'clinic', 'face_autoencoder_training')]
MINUTES = {LESSON: '6 minutes', HOMEWORK: '13 minutes', CLINIC: 'a few minutes', TRAINING: 'about 10 minutes'}
STUDENTS = HOMEWORK, CLINIC # of which the course page offers the students' copies only
WITH_SOLUTIONS = LESSON, HOMEWORK, CLINIC, TRAINING
WINGS = ['experiments', 'library', 'app', 'course']


def notebooks():
    "The paths of all notebooks that are there"
    found = TEACHING + [p for wing in WINGS for p in sorted((NBS/wing).glob('[!_.]*.ipynb'))]
    return [p for p in found if p.exists()]


def find(name):
    "The notebook of a name such as `05_losses`, `losses` or `nbs/library/05_losses.ipynb`"
    stem = Path(name).stem
    fits = [p for p in notebooks() if stem in (p.stem, p.stem.partition('_')[2] if p.stem[:2].isdigit() else p.stem)]
    if len(fits) == 1: return fits[0]
    raise SystemExit(f'there is no notebook {name}: there are {", ".join(p.stem for p in notebooks())}')


def sources(path):
    "The text of a notebook's code cells"
    return [''.join(c['source']) for c in json.loads(path.read_text())['cells'] if c['cell_type'] == 'code']


def is_export(source): return bool(re.match(r'#\|\s*exporti?\b', source))


def defined_names(source):
    "The functions and classes that an exported cell defines"
    return [node.name for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]


def module_of(path):
    "The module that a notebook exports, such as `face_autoencoder.losses`, or None"
    found = re.search(r'^#\|\s*default_exp (\S+)', '\n'.join(sources(path)), re.M)
    return found and f'face_autoencoder.{found[1]}'
