"""Colab, as far as it can be had without Colab: a notebook in a real kernel where `google.colab` can be imported."""
import json

import nbformat
import pytest
from conftest import run
from nbclient import NotebookClient

from face_autoencoder.app.explore import bases, slider_labels
from face_autoencoder.runs import load_run

VIEW = 'application/vnd.jupyter.widget-view+json'
FAKE = '''
import gradio, sys, types
sys.modules['google.colab'] = types.ModuleType('google.colab')
gradio.utils.colab_check = lambda: True # Gradio looks at the shell, which here is not Colab's
gradio.networking.url_ok = lambda url: True
asked = []
def setup_tunnel(*args, **kwargs): # in place of the one that makes a public link
    asked.append(args)
    if link is None: raise OSError('no way out')
    return link
gradio.networking.setup_tunnel = setup_tunnel
from face_autoencoder.app.main import app
'''


@pytest.fixture(scope='module')
def notebook(runs):
    "Cells with, without, and with a link that fails"
    launch = f"app('sixteen', {str(runs)!r}).launch"
    with_link = f'link = "https://face.example"\ndemo = {launch}(share=True)'
    failing_link = f'link = None\n{launch}(share=True)'
    version = 'import ipywidgets; ipywidgets.__version__'
    cells = [FAKE, f'{launch}()', 'len(asked)', with_link, failing_link, 'len(asked)', version]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    return NotebookClient(nb, timeout=600, kernel_name='python3').execute() # a fault may hang, a busy machine be slow


def views(cell): return [o.data[VIEW]['model_id'] for o in cell.outputs if VIEW in o.get('data', {})]


def text(cell): return json.dumps(cell.outputs)


def below(model_id, state):
    "The states of a widget and of all in it"
    s = state[model_id]['state']
    return [s] + [x for child in s.get('children', []) for x in below(child.removeprefix('IPY_MODEL_'), state)]


def test_widgets_without_link(notebook, runs):
    cell, asked = notebook.cells[1:3]
    assert len(views(cell)) == 1 and 'share=True' in text(cell)
    assert not any(x in text(cell) for x in ('http', 'iframe', 'proxyPort', 'Gradio Blocks'))
    assert asked.outputs[0].data['text/plain'] == '0'


def test_same_sliders(notebook, runs):
    states = notebook.metadata.widgets['application/vnd.jupyter.widget-state+json']['state']
    box = below(views(notebook.cells[1])[0], states)
    sixteen = load_run(runs/'sixteen')
    sliders = [s for s in box if s['_model_name'] == 'FloatSliderModel' and s['description'].startswith('PC')]
    assert [s['description'] for s in sliders] == slider_labels(sixteen, next(iter(bases(sixteen))))[:8]
    assert {(s['min'], s['max'], s['step'], s['continuous_update']) for s in sliders} == {(-3, 3, 0.05, False)}
    assert [s['format'] for s in box if s['_model_name'] == 'ImageModel'] == ['jpeg']


def test_link_that_was_asked_for(notebook):
    cell = notebook.cells[3]
    assert not views(cell) and '<iframe src=\\"https://face.example' in text(cell)


def test_link_that_fails(notebook):
    cell, asked = notebook.cells[4:6]
    assert len(views(cell)) == 1 and 'Could not create share link' in text(cell)
    assert asked.outputs[0].data['text/plain'] == '2'


def test_page_needs_no_ipywidgets(tmp_path):
    run('python', '-c', 'import sys; sys.modules["ipywidgets"] = None; import face_autoencoder.app', cwd=tmp_path)
