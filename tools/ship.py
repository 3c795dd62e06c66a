"""Put finished runs into the package, with weights of half the size: python tools/ship.py runs/faces runs/lfw

With --small, into the folder of small runs, and without the codes of their pictures."""
import argparse

from face_autoencoder.runs import RunError, copy_run, load_run, pretrained_dir

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('runs', nargs='+')
p.add_argument('--small', action='store_true')
args = p.parse_args()

for source in args.runs:
    try: path = copy_run(load_run(source), pretrained_dir(args.small), **dict(parts=()) if args.small else {})
    except RunError as e: raise SystemExit(f'ship: {e}')
    print(path.name, f'{sum(f.stat().st_size for f in path.iterdir()) / 1e6:.1f} MB')
