"""Runs on the Hugging Face Hub: the real client, and a server on this machine that answers as the Hub does."""
import base64, hashlib, json, re
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import huggingface_hub
import pytest
import yaml
from conftest import run

from face_autoencoder.app import app
from face_autoencoder.cli import fae_app, fae_export
from face_autoencoder.runs import RunError, load_run, pretrained_dir, push_run

pytestmark = pytest.mark.quick
TOKEN = 'hf_of_this_test'


class Hub(BaseHTTPRequestHandler):
    "What the client asks of the Hub in order to make a model, to upload and to download its files"
    def log_message(self, *args): pass

    def answer(self, content, status=200, **headers):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {'Content-Length': len(content), **headers}.items():
            self.send_header(name.replace('_', '-'), str(value))
        self.end_headers()
        if self.command != 'HEAD': self.wfile.write(content)

    def refuse(self, status, code=''): self.answer(dict(error='refused'), status, X_Error_Code=code)

    def allowed(self, place):
        "Whether the client may see a model"
        mine = self.headers.get('Authorization') == f'Bearer {TOKEN}'
        return place in self.server.models and (mine or place not in self.server.private)

    def do_GET(self):
        path = urlsplit(self.path).path
        models, self.server.asked = self.server.models, [*self.server.asked, path]
        api = re.fullmatch(r'/api/models/([\w.-]+/[\w.-]+)(?:/(revision|tree)/([\w.-]+))?', path)
        file = re.fullmatch(r'/([\w.-]+/[\w.-]+)/resolve/([\w.-]+)/([\w.-]+)', path)
        if not api and not file: return self.refuse(404)
        place = (api or file)[1]
        if not self.allowed(place): return self.refuse(401, 'RepoNotFound')
        version = (api[3] if api else file[2]) or 'main'
        commit = list(models[place])[-1] if version == 'main' else version
        if commit not in models[place]: return self.refuse(404, 'RevisionNotFound')
        files = models[place][commit]
        if api and api[2] == 'tree':
            oids = {n: hashlib.sha1(b).hexdigest() for n, b in files.items()}
            return self.answer([dict(type='file', path=n, size=len(b), oid=oids[n]) for n, b in files.items()])
        if api: return self.answer(dict(id=place, sha=commit, siblings=[dict(rfilename=n) for n in files]))
        if file[3] not in files: return self.refuse(404, 'EntryNotFound')
        content = files[file[3]]
        self.answer(content, X_Repo_Commit=commit, ETag=f'"{hashlib.sha1(content).hexdigest()}"')

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        path, models = urlsplit(self.path).path, self.server.models
        if path == '/api/validate-yaml': return self.answer(dict(errors=[], warnings=[]))
        if self.headers.get('Authorization') != f'Bearer {TOKEN}': return self.refuse(401)
        if path == '/api/repos/create':
            about = json.loads(body)
            place = f"{about['organization']}/{about['name']}"
            if about.get('visibility') == 'private' or about.get('private'): self.server.private.add(place)
            made = dict(url=f'http://127.0.0.1:{self.server.server_port}/{place}', name=place)
            if place in models: return self.answer(dict(made, error='it is there'), 409)
            models[place] = {'0'*40: {'.gitattributes': b''}}
            return self.answer(made)
        place, action = re.fullmatch(r'/api/models/([\w.-]+/[\w.-]+)/(preupload|commit)/main', path).groups()
        if action == 'preupload':
            names = [f['path'] for f in json.loads(body)['files']]
            return self.answer(dict(files=[dict(path=n, uploadMode='regular', shouldIgnore=False) for n in names]))
        files, lines = dict(list(models[place].values())[-1]), [json.loads(l) for l in body.splitlines()]
        for line in lines:
            about = line['value']
            if line['key'] == 'file': files[about['path']] = base64.b64decode(about['content'])
            if line['key'] == 'deletedFile': files.pop(about['path'])
        commit = hashlib.sha1(body).hexdigest()
        models[place][commit] = files
        self.answer(dict(commitUrl=f'http://127.0.0.1/{place}/commit/{commit}', commitOid=commit, success=True))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    "A hub with nothing on it; the client speaks to it, knows its token, and has downloaded nothing yet"
    server = ThreadingHTTPServer(('127.0.0.1', 0), Hub)
    server.models, server.private, server.asked = {}, set(), []
    for name in 'http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY': monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('HF_TOKEN', TOKEN)
    monkeypatch.setenv('FAE_CACHE', str(tmp_path/'cache'))
    for name, value in dict(HF_HUB_CACHE=str(tmp_path/'hub'), HF_HUB_OFFLINE=False, HF_HUB_DISABLE_XET=True).items():
        monkeypatch.setattr(huggingface_hub.constants, name, value)
    connect_to(f'http://127.0.0.1:{server.server_port}', monkeypatch)
    Thread(target=server.serve_forever, args=[.05], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
    huggingface_hub.close_session()


def connect_to(address, monkeypatch):
    "As HF_ENDPOINT does, which the client reads when it is imported"
    monkeypatch.setattr(huggingface_hub.constants, 'ENDPOINT', address)
    files = f'{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}'
    monkeypatch.setattr(huggingface_hub.constants, 'HUGGINGFACE_CO_URL_TEMPLATE', files)
    monkeypatch.setattr(huggingface_hub.hf_api.api, 'endpoint', address)
    huggingface_hub.close_session()


def shipped(name, small=False): return load_run(pretrained_dir(small)/name)
def newest(hub, place): return list(hub.models[place].values())[-1]
def contents(folder): return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_there_and_back(hub, monkeypatch):
    "What was pushed is what is opened, online and offline; a second push replaces it, and the first can still be had"
    faces, lfw = shipped('faces'), shipped('lfw')
    files = contents(faces.path)
    assert push_run(faces, 'ada/faces').endswith('/ada/faces')
    assert newest(hub, 'ada/faces').keys() == files.keys() | {'README.md', 'samples.png', '.gitattributes'}
    newest(hub, 'ada/faces')['evil.py'] = b'import this'
    opened = load_run('hf:ada/faces')
    assert (opened.name, contents(opened.path)) == ('faces', files)
    assert not [a for a in hub.asked if 'evil' in a]
    asked = len(hub.asked)
    with monkeypatch.context() as m:
        m.setattr(huggingface_hub.constants, 'HF_HUB_OFFLINE', True)
        huggingface_hub.close_session()
        assert load_run('hf:ada/faces').path == opened.path and len(hub.asked) == asked
        connect_to('http://127.0.0.1:9', m) # where nobody answers
        m.setattr(huggingface_hub.constants, 'HF_HUB_OFFLINE', False)
        assert load_run('hf:ada/faces').path == opened.path
    huggingface_hub.close_session()
    del newest(hub, 'ada/faces')['evil.py']
    first = list(hub.models['ada/faces'])[-1]
    push_run(lfw, 'ada/faces')
    assert 'latents.npz' not in newest(hub, 'ada/faces')
    assert load_run('hf:ada/faces').config == lfw.config
    assert load_run(f'hf:ada/faces@{first}').path == opened.path


def test_card(hub):
    "The figures are those of the run, and a run of photographs says that it is for research"
    lfw = shipped('lfw')
    push_run(lfw, 'ada/lfw')
    _, head, text = newest(hub, 'ada/lfw')['README.md'].decode().split('---\n', 2)
    head, r = yaml.safe_load(head), lfw.config['results']
    assert [head[k] for k in ('license', 'license_name')] == ['other', 'research-only']
    forms = dict(mse='{:.5f}', eigenfaces_mse='{:.5f}', kl='{:.1f}', prior_distance='{:.3f}', verdict='{}')
    for figure in (form.format(r[k]) for k, form in forms.items()): assert f'| {figure} |' in text, figure
    says = '11,634 to train on', 'must not be used for', 'research and teaching only', 'hf:ada/lfw'
    for words in says: assert words in text, words
    assert newest(hub, 'ada/lfw')['samples.png'].startswith(b'\x89PNG')


def test_commands(hub, tmp_path, capsys, monkeypatch):
    push_run(shipped('healthy', small=True), 'ada/small')
    monkeypatch.chdir(tmp_path)
    assert fae_export(['hf:ada/small', '--out', 'page.html']) is None
    assert (tmp_path/'page.html').stat().st_size > 100_000
    built = app('hf:ada/small')
    assert (built.run.name, built.explorer.names()[0]) == ('small', 'small')
    capsys.readouterr()
    assert fae_app(['--run', 'hf:ada/nowhere']) == 2
    assert capsys.readouterr().err.startswith('fae_app: there is no ada/nowhere on the Hugging Face Hub')


def test_what_stands_in_the_way(hub, monkeypatch):
    "One sentence each"
    faces = shipped('faces')
    def refused(says, do, *args, **kwargs):
        with pytest.raises(RunError, match=re.escape(says)) as e: do(*args, **kwargs)
        assert '\n' not in str(e.value)
    push_run(faces, 'ada/secret', private=True)
    refused('there is no ada/nowhere on the Hugging Face Hub, or it is not for', load_run, 'hf:ada/nowhere')
    refused('ada/secret has no version v9', load_run, 'hf:ada/secret@v9')
    hub.models['ada/bert'] = {'1'*40: {'config.json': b'{"model": "bert"}', 'tokenizer.json': b'{}'}}
    refused('the config.json of bert is not that of a run', load_run, 'hf:ada/bert')
    refused('holds something else than a run, such as tokenizer.json', push_run, faces, 'ada/bert')
    hub.models['ada/text'] = {'2'*40: {'notes.txt': b'notes'}}
    refused('text is not a run: it has no config.json', load_run, 'hf:ada/text')
    push_run(faces, 'ada/cut')
    newest(hub, 'ada/cut')['model.safetensors'] = b'cut'
    refused('model.safetensors of run cut is not the file that was saved', load_run, 'hf:ada/cut')
    monkeypatch.setenv('HF_TOKEN', 'hf_of_somebody_else')
    refused('there is no ada/secret on the Hugging Face Hub, or it is not for everybody', load_run, 'hf:ada/secret')
    refused('log in with `hf auth login`', push_run, faces, 'ada/faces')
    monkeypatch.setattr(huggingface_hub.constants, 'HF_HUB_OFFLINE', True)
    huggingface_hub.close_session()
    for do in load_run, partial(push_run, faces):
        refused("the Hugging Face Hub can't be reached", do, 'hf:ada/secret')
    monkeypatch.setattr(huggingface_hub.constants, 'HF_HUB_OFFLINE', False)
    connect_to('http://127.0.0.1:9', monkeypatch)
    for do in load_run, partial(push_run, faces):
        refused("the Hugging Face Hub can't be reached", do, 'hf:ada/secret')


def test_nobody_else_waits():
    "Who opens a run of this machine doesn't import the Hub's client"
    run('python', '-c', 'import sys, face_autoencoder.runs; sys.exit("huggingface_hub" in sys.modules)')
