"""`make bench`: run all benchmarks, one after the other; write figures.json, README.md and ratios.svg in this folder.

Takes about three hours, and wants a machine that does nothing else. With names, only those run, and replace their own
figures.

python benchmarks/bench.py [train_speed imports ...]"""
import json, os, platform, re, subprocess, sys, tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path

from figures import MISSED

HERE = Path(__file__).resolve().parent
ALL = """time_to_quality shortcuts verdicts train_speed modes threads sizes memory million data_pipeline faces_speed
         lfw_prepare decoder_pca imports app_latency app_load grading_jobs kills browser""".split()


def machine():
    "What these figures are of"
    cpuinfo = Path('/proc/cpuinfo')
    cpu = re.search(r'model name\s*: (.*)', cpuinfo.read_text()) if cpuinfo.exists() else None
    versions = [f'{name} {version(name)}' for name in ('torch', 'fastai', 'gradio', 'scikit-learn')]
    cores = f'{os.cpu_count()} cores of {cpu[1] if cpu else platform.processor()}'
    return ', '.join([cores, f'Python {platform.python_version()}', *versions])


def run(name):
    "The figures of one benchmark, and whether all are as asked"
    with tempfile.TemporaryDirectory() as d:
        path = Path(d)/'figures'
        path.touch()
        env = dict(os.environ, FAE_FIGURES=str(path))
        ended = subprocess.run([sys.executable, '-W', 'ignore', HERE/f'{name}.py'], env=env)
        found = [json.loads(line) for line in path.read_text().splitlines()]
    if ended.returncode not in (0, MISSED): sys.exit(f'{name}.py failed')
    return dict(date=f'{date.today()}', machine=machine(), figures=found)


def rows(results, asked):
    "A Markdown table of the figures that have a target, or of the others"
    def line(what, bound, got, where): return '| ' + ' | '.join([what, *[bound]*asked, got, where]) + ' |'
    lines = [line('what', 'target', 'measured', '`benchmarks/…`'), line(*['---']*4)]
    found = [(name, f) for name in ALL if name in results for f in results[name]['figures']]
    for name, f in found:
        if bool(f['asked']) != asked: continue
        got = ' '.join(filter(None, [f['shown'], f['unit']])) + ('' if f['ok'] else ', not reached')
        lines.append(line(f['what'], f['asked'], got, f'{name}.py'))
    return '\n'.join(lines)


def table(results):
    "All figures as Markdown, those without a target folded away"
    where = sorted({f"{r['machine']}, {r['date']}" for r in results.values()})
    besides = '<details><summary>What was measured besides</summary>', rows(results, False), '</details>'
    return '\n\n'.join([rows(results, True), *besides, f'Measured on {"; ".join(where)}.'])


# What the picture shows: the beginning of a figure's name, and what it says of others beside `train_run`
SOON = "faces, below 64 eigenfaces' error (0.0211): time of"
RATIOS = {f'{SOON} usual': "to eigenfaces' error: plain fastai, float pictures",
          f'{SOON} pythae': "to eigenfaces' error: pythae",
          f'{SOON} adam': "to eigenfaces' error: Adam",
          'faces, to 0.0145: time of adam': 'to an error of 0.0145: Adam',
          'lfw, to 0.0171: time of adam': 'photographs, to 0.0171: Adam (at least)',
          'speed of train_run / of float pictures': 'a training step: plain fastai, float pictures',
          'speed of train_run / of pythae': 'a training step: pythae',
          'speed of train_run / of a bare PyTorch loop': 'a training step: a bare PyTorch loop'}


def ratios(results):
    "Those figures that are there: what others are called, and how many times as long they take"
    found = [f for r in results.values() for f in r['figures']]
    return [(label, f) for begins, label in RATIOS.items() for f in found if f['what'].startswith(begins)]


def draw(results, path):
    "The main ratios as bars"
    import matplotlib.pyplot as plt
    plt.rcParams.update({'svg.hashsalt': 'bench', 'font.size': 11}) # the same figures make the same file
    names, figures = zip(*ratios(results)[::-1])
    fig, ax = plt.subplots(figsize=(8, .38*len(names) + .9), layout='constrained')
    bars = ax.barh(names, [f['value'] for f in figures], color='#1f5fa8')
    ax.bar_label(bars, [f['shown'] for f in figures], padding=4)
    ax.axvline(1, color='#b3450b')
    ax.set(xlabel='how many times as long as train_run (line: just as long)', xlim=(0, None))
    ax.spines[['top', 'right']].set_visible(False)
    fig.savefig(path, metadata=dict(Date=None))
    plt.close(fig)


def picture(results):
    "The picture of the main ratios as Markdown, with what it shows in words"
    words = '; '.join(f"{label} {f['shown']}" for label, f in ratios(results))
    return f'![Bars: how many times as long others take as train_run. {words}](ratios.svg)'


def write(results):
    "The figures to the JSON, the tables to benchmarks/README.md, the main ratios to ratios.svg"
    (HERE/'figures.json').write_text(json.dumps(results, indent=1, ensure_ascii=False) + '\n')
    readme, marks = HERE/'README.md', re.compile(r'(<!-- bench -->\n).*?(<!-- /bench -->)', re.S)
    text = marks.sub(lambda m: f'{m[1]}{table(results)}\n{m[2]}', readme.read_text())
    readme.write_text(re.sub(r'!\[[^]]*\]\(ratios\.svg\)', lambda m: picture(results), text))
    if ratios(results): draw(results, HERE/'ratios.svg')


if __name__ == '__main__':
    path = HERE/'figures.json'
    results = json.loads(path.read_text()) if path.exists() else {}
    for name in sys.argv[1:] or ALL:
        print(f'--- {name}', flush=True)
        results[name] = run(name)
        write(results)
    sys.exit(any(not f['ok'] for r in results.values() for f in r['figures']))
