"""What people type first at a fastai prompt, and the lesson's own line, on our learners and without a network."""
import warnings
from functools import cache
from unittest.mock import patch
from urllib.error import URLError

import numpy as np
import pytest
import torch
from fastai.callback.fp16 import MixedPrecision
from fastai.learner import Learner, load_learner
from matplotlib import pyplot as plt
from PIL import Image
from torchvision.models import vgg16

from face_autoencoder.callbacks import LossLogger, VAEMixedPrecision
from face_autoencoder.data import face_dls, mnist_dls
from face_autoencoder.losses import HybridVAELoss, PerceptualVAELoss, VAELoss
from face_autoencoder.model import ConvVAE, MnistAutoencoder, VAEOutput
from face_autoencoder.train import prepare_run

pytestmark = pytest.mark.quick
plt.switch_backend('agg')
LAYERS = 'relu1_2', 'relu2_2', 'relu3_3', 'relu4_3'


@pytest.fixture
def no_network(tmp_path):
    "Nothing can be downloaded, and torch's folder for weights is empty"
    offline = patch('torch.hub.download_url_to_file', side_effect=URLError('no network'))
    with offline, patch('torch.hub.get_dir', return_value=str(tmp_path/'hub')): yield tmp_path/'hub'/'checkpoints'


@cache
def dls(): return face_dls(size=32, bs=16, limit=80)

def plain(folder):
    torch.manual_seed(0)
    return Learner(dls(), ConvVAE(8, 3, 8, 32), VAELoss(1, True, 'sum'), cbs=LossLogger(), path=folder)

def planned(folder):
    sizes = dict(limit=80, image_size=32, bs=16, latent_dim=8, base_channels=8)
    learn = prepare_run(out=folder, **sizes).learn
    learn.path = folder
    return learn

@pytest.fixture(params=[plain, planned])
def learn(request, tmp_path):
    "A learner after one epoch"
    learn = request.param(tmp_path)
    with learn.no_bar(), learn.no_logging():
        learn.fit(1)
        yield learn
    plt.close('all')


# Perceptual losses

def output_and_target():
    x = 2*torch.rand(2, 3, 32, 32) - 1
    return VAEOutput((.5*x).requires_grad_(), torch.zeros(2, 4), torch.zeros(2, 4)), x

@pytest.mark.parametrize('layer', LAYERS)
def test_the_lessons_line_runs_without_a_network(no_network, layer):
    with pytest.warns(UserWarning, match='could not be loaded.*run once with network access, or put vgg16') as said:
        loss = PerceptualVAELoss(beta=1.0, feature_layer=layer)
    assert len(said) == 1 and loss.network == 'RandomFeatures'
    output, target = output_and_target()
    loss(output, target).backward()
    assert output.reconstruction.grad.abs().max() > 0


def test_vgg16_is_taken_where_its_weights_are(no_network):
    weights = {f'features.{name}': w for name, w in vgg16().features[:4].state_dict().items()}
    no_network.mkdir(parents=True)
    torch.save(weights, no_network/'vgg16-397923af.pth')
    with warnings.catch_warnings(action='error'): loss = PerceptualVAELoss(feature_layer='relu1_2')
    assert loss.network == 'VGG16Features' and loss(*output_and_target()).isfinite()


def test_a_run_remembers_the_network(no_network, tmp_path):
    with pytest.warns(UserWarning, match='Random filters'):
        plan = prepare_run(out=tmp_path, loss='hybrid', limit=80, image_size=32, base_channels=8)
    assert plan.config['loss']['network'] == 'RandomFeatures'


def test_a_layer_that_vgg16_has_not_is_an_error(no_network):
    with pytest.raises(ValueError, match='no layer relu3_1: known are relu1_2, relu2_2, relu3_3, relu4_3'):
        HybridVAELoss(feature_layer='relu3_1')


# A learner's methods

def test_lr_find(learn):
    before, rows = [p.clone() for p in learn.model.parameters()], learn.loss_logger.rows
    suggested = learn.lr_find()
    losses = torch.stack(learn.recorder.losses)
    assert len(losses) > 50 and losses[:20].max() < 0 and 1e-6 < suggested.valley < 10
    assert all(map(torch.equal, learn.model.parameters(), before)) and learn.loss_logger.rows is rows


