"""The lecture: every topic of its list has a section, every claim its place, and no verdict is out of date."""
import csv, re
from functools import cache

import nbformat
import pytest
from conftest import ROOT
from notebooks import find

from face_autoencoder.core import have, shared_dir
from face_autoencoder.evidence import judge, read_claims, read_models, read_rules

COVERAGE = list(csv.DictReader(open(ROOT/'nbs'/'lesson5_coverage.csv', newline='', encoding='utf-8')))
LESSON, TRAINING = 'lesson5_vae', 'face_autoencoder_training'
EXPERIMENTS = sorted(p.stem for p in (ROOT/'nbs'/'experiments').glob('*.ipynb'))
CLAIMS, RULES, MODELS = read_claims(), read_rules(), read_models()
pytestmark = pytest.mark.quick


@cache
def sections(notebook):
    "Heading of `##` or `###` -> its cells, until the next one"
    found, cells = {}, []
    for c in nbformat.read(find(notebook), as_version=4).cells:
        heading = re.match(r'#{1,3} (.+)', c.source) if c.cell_type == 'markdown' else None
        if heading: cells = found.setdefault(heading[1].strip(), [])
        cells.append(c)
    return found


def label(cell):
    found = re.search(r'^#\|\s*(?:label|check):\s*([\w.-]+)', cell.source, re.M) if cell.cell_type == 'code' else None
    return found and found[1]


def said(cell): return ' '.join(str(o.get('data', {}).get('text/markdown', '')) for o in cell.outputs)
def shows_picture(cell): return any(kind.startswith('image/') for o in cell.outputs for kind in o.get('data', {}))
def all_cells(notebook): return [c for cells in sections(notebook).values() for c in cells]
def code_cells(notebook=LESSON): return [c for c in all_cells(notebook) if c.cell_type == 'code']
def shown(cell): return re.findall(r"'([\w-]+)'", cell.source.partition('show_claims(')[2])
def verdicts(): return {label(c): c for c in code_cells() if re.search(r'^show_(claims|check)\(', c.source, re.M)}


@pytest.mark.parametrize('row', COVERAGE, ids=[r['id'] for r in COVERAGE])
def test_topic_is_taught_and_measured(row):
    taught = sections(row['notebook'])
    assert row['section'] in taught, f"{row['notebook']} has no section {row['section']!r}"
    if not row['cell']: return
    cells = [c for c in taught[row['section']] if label(c) == row['cell']]
    assert len(cells) == 1, f"no cell {row['cell']} in that section"
    if row['claims'] and row['notebook'] == LESSON: assert row['cell'] in verdicts()


def test_list_is_complete():
    "Each line of the lesson's brief belongs to a topic, and each heading and bullet is one"
    lines, ids = [int(r['line']) for r in COVERAGE], [r['id'] for r in COVERAGE]
    assert lines == sorted(set(lines)) and len(set(ids)) == len(ids) and len({r['title'] for r in COVERAGE}) == len(ids)
    if not have(shared_dir()/'seed', "the lesson's brief"): pytest.skip("the lesson's brief is not on this machine")
    brief = next((shared_dir()/'seed').glob('*.txt')).read_text(encoding='utf-8').splitlines()
    assert lines[0] == 1 and {i for i, l in enumerate(brief, 1) if l.startswith('- ')} <= set(lines)


def test_every_verdict_is_in_the_list():
    assert len(verdicts()) > 30 and set(verdicts()) - {None} <= {r['cell'] for r in COVERAGE}


@pytest.mark.parametrize('notebook', ['lesson5_vae', *EXPERIMENTS])
def test_shown_verdicts_are_those_of_the_tables(notebook):
    "What a saved output says of a claim is what its rules say of today's rows"
    for cell in (c for cells in sections(notebook).values() for c in cells):
        for claim in shown(cell):
            assert CLAIMS.taught[claim] in said(cell) and judge(claim, RULES, MODELS).text in said(cell), claim


def test_every_claim_is_shown_where_it_is_taught():
    for name, claim in CLAIMS.iterrows():
        cells = [c for cells in sections(claim.taught_in).values() for c in cells]
        assert any(name in shown(c) for c in cells), f'{claim.taught_in} does not show {name}'


def test_claims_and_topics_agree():
    "A claim names lines of the brief, and these topics name it"
    lines = {int(r['line']): r['claims'].split() for r in COVERAGE}
    for name, claim in CLAIMS.iterrows():
        for line in filter(None, claim.lines.split(', ')): assert name in lines.get(int(line), [name]), (name, line)


def test_no_number_is_typed_into_a_check():
    "What was measured is an f-string that computes"
    for name, cell in verdicts().items():
        if 'show_check(' in cell.source: assert re.search(r'\bf["\'].*\{', cell.source), name


@pytest.mark.parametrize('notebook', [LESSON, TRAINING])
def test_figures_say_what_they_show(notebook):
    for c in filter(shows_picture, code_cells(notebook)): assert '#| fig-alt: ' in c.source, c.source[:80]


@pytest.mark.parametrize('notebook, n', [(LESSON, 6), (TRAINING, 2)])
def test_exercises_are_solved(notebook, n):
    "Each has a region to be written, and ours has all points"
    cells = code_cells(notebook)
    checks = [(c, found[1]) for c in cells if (found := re.search(r'^#\| check: \S+ (\d+)$', c.source, re.M))]
    assert len(checks) == sum('### BEGIN SOLUTION' in c.source for c in cells) >= n
    for c, points in checks: assert f'**{points} of {points} points**' in said(c), label(c)
