"""Data as people have it: damaged, turned, in odd folders. Nothing is taken for something else without a word."""
import io, random, shutil, struct, sys, tarfile, warnings

import numpy as np
import pytest
from conftest import run
from PIL import Image

from face_autoencoder.app.photo import open_photo
from face_autoencoder.data import face_dls, load_folder
from face_autoencoder.runs import RunError, begin_run, pretrained_dir, unfinished_run
from face_autoencoder.train import prepare_run

ENDINGS = 'avif bmp dib gif jp2 jpe jpg mpo pcx pgm png ppm qoi sgi tga tif webp'.split()
TINY = dict(image_size=32, base_channels=4, latent_dim=4, epochs=1)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch): monkeypatch.setenv('FAE_CACHE', str(tmp_path/'cache'))


def picture(seed, size=(40, 40)):
    "A smooth picture in colour, another for each seed"
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def photos(folder, n=4, first=0, ending='png'):
    "A folder of pictures"
    folder.mkdir(parents=True)
    for i in range(n): picture(first + i).save(folder/f'{i}.{ending}')
    return folder


def said(f, *args, **kwargs):
    "What a function returns, and the warnings that it gave, as one text"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always', UserWarning)
        return f(*args, **kwargs), '\n'.join(str(w.message) for w in caught)


# Damaged files

def damaged(content, rng):
    "Bytes of a picture after one to four accidents"
    content = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, n = rng.randrange(len(content) + 1), rng.choice([1, 1, 2, 4, 50])
        if rng.random() < .5: at = min(at, rng.randrange(64)) # the header has the most to go wrong
        kind, noise = rng.randrange(5), rng.choice([rng.randbytes(n), b'\xff'*n, bytes(n)])
        if kind == 0: content = content[:at]
        elif kind == 1: content[at:at] = noise
        elif kind == 2: del content[at:at + n]
        else: content[at:at + n] = noise
    return bytes(content)


def originals():
    "Bytes of small pictures by ending, with EXIF where there can be some, in grey, deep or transparent as well"
    exif, found = Image.Exif(), []
    exif[0x112], exif[0x11a], exif[0x10f] = 6, 72., 'a camera'
    for ending in ENDINGS:
        for mode in ('RGB', 'L', 'P', 'RGBA', 'I;16'):
            file, kind = io.BytesIO(), Image.registered_extensions()[f'.{ending}']
            try: picture(0, (24, 20)).convert('I' if mode == 'I;16' else mode).convert(mode).save(file, kind, exif=exif)
            except (OSError, ValueError): continue # this format has no such mode
            found.append((ending, file.getvalue()))
    return found


@pytest.mark.parametrize('n', [pytest.param(400, marks=pytest.mark.quick), 10_000])
def test_damaged_pictures_are_skipped_by_name(tmp_path, n):
    "None of them stops a folder, and the app says of each in one sentence what is wrong"
    rng, good, folder = random.Random(0), originals(), photos(tmp_path/'photos', 1)
    assert {ending for ending, _ in good} == {*ENDINGS}
    for i in range(n):
        ending, content = good[i % len(good)]
        (folder/f'{i:05d}.{ending}').write_bytes(damaged(content, rng))
        with warnings.catch_warnings(action='ignore'):
            try: assert min(open_photo(folder/f'{i:05d}.{ending}').size) >= 1
            except ValueError as e: assert str(e).startswith('this ') and '\n' not in str(e)
    data, words = said(load_folder, folder, 32)
    files = {p.name for p in folder.iterdir()}
    assert len(data.names) + len(data.skipped) == len(files) and {*data.names} | {*data.skipped} == files
    assert data.images.shape == (len(data.names), 3, 32, 32) and '0.png' in data.names
    assert f'skipped {len(data.skipped)} ' in words and all(data.skipped.values())
    assert .1*n < len(data.skipped) < .9*n # or the accidents are too small, or too large


# Turned photographs

def exif(*entries):
    "The EXIF of a JPEG, written by hand: tag, type, number of values and their bytes for each entry"
    body, extra, at = b'II*\0' + struct.pack('<IH', 8, len(entries)), b'', 8 + 2 + 12*len(entries) + 4
    for tag, kind, n, value in entries:
        if len(value) > 4: value, extra = struct.pack('<I', at + len(extra)), extra + value
        body += struct.pack('<HHI', tag, kind, n) + value.ljust(4, b'\0')
    return b'Exif\0\0' + body + bytes(4) + extra


