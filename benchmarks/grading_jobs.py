"""How long 12 copies of the homework's first tasks take to grade, two at a time beside one after the other. In the size
for tests, with the solutions filled in.

python benchmarks/grading_jobs.py [--copies 12] [--jobs 2]"""
import argparse, os, sys, tempfile, time
from pathlib import Path

import nbformat

from figures import end, figure

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT/'tests'), str(ROOT/'tools')]
from test_course import hand_in, solved
from test_homework import first_tasks

from face_autoencoder.course.grading import grade

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--copies', type=int, default=12)
p.add_argument('--jobs', type=int, default=2)
args = p.parse_args()
os.environ.pop('OMP_NUM_THREADS', None) # the tests set it


def minutes(folder, jobs, handed_in='in'):
    "What grading takes, where everybody has all points"
    begun = time.perf_counter()
    results = grade(folder/handed_in, folder/'source.ipynb', folder/f'{handed_in}-{jobs}-grades', jobs=jobs)
    assert all(r['total'] == r['of'] for r in results), [r['remarks'] for r in results]
    return (time.perf_counter() - begun)/60


with tempfile.TemporaryDirectory() as d:
    folder, nb = Path(d), first_tasks()
    os.environ.update(IN_TEST='1', FAE_CACHE=str(folder/'cache'))
    nbformat.write(nb, folder/'source.ipynb')
    for i in range(args.copies): hand_in(folder/'in', f'student-{i}', solved(nb))
    hand_in(folder/'first', 'student', solved(nb))
    minutes(folder, 1, 'first') # reads the data from the disk
    one, several = minutes(folder, 1), minutes(folder, args.jobs)
figure(f'grading {args.copies} copies, --jobs {args.jobs} / one after the other', several/one, at_most=.6)
figure(f'grading {args.copies} copies one after the other', one, 'min')
end()
