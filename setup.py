from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

cfg = ConfigParser(delimiters=['='])
cfg.read(Path(__file__).with_name('settings.ini'))
cfg = cfg['DEFAULT']
package = cfg['lib_name']

setup(
    name=package, version=cfg['version'], description=cfg['description'], author=cfg['author'],
    author_email=cfg['author_email'], keywords=cfg['keywords'], license='Apache-2.0', license_files=['LICENSE'],
    long_description=Path(__file__).with_name('README.md').read_text(), long_description_content_type='text/markdown',
    packages=find_packages(include=[package + '*']),
    package_data={package: ['pretrained/*/*', 'pretrained_small/*/*', 'deck/*', 'deck/*/*', 'web/*', 'claims/*']},
    python_requires='>=' + cfg['min_python'],
    install_requires=cfg['requirements'].split(), extras_require={'dev': cfg['dev_requirements'].split()},
    entry_points={'console_scripts': cfg['console_scripts'].split(), 'nbdev': [f'{package}={package}._modidx:d']})
