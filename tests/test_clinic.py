"""The clinic as students hand it in: healed, and with every patient as sick as before."""
import re

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from test_course import hand_in, solved

from face_autoencoder.course.grading import check_of, grade, student_copy

CLINIC = ROOT/'nbs'/'clinic.ipynb'

# What the check of each patient says if nothing was healed
SAYS = {1: 'look at what each of the two terms is divided by',
        2: 'look at the sign and at the factor of your KL',
        3: 'look at what turns bytes into floats',
        4: 'decode mu when self.training is False',
        5: 'look at how z is made',
        6: 'split people, not pictures',
        7: 'look at how sigma comes from logvar',
        8: 'which layers look at the batch?',
        9: 'which number of an epoch does not depend on the β of that day?',
        10: 'nothing but z may reach the picture'}


def clinic(): return nbformat.read(CLINIC, as_version=4)


def unhealed():
    "The students' copy, in which each repair is the sick thing itself"
    nb = solved(clinic())
    for c in nb.cells:
        if 'BEGIN SOLUTION' not in c.source: continue
        for name in re.findall(r'^(?:class|def) ([Hh]ealed\d+)', c.source, re.M):
            c.source = f'{name} = {name.replace("ealed", "atient").replace("H", "P").replace("h", "p")}'
    return nb


@pytest.fixture(scope='module')
def graded(tmp_path_factory):
    "What two students get, with their reports"
    tmp = tmp_path_factory.mktemp('clinic')
    hand_in(tmp/'in', 'healed', solved(clinic()))
    hand_in(tmp/'in', 'unhealed', unhealed())
    with pytest.MonkeyPatch.context() as m:
        m.setenv('IN_TEST', '1')
        m.setenv('OMP_NUM_THREADS', '1')
        results = grade(tmp/'in', CLINIC, tmp/'out')
    return {r['student']: (r, (tmp/'out'/'reports'/f"{r['student']}.md").read_text()) for r in results}


def test_healed_gets_all_points(graded):
    result, report = graded['healed']
    assert result['total'] == result['of'] >= 40 and not result['remarks'], report
    assert not [c for c in result['cells'] if c['error']], report


@pytest.mark.parametrize('patient', SAYS)
def test_a_sick_patient_loses_points(graded, patient):
    result, report = graded['unhealed']
    checks = {k: p for k, p in result['scores'].items() if re.match(rf'patient-{patient}(-|$)', k)}
    section = report.partition(f'\n## patient-{patient}\n')[2].partition('\n## ')[0]
    assert checks[f'patient-{patient}'] <= .5*result['most'][f'patient-{patient}'] and SAYS[patient] in section, section
    assert all(p < result['most'][k] for k, p in checks.items()), checks


@pytest.mark.quick
def test_ten_patients_without_a_diagnosis():
    "Headings and the students' copy don't say what is wrong"
    headings = re.findall(r'^## Patient (\d+): "', '\n'.join(c.source for c in clinic().cells), re.M)
    names = [check_of(c)[0] for c in clinic().cells if check_of(c)]
    assert [*map(int, headings)] == [*SAYS] == [int(name.split('-')[1]) for name in names if name.count('-') == 1]
    diagnoses = [c.source for c in student_copy(clinic()).cells if c.source.startswith('**Diagnose.**')]
    assert len(diagnoses) == 10 and all(d.endswith('*Your answer here.*') for d in diagnoses)


def test_copy_stops_at_its_first_stub_and_says_what_to_do(monkeypatch):
    monkeypatch.setenv('IN_TEST', '1')
    nb = student_copy(clinic())
    end = next(i for i, c in enumerate(nb.cells) if (check_of(c) or [''])[0] == 'patient-1')
    nb.cells = nb.cells[:end]
    stub = r'NotImplementedError\S*: return a loss, of which price'
    with pytest.raises(CellExecutionError, match=stub): NotebookClient(nb, kernel_name='python3').execute()
