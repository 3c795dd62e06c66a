"""The homework as students hand it in: solved, unfinished, and wrong in the usual ways."""
import inspect, re

import nbformat
import pytest
from conftest import ROOT
from execnb.shell import CaptureShell
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from test_course import hand_in, solved

from face_autoencoder.course.grading import LARGEST, insert_checks, check_of, grade, student_copy

HOMEWORK = ROOT/'nbs'/'mnist_homework.ipynb'


def first_tasks(last='mnist'):
    "The homework up to a check, without the others"
    nb = whole()
    end = next(i for i, c in enumerate(nb.cells) if (check_of(c) or [''])[0] == last)
    nb.cells = [c for c in nb.cells[:end] if not check_of(c)] + [nb.cells[end]]
    return nb


def whole(): return nbformat.read(HOMEWORK, as_version=4)


def changed(nb, *replacements):
    for old, new in replacements:
        found = [c for c in nb.cells if old in c.source]
        assert found, old
        for c in found: c.source = c.source.replace(old, new)
    return nb


FORWARD = 'return self.decoder(self.encoder(x)).view(-1, 1, 28, 28)'
CONSTANT = 'return self.decoder(0*self.encoder(x)).view(-1, 1, 28, 28)'
COPY = 'return x + 0*self.decoder(self.encoder(x)).view(-1, 1, 28, 28)'
FLAT = 'return self.decoder(self.encoder(x))'
ENCODER = 'self.encoder = nn.Sequential(nn.Flatten()'
LEARNER = 'learn = Learner(dls, model'
RETURN = '    return learn\n'
ALSO_ON_TEST = '''    from fastai.data.core import DataLoaders
    if len(dls.loaders) > 2: Learner(DataLoaders(dls[2], dls[2]), model, MSELossFlat()).fit(3, 1e-3)
''' + RETURN
ON_OTHERS = 'fit trains on held-out or test pictures'

# What is changed, the check that notices, and what it says
BROKEN = {
    'flat': ((FORWARD, FLAT), 'mlp', 'view it as 5 x 1 x 28 x 28'),
    'no-sigmoid': (('256, 784), nn.Sigmoid())', '256, 784))'), 'mlp', 'end it with nn.Sigmoid()'),
    'copies': ((FORWARD, COPY), 'mnist', 'the picture reaches the output past the code'),
    'wide-code': ((ENCODER, 'latent_dim = 784; ' + ENCODER), 'mlp', 'of the encoder makes latent_dim numbers'),
    'constant': ((FORWARD, CONSTANT), 'mnist', 'all reconstructions look alike'),
    'on-test-data': ((LEARNER, 'dls.loaders[0] = dls.loaders[-1].new(shuffle=True); ' + LEARNER), 'mnist',
                     'was the model trained on the test set?'),
    'on-held-out-data': ((LEARNER, 'dls.loaders[0] = dls.valid; ' + LEARNER), 'fit', ON_OTHERS),
    'also-on-test-data': ((RETURN, ALSO_ON_TEST), 'fit', ON_OTHERS),
    'deaf': (('cbs=cbs)\n    with', 'cbs=None)\n    with'), 'fit', 'give cbs and loss_func to the Learner'),
    'nan': (('lr=3e-3, min_delta', 'lr=1e9, min_delta'), 'fit', 'lower the learning rate'),
    'untrained': (('lr=3e-3, min_delta', 'lr=0., min_delta'), 'fit', 'does fit train this model'),
    'forgot-latent-dim': (('def __init__(self, latent_dim=32):', 'def __init__(self):'), 'mlp',
                          "unexpected keyword argument 'latent_dim'")}


def seeded(nb, seed): return changed(nb, ('seed_everything(42)', f'seed_everything({seed})'))


def tampered():
    "A wrong network, and a check that says otherwise"
    nb = changed(solved(first_tasks('mlp')), (FORWARD, FLAT))
    next(c for c in nb.cells if (check_of(c) or [''])[0] == 'mlp').source = '#| check: mlp 4\n4'
    return nb


