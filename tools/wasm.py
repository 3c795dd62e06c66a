"""Assemble face_autoencoder/web/matmul.wat with npm's wabt, and write its bytes into vae.js (`make wasm`)."""
import re, subprocess, tempfile
from pathlib import Path

web = Path(__file__).resolve().parents[1]/'face_autoencoder'/'web'
WABT = 'wabt@1.0.39'
ASSEMBLE = '''
require('wabt')().then(wabt => {
  const text = require('fs').readFileSync(process.argv[1], 'utf8')
  process.stdout.write(Buffer.from(wabt.parseWat('matmul.wat', text).toBinary({}).buffer).toString('base64'))
})'''


def assemble(wat):
    "The module as base64"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(['npm', 'install', '--silent', WABT], cwd=folder, check=True)
        return subprocess.check_output(['node', '-e', ASSEMBLE, wat], cwd=folder, text=True)


if __name__ == '__main__':
    js = web/'vae.js'
    js.write_text(re.sub("(?<=const MATMUL = ')[^']*", assemble(web/'matmul.wat'), js.read_text()))
