"""The homework in other styles, with a mistake in `fit`, and with star imports."""
import ast, builtins, importlib, textwrap

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from test_course import hand_in, solved

from face_autoencoder.course.checks import remarks_in, watch_code
from face_autoencoder.course.grading import check_of, grade, insert_checks, student_copy



def without_clothes(nb):
    "Without the section that asks the same of other pictures, which takes its time"
    heads = [c.source.split('\n')[0] for c in nb.cells]
    del nb.cells[heads.index('## 3 Clothes'):heads.index('## 4 Noise')]
    return nb


SOURCE = without_clothes(nbformat.read(ROOT/'nbs'/'mnist_homework.ipynb', as_version=4))
CHECKS = [c for c in SOURCE.cells if check_of(c)]


def given():
    "Code cells that students don't write"
    return [c for c in student_copy(SOURCE).cells if c.cell_type == 'code' and 'nbgrader' not in c.metadata]


def names_in(cells): return {n.id for c in cells for n in ast.walk(ast.parse(c.source)) if isinstance(n, ast.Name)}


# Other ways to solve it: (what our cell begins with, another student's)
OWN_LOOP = {
    'def draw': """
        def draw(codes, n):
            return torch.distributions.MultivariateNormal(codes.mean(0), codes.T.cov()).sample((n,))""",
    'class MnistVAE': """
        class MnistVAE(nn.Module):
            def __init__(self, latent_dim=32):
                super().__init__()
                self.body = nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.GELU())
                self.mu, self.logvar = nn.Linear(300, latent_dim), nn.Linear(300, latent_dim)
                self.decoder = nn.Sequential(nn.Linear(latent_dim, 300), nn.GELU(), nn.Linear(300, 784), nn.Sigmoid(),
                                             nn.Unflatten(1, (1, 28, 28)))
            def reparameterize(self, mu, logvar): return torch.distributions.Normal(mu, logvar.mul(.5).exp()).rsample()
            def forward(self, x):
                h = self.body(x)
                mu, logvar = self.mu(h), self.logvar(h)
                return VAEOutput(self.decoder(self.reparameterize(mu, logvar) if self.training else mu), mu, logvar)""",
    'EPOCHS =': """
        def fit(model, dls, loss_func=None, cbs=None, lr=6e-3, min_delta=None):
            cbs = cbs or []
            learn = Learner(dls, model, loss_func=loss_func or F.mse_loss, cbs=cbs)
            optimizer = torch.optim.Adam(model.parameters(), lr)
            for epoch in range(32):
                for group in optimizer.param_groups: group['lr'] = lr*(1 - epoch/32)
                model.train()
                for x, y in dls.train:
                    learn.xb, learn.yb = (x,), (y,)
                    for cb in cbs: cb('before_batch')
                    optimizer.zero_grad()
                    learn.loss_func(model(learn.x), learn.y).backward()
                    optimizer.step()
                model.eval()
                held_out = [learn.loss_func(model(x), y).item() for x, y in dls.valid] # with gradients on
                for cb in cbs: cb('after_epoch')""",
    'class AddNoise': """
        class AddNoise(Callback):
            def __init__(self, sigma): self.sigma, self.draws = sigma, torch.Generator().manual_seed(7)
            def before_batch(self):
                noise = torch.randn(self.x.shape, generator=self.draws).to(self.dls.device)
                self.learn.xb = (self.x + self.sigma*noise,)""",
    'def encode': """
        def encode(model, x):
            codes = []
            for batch in x.split(64): codes.extend(model.encoder(batch).detach())
            return torch.stack(codes)"""}