TURNED = 0x112, 3, 1, struct.pack('<H', 6)
ODD_ENTRIES = dict(
    negative=(0x11a, 10, 1, struct.pack('<ii', -1, 0)), fraction=(0x100, 10, 1, struct.pack('<ii', 1, 3)),
    text=(0x100, 2, 4, b'abc\0'), bytes=(0x10f, 7, 4, b'\xff\xfe\0\1'), numbers=(0x10f, 3, 2, struct.pack('<HH', 1, 2)),
    folder=(0x8769, 2, 4, b'abc\0'), far=(0x8769, 4, 1, struct.pack('<I', 10**9)), gps=(0x8825, 3, 1, b'\7\0'))


def cannot_be_written_back(file):
    with Image.open(file) as im:
        try: im.getexif().tobytes()
        except Exception: return True


@pytest.mark.quick
def test_turned_photographs_with_odd_exif(tmp_path):
    "They are turned, in a folder and in the app, although Pillow can't write the EXIF of half of them"
    half = Image.new('RGB', (48, 32), 'black')
    half.paste('white', (0, 0, 24, 32)) # white on the left; turned, it is white above
    (tmp_path/'photos').mkdir()
    for name, entry in ODD_ENTRIES.items():
        entries = sorted([TURNED, entry])
        half.save(tmp_path/'photos'/f'{name}.jpg', exif=exif(*entries), quality=95)
    stubborn = [name for name in ODD_ENTRIES if cannot_be_written_back(tmp_path/'photos'/f'{name}.jpg')]
    assert len(stubborn) >= 3, stubborn
    data, words = said(load_folder, tmp_path/'photos', 32)
    assert (len(data.names), data.skipped, words) == (len(ODD_ENTRIES), {}, '')
    for x, name in zip(data.images, data.names):
        assert x[:, 2].min() > 200 and x[:, -2].max() < 50, name
        photo = open_photo(tmp_path/'photos'/name)
        assert photo.size == (32, 48) and photo.getpixel((16, 2))[0] > 200 and photo.getpixel((16, 45))[0] < 50, name


# What belongs to a folder

@pytest.mark.quick
def test_runs_and_thumbnails_are_no_pictures(tmp_path):
    folder = photos(tmp_path/'photos')
    shutil.copytree(pretrained_dir()/'faces', folder/'runs'/'faces')
    for name in '@eaDir', '.ipynb_checkpoints', 'Thumbnails': photos(folder/name)
    data, words = said(load_folder, folder, 32)
    assert data.names.tolist() == [f'{i}.png' for i in range(4)]
    assert words.startswith('left out in') and all(n in words for n in ('@eaDir', 'Thumbnails', 'runs/faces'))


@pytest.mark.quick
def test_all_kinds_of_pictures_are_read(tmp_path):
    folder = tmp_path/'photos'
    folder.mkdir()
    for i, ending in enumerate(ENDINGS):
        name, kind = f'{i}.{ending.upper() if i % 2 else ending}', Image.registered_extensions()[f'.{ending}']
        picture(7).save(folder/name, kind)
    data, words = said(load_folder, folder, 32)
    assert (len(data.names), words) == (len(ENDINGS), '')
    assert (data.images.float() - data.images.float().median(0).values).abs().mean((1, 2, 3)).max() < 12


def test_a_raw_file_is_skipped_with_a_word(tmp_path):
    "And the thumbnail in it is not taken for the picture"
    folder = photos(tmp_path/'photos')
    for name in ('IMG_1.NEF', 'IMG_2.cr3'): picture(7).save(folder/name, 'TIFF')
    data, words = said(load_folder, folder, 32)
    assert len(data.names) == 4 and 'skipped 2' in words
    assert "IMG_1.NEF (a camera's raw file is not read: save it as JPEG)" in words


HEIF = '''from PIL import Image, ImageFile
class Heif(ImageFile.ImageFile):
    format = 'HEIF'
    def _open(self): self._size, self._mode, self.tile = (8, 8), 'RGB', [('raw', (0, 0, 8, 8), 4, 'RGB')]
def register_heif_opener():
    Image.register_open('HEIF', Heif, lambda head: head[:4] == b'heif')
'''


def test_heic(tmp_path):
    "Without pillow-heif it is skipped with a word; with it (here with another library in its place) it is read"
    folder = photos(tmp_path/'photos')
    (folder/'IMG_1.HEIC').write_bytes(b'heif' + bytes([9])*192)
    code = 'import sys; from face_autoencoder.data import load_folder; d = load_folder(sys.argv[1], 32)\n' \
           'print(len(d.names), d.images[-1, 0, 0, 0].item())'
    (tmp_path/'none').mkdir(), (tmp_path/'none'/'pillow_heif.py').write_text('raise ModuleNotFoundError')
    (tmp_path/'some').mkdir(), (tmp_path/'some'/'pillow_heif.py').write_text(HEIF)
    without, there = [run(sys.executable, '-c', code, folder, PYTHONPATH=str(tmp_path/d)) for d in ('none', 'some')]
    assert without.stdout.split()[0] == '4'
    assert 'skipped 1' in without.stderr and 'pip install pillow-heif' in without.stderr
    assert there.stdout.split() == ['5', '9'] and 'skipped' not in there.stderr


