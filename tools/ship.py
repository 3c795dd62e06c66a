"""Put finished runs into the package, with weights of half the size: python tools/ship.py runs/faces runs/lfw"""
import sys

from face_autoencoder.runs import RunError, copy_run, load_run, pretrained_dir

for source in sys.argv[1:]:
    try: path = copy_run(load_run(source), pretrained_dir())
    except RunError as e: raise SystemExit(f'ship: {e}')
    print(path.name, f'{sum(f.stat().st_size for f in path.iterdir()) / 1e6:.1f} MB')