LAZY = {
    'class AddNoise': """
        class AddNoise(Callback):
            def __init__(self, sigma): self.sigma = sigma
            def before_batch(self): self.learn.xb = (torch.normal(self.x, self.sigma),)""",
    'class MnistAutoencoder': """
        class MnistAutoencoder(nn.Module):
            def __init__(self, latent_dim=32):
                super().__init__()
                self.down, self.code = nn.LazyLinear(256), nn.LazyLinear(latent_dim)
                self.up, self.pixels = nn.LazyLinear(256), nn.LazyLinear(784)
            def encoder(self, x): return self.code(F.relu(self.down(x.reshape(len(x), -1))))
            def decoder(self, z): return self.pixels(F.relu(self.up(z)))
            def forward(self, x): return torch.sigmoid(self.decoder(self.encoder(x))).reshape(x.shape)""",
    'class CnnAutoencoder': """
        class CnnAutoencoder(nn.Module):
            def __init__(self, latent_dim=32):
                super().__init__()
                self.a, self.b = nn.LazyConv2d(24, 4, 2, 1), nn.LazyConv2d(32, 4, 2, 1)
                self.code, self.grid = nn.LazyLinear(latent_dim), nn.LazyLinear(32*7*7)
                self.c, self.d = nn.LazyConvTranspose2d(24, 4, 2, 1), nn.LazyConvTranspose2d(1, 4, 2, 1)
            def encoder(self, x): return self.code(F.silu(self.b(F.silu(self.a(x)))).flatten(1))
            def decoder(self, z): return self.d(F.silu(self.c(F.silu(self.grid(z)).view(-1, 32, 7, 7))))
            def forward(self, x): return torch.sigmoid(self.decoder(self.encoder(x)))""",
    'class MnistVAE': """
        class MnistVAE(nn.Module):
            def __init__(self, latent_dim=32):
                super().__init__()
                self.encoder = nn.Sequential(nn.Flatten(), nn.LazyLinear(256), nn.ReLU(), nn.LazyLinear(2*latent_dim))
                self.decoder = nn.Sequential(nn.LazyLinear(256), nn.ReLU(), nn.LazyLinear(784))
            def reparameterize(self, mu, logvar): return reparameterize(mu, logvar)
            def forward(self, x):
                mu, logvar = self.encoder(x).tensor_split(2, 1)
                z = self.reparameterize(mu, logvar) if self.training else mu
                return VAEOutput(torch.sigmoid(self.decoder(z)).view(-1, 1, 28, 28), mu, logvar)"""}
STAR = 'from fastai.vision.all import *\n'
FASTAI = {
    'class MnistAutoencoder': STAR + """
class MnistAutoencoder(Module):
    def __init__(self, latent_dim=32):
        self.encoder = sequential(Flatten(), LinBnDrop(784, 256, bn=False, act=nn.ReLU()), nn.Linear(256, latent_dim))
        self.decoder = sequential(LinBnDrop(latent_dim, 256, bn=False, act=nn.ReLU()), nn.Linear(256, 784),
                                  SigmoidRange(0, 1), ResizeBatch(1, 28, 28))
    def forward(self, x): return self.decoder(self.encoder(x))""",
    'class CnnAutoencoder': """
        class CnnAutoencoder(Module):
            def __init__(self, latent_dim=32):
                up = partial(ConvLayer, stride=2, ks=4, padding=1, transpose=True)
                self.encoder = sequential(ConvLayer(1, 16, stride=2), ConvLayer(16, 32, stride=2), Flatten(),
                                          nn.Linear(32*7*7, latent_dim))
                self.decoder = sequential(nn.Linear(latent_dim, 32*7*7), ResizeBatch(32, 7, 7), up(32, 16),
                                          up(16, 1, norm_type=None, act_cls=None), SigmoidRange(0, 1))
            def forward(self, x): return self.decoder(self.encoder(x))"""}


def written(parts):
    "The solved homework, with other cells in place of some of ours"
    nb = solved(SOURCE)
    for begin, theirs in parts.items():
        cell, = [c for c in nb.cells if c.source.startswith(begin)]
        cell.source = textwrap.dedent(theirs).strip()
    return nb