@pytest.mark.quick
def test_folders_are_people(tmp_path):
    "Nobody is in both sets, a message says who was taken for a person, and splitting by image changes that"
    for p in range(10): photos(tmp_path/'school'/f'pupil {p}', 3, 10*p)
    dls, words = said(face_dls, tmp_path/'school', 32, 4)
    people = [{dls.data.names[i].split('/')[0] for i in s} for s in dls.splits]
    assert not people[0] & people[1] and [len(p) for p in people] == [9, 1]
    assert 'each of 10 folders' in words and 'pupil 0' in words and "split='image'" in words
    dls = face_dls(tmp_path/'school', 32, 4, 'image', valid_pct=.4)
    people = [{dls.data.names[i].split('/')[0] for i in s} for s in dls.splits]
    assert people[0] & people[1]


# Shards

@pytest.mark.quick
def test_a_tar_that_was_cut_off_is_no_shorter_tar(tmp_path):
    "Wherever it was cut, at the end of a picture as well"
    (tmp_path/'tars').mkdir()
    path, ends = tmp_path/'tars'/'a.tar', []
    with tarfile.open(path, 'w') as tar:
        for i in range(4):
            file = io.BytesIO()
            picture(i).save(file, 'jpeg')
            (info := tarfile.TarInfo(f'{i}.jpg')).size = len(file.getvalue())
            tar.addfile(info, io.BytesIO(file.getvalue()))
            ends.append(tar.offset)
    assert len(load_folder(tmp_path/'tars', 32).names) == 4
    whole, rng = path.read_bytes(), random.Random(0)
    for n in [0, 1, 511, 512, *ends, *rng.sample(range(ends[-1]), 20)]:
        path.write_bytes(whole[:n])
        with pytest.raises(OSError, match='a.tar is damaged .*: fetch it again'): load_folder(tmp_path/'tars', 32)


# Trainings that were interrupted

@pytest.mark.quick
def test_goes_on_with_the_same_pictures_only(tmp_path):
    "Not with as many pictures in another folder of the same name, nor after one picture has changed"
    same, other = photos(tmp_path/'same'/'photos', 6), photos(tmp_path/'other'/'photos', 6, 100)
    out, first = tmp_path/'runs', photos(tmp_path/'copy'/'photos', 6)
    config = prepare_run(data=str(same), out=out, **TINY).config
    begin_run(out, config, 'mine') # and there the power failed
    assert config['data'] == prepare_run(data=str(first), out=out, **TINY).config['data']
    assert unfinished_run(out, config).name == 'mine'
    assert unfinished_run(out, prepare_run(data=str(other), out=out, **TINY).config) is None
    with pytest.raises(RunError, match='pictures_checksum'): prepare_run(data=str(other), out=out, name='mine', **TINY)
    picture(50).save(same/'3.png')
    assert unfinished_run(out, prepare_run(data=str(same), out=out, **TINY).config) is None


@pytest.mark.quick
def test_a_folder_named_like_a_data_set(tmp_path, monkeypatch):
    "`faces` is the data set, with a word about the folder; `./faces` is the folder, also in what the run says"
    photos(tmp_path/'faces')
    monkeypatch.chdir(tmp_path)
    small = dict(TINY, limit=20, out=tmp_path/'runs')
    built_in, words = said(prepare_run, data='faces', **small)
    assert built_in.config['data']['source'] == 'faces' and './faces' in words
    own, words = said(prepare_run, data='./faces', **small)
    assert own.config['data']['source'] == './faces' and own.config['data']['flip'] and not words


@pytest.mark.quick
def test_two_pictures_are_too_few(tmp_path):
    "That is said before a run is begun; three can be trained on"
    with pytest.raises(ValueError, match='2 pictures are too few'):
        prepare_run(data=str(photos(tmp_path/'two', 2)), out=tmp_path/'runs', **TINY)
    assert not (tmp_path/'runs').exists()
    three = prepare_run(data=str(photos(tmp_path/'three', 3)), out=tmp_path/'runs', **TINY)
    assert three.config['data']['n_train'] == 2