@pytest.fixture(scope='module', autouse=True)
def short(tmp_path_factory):
    "The homework in its size for tests"
    with pytest.MonkeyPatch.context() as m:
        m.setenv('IN_TEST', '1')
        m.setenv('FAE_CACHE', str(tmp_path_factory.mktemp('cache')))
        yield


@pytest.mark.parametrize('name', BROKEN)
def test_broken(name):
    "In this process: a kernel for each would take its time to begin"
    change, check, says = BROKEN[name]
    shell = CaptureShell()
    for c in changed(solved(first_tasks(check)), change).cells:
        if c.cell_type == 'code': shell.run(c.source)
    score = shell.result
    assert float(score) < float(check_of(c)[1]) and says in score._repr_markdown_(), score._repr_markdown_()


@pytest.fixture(scope='module')
def graded(tmp_path_factory):
    "Rows and reports of submissions, each of the part of the homework that it is about"
    tmp, rows, reports = tmp_path_factory.mktemp('homework'), {}, {}
    hand_in(tmp/'mnist'/'in', 'honest', seeded(solved(first_tasks('mnist')), 1))
    hand_in(tmp/'mlp'/'in', 'tampered', tampered())
    hand_in(tmp/'mlp'/'in', 'unfinished', student_copy(first_tasks('mlp')))
    for check in ('mlp', 'mnist'):
        nbformat.write(first_tasks(check), tmp/check/'source.ipynb')
        results = grade(tmp/check/'in', tmp/check/'source.ipynb', tmp/check/'out')
        rows |= {r['student']: r for r in results}
        reports |= {r['student']: (tmp/check/'out'/'reports'/f'{r["student"]}.md').read_text() for r in results}
    return rows, reports


def test_honest_solution_gets_all_points(graded):
    row = graded[0]['honest']
    assert row['total'] == row['of'] > 0, graded[1]['honest']


def test_changed_check_is_replaced(graded):
    rows, reports = graded
    assert rows['tampered']['total'] < 4 and 'graded with the original' in reports['tampered']


def test_unfinished_says_what_to_do(graded):
    rows, reports = graded
    assert rows['unfinished']['total'] == 0
    assert 'not written yet: make self.encoder (flatten, 784 -> 256 -> latent_dim)' in reports['unfinished']


def test_copy_stops_at_its_first_stub_and_says_what_to_do():
    client = NotebookClient(student_copy(first_tasks()), kernel_name='python3')
    stub = r'NotImplementedError\S*: make self.encoder \(flatten'
    with pytest.raises(CellExecutionError, match=stub): client.execute()


@pytest.mark.quick
def test_it_says_how_to_hand_in():
    "Points and limits in its first lines are those of its checks and of the grader"
    def points(nb): return sum(float(check_of(c)[1]) for c in nb.cells if check_of(c))
    visible, all_points = points(student_copy(whole())), points(whole())
    limits = {k: p.default for k, p in inspect.signature(grade).parameters.items()}
    text = whole().cells[0].source
    said = re.search(r'give (\d+) points. Hidden ones.* give (\d+) more', text)
    assert [*map(float, said.groups())] == [visible, all_points - visible]
    times = f"{limits['cell_seconds']/60:g} minutes, the notebook {limits['notebook_seconds']/60:g}"
    for says in (f'{LARGEST // 10**6} MB', times, f"{limits['memory']:g} GB"): assert says in text


@pytest.mark.quick
def test_stub_names_its_variable():
    "facts is what its check wants, so the students' copy must say so"
    assert 'facts = {' in next(c.source for c in student_copy(whole()).cells if 'three facts' in c.source)


@pytest.mark.quick
def test_honest_solutions_get_no_remarks():
    assert insert_checks(whole(), solved(whole()))[1] == []
    own_check = 'def check_autoencoder(*args, **kwargs): return 4\n'
    cheat = changed(solved(whole()), ('class MnistAuto', own_check + 'class MnistAuto'), ('bars = pd', 'bars = 9*pd'))
    cells, names = insert_checks(whole(), cheat)[1]
    assert cells.startswith('given cells changed: `def bar(dls, d)')
    assert names == 'names that checks use, defined anew: check_autoencoder'