def test_get_preds(learn):
    output, target = learn.get_preds()
    images = dls().data.images[dls().splits[1]]
    assert type(output) is VAEOutput and torch.equal(dls().valid.to_bytes(target), images)
    with torch.no_grad(): mu, _ = learn.model.eval().encode(target.to(learn.dls.device))
    torch.testing.assert_close(output.mu, mu.cpu(), rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="must be 'mean' or 'sum', not 'none'"): learn.get_preds(with_loss=True)
    assert learn.loss_func.reduction == 'sum'


def test_show_results(learn):
    learn.show_results(max_n=5)
    height, width, _ = plt.gca().images[0].get_array().shape
    assert 2*32 <= height < 3*32 and 5*32 <= width < 6*32


def test_summary(learn):
    n = sum(p.numel() for p in learn.model.parameters())
    assert 'ConvVAE (Input shape: 16 x 3 x 32 x 32)' in (said := learn.summary()) and f'Total params: {n:,}' in said


def test_what_is_logged_of_a_training_stays(learn):
    rows = learn.loss_logger.rows
    for ask in (learn.validate, learn.get_preds, learn.show_results, learn.summary): ask()
    assert learn.loss_logger.rows is rows and len(rows) == 1
    assert learn.validate()[0] == pytest.approx(rows[0]['objective'], rel=1e-3)
    learn.fit(2)
    assert len(learn.loss_logger.rows) == 2


def test_predict(learn, tmp_path):
    x = dls().valid.one_batch()[0][0]
    array = dls().valid.to_bytes(x).permute(1, 2, 0).numpy()
    Image.fromarray(array).save(tmp_path/'face.png')
    forms = str(tmp_path/'face.png'), tmp_path/'face.png', Image.fromarray(array), array, x, dls().valid.to_bytes(x)
    answers = [learn.predict(picture) for picture in forms]
    for image, decoded, _ in answers:
        assert image.size == (32, 32) and np.array_equal(image, answers[0][0]) and decoded.shape == x.shape
    with torch.no_grad(): wanted = learn.model.eval()(x[None]).reconstruction[0].cpu()
    torch.testing.assert_close(answers[0][1], wanted, rtol=1e-3, atol=1e-4)
    with pytest.raises(OSError, match="nobody.png can't be read: not a file"): learn.predict(tmp_path/'nobody.png')
    (tmp_path/'text.png').write_text('no picture')
    with pytest.raises(OSError, match="text.png can't be read: not an image file"): learn.predict(tmp_path/'text.png')


def test_a_plain_autoencoder_of_digits():
    learn = Learner(mnist_dls(limit=50), MnistAutoencoder(4), loss_func=torch.nn.MSELoss())
    with learn.no_bar():
        image, *_ = learn.predict(Image.new('RGB', (40, 60), 'red'))
        learn.show_results(max_n=3)
    assert (image.size, image.mode) == ((28, 28), 'L')
    plt.close('all')


@pytest.mark.parametrize('cbs', [[], [VAEMixedPrecision]])
def test_to_fp16(tmp_path, cbs):
    "fastai's scaler and autocast are for GPUs: those of a CPU stand in for them"
    scaler = patch('fastai.callback.fp16.GradScaler', lambda device, **kwargs: torch.amp.GradScaler('cpu', **kwargs))
    cast = patch('fastai.callback.fp16.autocast', lambda device, dtype: torch.autocast('cpu', torch.bfloat16))
    learn = plain(tmp_path).add_cbs([cb() for cb in cbs]).to_fp16()
    with scaler, cast, learn.no_bar(), learn.no_logging(): learn.fit(1)
    assert learn.pred is None and len(learn.loss_logger.rows) == 1 and not torch.is_autocast_enabled('cpu')
    assert not learn.to_fp32()._grab_cbs(MixedPrecision)


def test_export_and_load_learner(learn, tmp_path):
    image, *_ = learn.predict(dls().data.images[0])
    learn.export()
    size, weights = (tmp_path/'export.pkl').stat().st_size, sum(p.numel()*4 for p in learn.model.parameters())
    assert size < 1.5*weights + 100_000 # none of the pictures
    with warnings.catch_warnings(action='ignore'): loaded = load_learner(tmp_path/'export.pkl')
    with loaded.no_bar(): assert np.array_equal(loaded.predict(dls().data.images[0])[0], image)
    assert len(loaded.dls.valid_ds) == 0 and len(learn.dls.valid_ds) == len(dls().splits[1])
