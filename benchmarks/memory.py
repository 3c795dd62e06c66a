"""Memory for `train_run`, from data to saved run, above what the imports take: the most anonymous memory (that which a
file can't give back), in MB.

python benchmarks/memory.py [--data lfw] [--epochs 2]"""
import argparse, contextlib, tempfile, threading, warnings
from pathlib import Path

from figures import end, figure


def anonymous(): return int(Path('/proc/self/status').read_text().split('RssAnon:')[1].split()[0])/1024 # MB; Linux only


@contextlib.contextmanager
def watched():
    "A list that gets the most anonymous memory while the block runs, above that at its begin"
    begin, most, done = anonymous(), [0], threading.Event()
    def watch():
        while not done.wait(.01): most[0] = max(most[0], anonymous() - begin)
    thread = threading.Thread(target=watch)
    thread.start()
    try: yield most
    finally:
        done.set()
        thread.join()


if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--data', default='lfw')
    p.add_argument('--epochs', type=int, default=2)
    args = p.parse_args()
    warnings.simplefilter('ignore')
    from face_autoencoder.train import train_run
    with tempfile.TemporaryDirectory() as out, watched() as most:
        run = train_run(data=args.data, epochs=args.epochs, out=out, progress=False)
    n = run.config['data']['n_train'] + run.config['data']['n_valid']
    figure(f'{n:,} faces ({args.data}), 64 px: memory of train_run above the imports', most[0], 'MB', at_most=700)
    end()
