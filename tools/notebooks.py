"""The notebooks of this repository, in the order of a table of contents: what people open, then the wings."""
from pathlib import Path

root = Path(__file__).resolve().parents[1]
NBS = root/'nbs'
LESSON, HOMEWORK, CLINIC, TRAINING = TEACHING = [NBS/f'{name}.ipynb' for name in
    ('lesson5_vae', 'mnist_homework', 'clinic', 'face_autoencoder_training')]
WINGS = ['experiments', 'library', 'app', 'course']


def notebooks():
    "The paths of all notebooks that are there"
    found = TEACHING + [p for wing in WINGS for p in sorted((NBS/wing).glob('[!_.]*.ipynb'))]
    return [p for p in found if p.exists()]


def find(name):
    "The notebook of a name such as `05_losses`, `losses` or `nbs/library/05_losses.ipynb`"
    stem = Path(name).stem
    fits = [p for p in notebooks() if stem in (p.stem, p.stem.partition('_')[2] if p.stem[:2].isdigit() else p.stem)]
    if len(fits) != 1: raise SystemExit(f'there is no notebook {name}: there are {", ".join(p.stem for p in notebooks())}')
    return fits[0]
