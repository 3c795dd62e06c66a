"""The app: `from face_autoencoder.app import app, launch`; the page, and with it Gradio, is loaded only when one is asked for"""


def __getattr__(name): # of the package: PEP 562
    if name not in ('app', 'launch'): raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from . import main
    return getattr(main, name)