def run(nb, tmp_path, monkeypatch):
    "Points of each check, what they show, and remarks, of a notebook in the short size"
    monkeypatch.setenv('IN_TEST', '1')
    monkeypatch.setenv('FAE_CACHE', str(tmp_path/'cache'))
    first = watch_code(['face_autoencoder.course.checks'], names_in([*given(), *CHECKS]))
    inserted, remarks = insert_checks(SOURCE, nb)
    cells = [new_code_cell(first), *[c for c in inserted if c.cell_type == 'code']]
    ran = new_notebook(cells=[new_code_cell(c.source, id=c.id) for c in cells])
    NotebookClient(ran, allow_errors=True, kernel_name='python3', timeout=None).execute()
    def scores(c): return [o for o in c.outputs if o.output_type == 'execute_result']
    results = {check_of(c)[0]: scores(c) for c in ran.cells if check_of(c)}
    points = {k: float(r[0].data['text/plain']) if r else 0. for k, r in results.items()}
    shown = {k: ''.join(o.data.get('text/markdown', '') for o in r) for k, r in results.items()}
    errors = [o for c in ran.cells for o in c.outputs if o.output_type == 'error']
    said = [o.text for c in ran.cells for o in c.outputs if o.output_type == 'stream']
    return points, shown, errors, ''.join(said), sum([remarks_in(c.outputs) for c in ran.cells], remarks)


ALL_POINTS = {check_of(c)[0]: float(check_of(c)[1]) for c in CHECKS}


def test_other_styles_get_all_points_where_there_is_no_data(tmp_path, monkeypatch):
    "A loop of their own for networks of fastai, graded as it is handed in, where neither data nor network is there"
    monkeypatch.setenv('IN_TEST', '1')
    monkeypatch.setenv('FAE_CACHE', str(tmp_path/'cache'))
    monkeypatch.setenv('FAE_SHARED', 'nowhere')
    hand_in(tmp_path/'in', 'ada', written(FASTAI | OWN_LOOP))
    nbformat.write(SOURCE, tmp_path/'source.ipynb')
    row, = grade(tmp_path/'in', tmp_path/'source.ipynb', tmp_path/'out')
    report = (tmp_path/'out'/'reports'/'ada.md').read_text()
    assert row['total'] == row['of'] > 70 and not row['remarks'], report
    assert not [c for c in row['cells'] if c['error']] and 'of the course' not in report, report
    assert any('scikit-learn digits' in c['text'] for c in row['cells'])


BROKEN_FIT = 'def fit(model, dls, loss_func=None, cbs=None, **options): return Learner(dls, modle)'


def test_a_mistake_in_fit_costs_its_own_points(tmp_path, monkeypatch):
    "Those of its checks, and in the two checks of trained networks those of the training; its networks are lazy"
    points, shown, errors, said, _ = run(written(LAZY | {'EPOCHS =': BROKEN_FIT}), tmp_path, monkeypatch)
    lost = {k: ALL_POINTS[k] - p for k, p in points.items() if p < ALL_POINTS[k]}
    assert lost == {'fit': 5, 'fit-other-pictures': 5, 'mnist': 3, 'mnist-cnn': 3}, (shown, errors)
    helped = 'trained by the fit of the course, since yours could not train it'
    assert f"MnistAutoencoder: {helped} (NameError: name 'modle'" in said and helped in shown['mnist-cnn']
    assert not errors


@pytest.mark.quick
@pytest.mark.parametrize('star', ['fastai.vision.all', 'fastai.basics', 'torch.nn', 'torch.nn.functional'])
def test_star_imports_of_the_course_leave_given_names_alone(star):
    "Nor do they take the place of a function that the tasks ask for"
    defined = {}
    for c in given()[:3]: exec(c.source, defined) # the imports
    module, used = importlib.import_module(star), names_in([*given(), *CHECKS])
    new = {k: getattr(module, k) for k in getattr(module, '__all__', dir(module)) if k in used}
    assert [k for k, v in new.items() if defined.get(k, getattr(builtins, k, None)) is not v] == []


@pytest.mark.quick
@pytest.mark.parametrize('star', ['torch', 'numpy', 'pandas', 'math', 'fastcore.all'])
def test_star_imports_leave_checks_alone(star):
    module, used = importlib.import_module(star), names_in(CHECKS)
    assert [k for k in getattr(module, '__all__', dir(module)) if k in used] == []
