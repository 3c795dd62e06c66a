import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

cfg = ConfigParser(delimiters=['='])
cfg.read(Path(__file__).with_name('settings.ini'))
cfg = cfg['DEFAULT']
package, user, repo, branch = cfg['lib_name'], cfg['user'], cfg['repo'], cfg['branch']
github = f'https://github.com/{user}/{repo}'
statuses = {'3': '3 - Alpha', '4': '4 - Beta', '5': '5 - Production/Stable'}
pages = {'Source': github, 'Issues': f'{github}/issues', 'Course': f'https://{user}.github.io/{repo}/'}


def absolute(link):
    "A link of the README for a page that has no repository around it"
    start, path = link.groups()
    return f"{start}{github}/{'raw' if re.search(r'[.](svg|png|jpe?g|gif|webp)$', path) else 'blob'}/{branch}/{path}"


readme = Path(__file__).with_name('README.md').read_text(encoding='utf-8')
if user: readme = re.sub(r'(\]\(|src="|href=")(?![a-z]+:|#)([^)"\s]+)', absolute, readme)

setup(
    name=package, version=cfg['version'], description=cfg['description'], author=cfg['author'],
    author_email=cfg['author_email'], keywords=cfg['keywords'],
    license_expression='Apache-2.0', license_files=['LICENSE'],
    long_description=readme, long_description_content_type='text/markdown',
    project_urls={name: url for name, url in pages.items() if user},
    classifiers=[
        f"Development Status :: {statuses[cfg['status']]}", f"Intended Audience :: {cfg['audience']}",
        f"Natural Language :: {cfg['language']}", 'Framework :: Jupyter', 'Operating System :: OS Independent',
        *(f'Programming Language :: Python :: {v}' for v in ('3', '3.11', '3.12', '3.13')),
        'Topic :: Education', 'Topic :: Scientific/Engineering :: Artificial Intelligence'],
    packages=find_packages(include=[package + '*']),
    package_data={package: ['pretrained/*/*', 'pretrained_small/*/*', 'deck/*', 'deck/*/*', 'web/*', 'claims/*',
                            'students/*.ipynb']},
    python_requires='>=' + cfg['min_python'],
    install_requires=cfg['requirements'].split(),
    extras_require={name.removesuffix('_requirements'): names.split() for name, names in cfg.items()
                    if name.endswith('_requirements')},
    entry_points={'console_scripts': cfg['console_scripts'].split(), 'nbdev': [f'{package}={package}._modidx:d']})
