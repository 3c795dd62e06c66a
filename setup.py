from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

cfg = ConfigParser(delimiters=['='])
cfg.read(Path(__file__).with_name('settings.ini'))
cfg = cfg['DEFAULT']

setup(
    name=cfg['lib_name'], version=cfg['version'], description=cfg['description'], author=cfg['author'],
    author_email=cfg['author_email'], keywords=cfg['keywords'], license='Apache-2.0', license_files=['LICENSE'],
    long_description=Path(__file__).with_name('README.md').read_text(), long_description_content_type='text/markdown',
    packages=find_packages(include=[cfg['lib_name'] + '*']),
    package_data={cfg['lib_name']: ['pretrained/*/*', 'deck/*', 'deck/*/*']}, python_requires='>=' + cfg['min_python'],
    install_requires=cfg['requirements'].split(), extras_require={'dev': cfg['dev_requirements'].split()},
    entry_points={'console_scripts': cfg['console_scripts'].split(), 'nbdev': ['%(lib_name)s=%(lib_name)s._modidx:d' % cfg]})
