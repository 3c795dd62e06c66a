"""Procedural faces: what can only be seen between processes."""
import sys

from conftest import run

CODE = '''
import hashlib
from face_autoencoder.faces import render_faces, sample_factors
print(hashlib.sha1(render_faces(sample_factors(40)).numpy()).hexdigest())
'''


def test_same_bytes_in_every_process():
    one, two = [run(sys.executable, '-c', CODE, OMP_NUM_THREADS=n).stdout for n in ('1', '2')]
    assert len(one) == 41 and one == two
