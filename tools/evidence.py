"""Train the models that the claims want, one after the other, and say what became of the claims: `make evidence`.

A model's row is added to face_autoencoder/claims/models.jsonl when it is finished; an interrupted one starts again.
Several processes, GPUs or machines can share the work: each takes models of its own with --part (a GPU of its own with
CUDA_VISIBLE_DEVICES), and tables are joined by putting their lines together.

Models so small leave most of a GPU idle. Sixteen processes, each with OMP_NUM_THREADS=1, keep one busy if they share it
through NVIDIA's MPS (nvidia-cuda-mps-control -d): 21,600 pictures a second on an H200, measuring included, beside 5,400
of twelve processes that took turns on an H100.

python tools/evidence.py [--only CLAIM ...] [--seed N ...] [--minutes N] [--part 1/2]"""
import argparse, time, warnings
from pathlib import Path
from zlib import crc32

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--only', nargs='+', metavar='CLAIM', help='names in claims.csv, or beginnings of them (default: all)')
p.add_argument('--seed', nargs='+', type=int, metavar='N', help='only these (default: as many as the rules ask for)')
p.add_argument('--minutes', type=float, default=float('inf'), help='start no model after so long')
p.add_argument('--part', default='1/1', help='1/2: the first of two processes that share the work')
p.add_argument('--models', type=Path, help="another table of models than the repository's")
args = p.parse_args()
warnings.simplefilter('ignore')

import pandas as pd
from fastprogress.fastprogress import progress_bar

from face_autoencoder.evidence import FOLDER, add_model, all_verdicts, at_full_size, missing_models, model_row
from face_autoencoder.evidence import read_claims, read_models, read_rules

claims, rules, path = read_claims(), read_rules(), args.models or FOLDER/'models.jsonl'
if args.only:
    claims = claims[[c.startswith(tuple(args.only)) for c in claims.index]]
    if not len(claims): raise SystemExit(f'no claim begins with {", ".join(args.only)}: their names are in claims.csv')
    rules = rules[rules.claim.isin(claims.index)]
part, parts = map(int, args.part.split('/'))
start = time.perf_counter()
wanted = pd.concat([rules, at_full_size(read_rules())]) if 'size' in claims.index else rules # it asks this of all
def mine():
    "What is missing, of this process's share"
    missing = missing_models(wanted, read_models(path), args.seed)
    return [model for model in missing if crc32(repr(model).encode()) % parts == part - 1]

def in_time(): return time.perf_counter() - start < 60*args.minutes

while in_time() and (todo := mine()): # more are wanted once arms have been chosen
    for model in progress_bar(todo):
        if not in_time(): break
        add_model(model_row(*model), path)
print()
for claim, row in all_verdicts(claims, rules, read_models(path)).iterrows():
    print(f'{claim}: {row.text} ({row.seeds} seeds)')
