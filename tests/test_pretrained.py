"""The runs that come with the package are what their config says, and reach what the README promises."""
import numpy as np
import pytest
from conftest import skip

from face_autoencoder.data import face_dls, find_lfw
from face_autoencoder.latents import collect_latents, decode_codes
from face_autoencoder.metrics import evaluate_vae
from face_autoencoder.metrics import eigenfaces, eigenfaces_mse
from face_autoencoder.runs import load_run, pretrained_dir

SMALL = {'autoencoder': 'under-regularised', 'healthy': 'healthy', 'under-regularised': 'under-regularised',
         'collapsed': 'collapsed'} # run -> verdict


@pytest.mark.quick
def test_small():
    files = [f for f in pretrained_dir().rglob('*') if f.is_file()]
    assert {f.parent.name for f in files} == {'faces', 'lfw'} and sum(f.stat().st_size for f in files) < 12e6
    for f in files: assert f.suffix in ('.json', '.csv', '.safetensors', '.npz', '.png')
    for run in SMALL: assert sum(f.stat().st_size for f in (pretrained_dir(small=True)/run).iterdir()) < 1.2e6


@pytest.mark.quick
@pytest.mark.parametrize('name', SMALL)
def test_small_runs(name):
    "Four small models, one for each way to weigh the KL; measured anew, they are what they are called"
    run = load_run(pretrained_dir(small=True)/name)
    found = evaluate_vae(run.model, face_dls('faces').valid)
    assert found['kl'] == pytest.approx(run.config['results']['kl'], rel=.01)
    assert found['verdict'] == SMALL[name]


@pytest.mark.parametrize('name, share', [('faces', .60), ('lfw', .80)])
def test_error(name, share):
    "The error on people who weren't trained on, measured anew, beside that of 64 eigenfaces on the same split"
    if name == 'lfw' and not find_lfw(): skip('LFW is not on this machine')
    run, dls = load_run(pretrained_dir()/name), face_dls(name)
    train, valid = [dls.data.images[s] for s in dls.splits]
    mse, bar = evaluate_vae(run.model, dls.valid)['mse'], eigenfaces_mse(eigenfaces(train), valid)
    model, loss, data, results = [run.config[k] for k in ('model', 'loss', 'data', 'results')]
    assert (mse, bar) == pytest.approx((results['mse'], results['eigenfaces_mse']), rel=1e-3)
    assert (model['latent_dim'], model['base_channels'], model['image_size']) == (64, 32, 64)
    assert (loss['loss'], loss['reduction'], loss['beta']) == ('log_mse', 'sum', 1)
    assert (data['split'], data['split_seed']) == ('identity', 42)
    assert mse <= share*bar


@pytest.mark.parametrize('name, top8, top16', [('faces', .72, .85), ('lfw', .65, .80)])
def test_components(name, top8, top16):
    "Both PCAs and the directions belong to the codes that are kept, and few sliders hold most of the image variance"
    run = load_run(pretrained_dir()/name)
    for p in (run.pca, run.decoder_pca):
        coords = p.transform(run.latents.train.mu)
        assert np.cov(coords.T) == pytest.approx(np.eye(64), abs=.01)
        assert p.inverse_transform(coords) == pytest.approx(run.latents.train.mu, abs=.01)
    assert len(run.directions) >= 3
    mu = run.latents.train.mu
    for step in run.directions.values(): assert (mu @ step).std() == pytest.approx(step @ step, rel=.01) # one σ long
    share = run.decoder_pca.explained_variance_ratio_.cumsum()
    assert share[7] >= top8 and share[15] >= top16
    pictures = [len(run.latents.train.index), len(run.latents.valid.index)]
    assert pictures == [run.config['data'][k] for k in ('n_train', 'n_valid')]


@pytest.mark.quick
@pytest.mark.parametrize('name', ['faces', 'lfw'])
def test_mean_face_has_no_comb(name):
    "Rows of the mean face have no pattern of period 4, as transposed convolutions paint it"
    run = load_run(pretrained_dir()/name)
    grey = decode_codes(run.model, run.pca.mean_[None])[0].mean(0).numpy()
    energy = np.abs(np.fft.fft(grey, axis=0)).mean(1) # by frequency, down the face
    assert energy[16] <= 1.1*energy[[13, 14, 15, 17, 18, 19]].mean()


@pytest.mark.quick
@pytest.mark.parametrize('name', ['faces', 'lfw'])
def test_codes_have_their_own_scale(name):
    "E[mu] = 0 and E[mu² + sigma²] = 1 over the training pictures, up to the weights' 16 bits; and samples are faces"
    if name == 'lfw' and not find_lfw(): skip('LFW is not on this machine')
    run, dls = load_run(pretrained_dir()/name), face_dls(name)
    train = collect_latents(run.model, dls).train
    assert abs(train.mu.mean(0)).max() < .02
    assert (train.mu**2 + np.exp(train.logvar)).mean(0) == pytest.approx(np.ones(64), abs=.02)
    assert run.config['results']['kl'] < run.config['results']['kl_as_trained']
    assert evaluate_vae(run.model, dls.valid)['verdict'] == 'healthy'
