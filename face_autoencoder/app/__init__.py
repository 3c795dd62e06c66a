"""The app: `from face_autoencoder.app import app, launch`. The page, and with it Gradio, is loaded only when needed."""


def __getattr__(name): # of the package: PEP 562
    if name not in ('app', 'launch'): raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from . import main
    return getattr(main, name)
