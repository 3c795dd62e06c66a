"""Trainings whose steps are timed, as those of `train_run` but from any seed, on the pinned split."""
import tempfile, time
from statistics import mean, stdev

from fastai.callback.core import Callback, CancelValidException
from fastai.callback.progress import ProgressCallback
from scipy.stats import t as student

from face_autoencoder.callbacks import seed_everything
from face_autoencoder.metrics import evaluate_vae
from face_autoencoder.model import ConvVAE
from face_autoencoder.train import prepare_run


class Seconds(Callback):
    "Time of the training steps"
    order, total = 100, 0.
    def before_train(self): self.start = time.perf_counter()
    def after_train(self): self.total += time.perf_counter() - self.start
    def before_validate(self): raise CancelValidException


def prepared(data, epochs, seed, **settings):
    "A learner of `train_run` with new weights, and the settings of its training"
    with tempfile.TemporaryDirectory() as out: plan = prepare_run(data=data, out=out, epochs=epochs, **settings)
    seed_everything(seed)
    plan.learn.model.load_state_dict(ConvVAE().state_dict())
    return plan.learn, plan.config['training']


def timed(learn, how, *args):
    "Seconds of a training without validation, by a method of the learner, and the error on new people after it"
    learn.remove_cb(ProgressCallback)
    seconds = Seconds()
    with learn.no_logging(): getattr(learn, how)(*args, cbs=seconds)
    return seconds.total, evaluate_vae(learn.model, learn.dls.valid)['mse']


def interval(x, digits=1):
    "Mean and 95 % interval (Student's t) in words"
    if len(x) < 2 or float('inf') in x: return f'{mean(x):.{digits}f}'
    half = student.ppf(.975, len(x) - 1)*stdev(x)/len(x)**.5
    return f'{mean(x):.{digits}f} ± {half:.{digits}f}'
