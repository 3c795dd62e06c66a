"""Fetch third-party files of slides and course page through npm: pinned versions, pinned contents (`make vendor`)."""
import hashlib, subprocess, sys, tarfile, tempfile
from pathlib import Path

root = Path(__file__).resolve().parents[1]
lib, site_lib = root/'face_autoencoder'/'deck'/'lib', root/'tools'/'page'/'lib' # of slides, and of the page alone
SANS, MONO = '@fontsource-variable/source-sans-3@5.3.0', '@fontsource-variable/jetbrains-mono@5.3.0'
REVEAL, MATHJAX, SEARCH = 'reveal.js@5.2.1', 'mathjax@3.2.2', 'minisearch@7.2.0'

# package, file in it, name here, first 16 digits of its sha256
FILES = [l.split() for l in f'''
{REVEAL} dist/reveal.js reveal.js 46538b52db487241
{REVEAL} dist/reveal.css reveal.css 68f915a11ebf7203
{REVEAL} plugin/notes/notes.js notes.js df1201d19d03241a
{REVEAL} LICENSE LICENSE-reveal.js.txt 34014800f4126ac2
{MATHJAX} es5/tex-svg.js tex-svg.js d4295dc337448369
{MATHJAX} LICENSE LICENSE-mathjax.txt cfc7749b96f63bd3
{SANS} files/source-sans-3-latin-wght-normal.woff2 sans-latin.woff2 7a19a7027e125257
{SANS} files/source-sans-3-latin-wght-italic.woff2 sans-latin-italic.woff2 9a15dafc2c2b2414
{SANS} files/source-sans-3-latin-ext-wght-normal.woff2 sans-latin-ext.woff2 a85a7459bdb3cdc1
{SANS} files/source-sans-3-greek-wght-normal.woff2 sans-greek.woff2 5360981f035cd430
{SANS} LICENSE LICENSE-source-sans-3.txt 18aabf190848725e
{MONO} files/jetbrains-mono-latin-wght-normal.woff2 mono-latin.woff2 18be452724bfdc23
{MONO} files/jetbrains-mono-greek-wght-normal.woff2 mono-greek.woff2 ee863198077f3093
{MONO} LICENSE LICENSE-jetbrains-mono.txt 403581b69dac5cff
{SEARCH} dist/umd/index.js minisearch.js 03c27931eb603af1
{SEARCH} LICENSE.txt LICENSE-minisearch.txt 70d37354d6395629
'''.splitlines() if l]


def place(name):
    "Where a file lies here"
    return (site_lib if 'minisearch' in name else lib)/name


def digest(content): return hashlib.sha256(content).hexdigest()[:16]


def pack(package, folder):
    "The contents of an npm package: {path: bytes}"
    said = subprocess.check_output(['npm', 'pack', '--silent', package], cwd=folder, text=True)
    with tarfile.open(Path(folder)/said.split()[-1]) as tar:
        return {m.name.partition('/')[2]: tar.extractfile(m).read() for m in tar if m.isfile()}


def vendor():
    "Fetch, compare, and only then write"
    names = dict.fromkeys(f[0] for f in FILES)
    with tempfile.TemporaryDirectory() as folder: packages = {name: pack(name, folder) for name in names}
    digests = [(name, digest(packages[p][path]), sha) for p, path, name, sha in FILES]
    wrong = [f'{name}: {got}, not {sha}' for name, got, sha in digests if got != sha]
    if wrong: sys.exit('not what was pinned, nothing is written:\n' + '\n'.join(wrong))
    for folder in (lib, site_lib): folder.mkdir(parents=True, exist_ok=True)
    for p, path, name, _ in FILES: place(name).write_bytes(packages[p][path])


if __name__ == '__main__': vendor()
