"""What all benchmarks do with a figure: print it beside what was asked, and hand it to `make bench`. If one is worse
than asked, they end with an error."""
import json, os, sys
from statistics import median

missed, MISSED = [], 3 # what was worse than asked, and the exit code that says so


def figure(what, value, unit='', at_least=None, at_most=None):
    "Print a figure in words, and append it to the file `$FAE_FIGURES`, if there is one"
    value = float(value)
    ok = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    asked = f'≥ {at_least:g}' if at_least is not None else f'≤ {at_most:g}' if at_most is not None else ''
    shown = f'{value:,.0f}' if abs(value) >= 100 else f'{value:.3g}'
    bound = f' (asked {asked}{"" if ok else ", MISSED"})' if asked else ''
    print(f'{what}: {shown} {unit}'.rstrip() + bound, flush=True)
    if not ok: missed.append(what)
    if path := os.environ.get('FAE_FIGURES'):
        row = dict(what=what, value=value, shown=shown, unit=unit, asked=asked, ok=ok)
        with open(path, 'a') as f: f.write(json.dumps(row, ensure_ascii=False) + '\n')


def in_turns(runs, repeats):
    "Call each function in turn, `repeats` times after a warm-up; the numbers that each returned"
    got = {name: [] for name in runs}
    for i in range(repeats + 1):
        for name, run in runs.items():
            value = run()
            if i: got[name].append(value)
    return got


def ratio(a, b):
    "Median of the ratios of the same turn, so that a machine that is slow for a while slows down both"
    return median(x/y for x, y in zip(a, b))


def end():
    if missed: print('worse than asked: ' + '; '.join(missed))
    sys.exit(MISSED if missed else 0)
