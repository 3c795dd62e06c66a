"""The app: `from face_autoencoder.app import app, launch`. The page, and with it Gradio, is loaded only when needed."""


def __getattr__(name): # of the package: PEP 562
    if name not in ('app', 'launch'): raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    try: from . import main
    except ModuleNotFoundError as e:
        if e.name != 'gradio': raise
        raise ModuleNotFoundError("the app needs Gradio: pip install 'face_autoencoder[app]'", name=e.name) from None
    return getattr(main, name)
