"""Whether the app stands many visitors at once: sessions that let a slider go once a second, each its own slider to its
own values, with the run `faces` that comes with the package.

The visitors are HTTP clients that speak as Gradio's page does: they POST, and where a handler has a queue, they read
the stream of answers. Afterwards every picture is compared with the one that the session's own values give here.
Server and clients share the cores of one machine. Ends with an error if a figure is worse than asked.

python benchmarks/app_load.py [--sessions 20] [--seconds 60] [--previews 0]"""
import argparse, asyncio, json, random, sys, tempfile, time
from hashlib import sha256

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--sessions', type=int, default=20)
p.add_argument('--seconds', type=int, default=60)
p.add_argument('--previews', type=int, default=0,
               help='pictures asked for on the way to each release, a tenth of a second each')
args = p.parse_args()

import httpx, psutil
import numpy as np
import torch

from app_server import fae_app, served
from face_autoencoder.app.explore import bases, first_face, move_slider
from face_autoencoder.app.page import Explorer, face_html
from figures import end, figure

torch.set_num_threads(1) # as `launch` does


def digest(answer): return sha256(answer.encode()).digest()


class Visitor:
    "A session of the app without a browser"
    def __init__(self, web, config, k):
        self.web, self.session, self.i, self.rng = web, f'visitor{k}', k % 8, random.Random(k)
        names = {c['id']: c['props'].get('elem_id') for c in config['components']}
        self.handlers = {(names.get(target), event): (d['id'], d['queue'])
                         for d in config['dependencies'] for target, event in d['targets']}
        ids = {c['props'].get('elem_id'): c['props'] for c in config['components']}
        outputs = {d['id']: d['outputs'] for d in config['dependencies']}
        number = next(c['id'] for c in config['components'] if c['props'].get('elem_id') == 'face')
        self.face = outputs[self.handlers[f'component-{self.i + 1}', 'release'][0]].index(number)
        self.about = [props['value'] for name, props in ids.items() if name in ('run', 'basis')]
        self.waits, self.seen, self.errors = [], [], 0

    async def call(self, target, event, *data):
        "The first answer of a handler"
        fn, queued = self.handlers[target, event]
        call = dict(data=[*self.about, None, *data], fn_index=fn, session_hash=self.session)
        asked = (await self.web.post('queue/join' if queued else 'run/predict', json=call)).raise_for_status().json()
        if not queued: return asked['data']
        answer = None
        async with self.web.stream('GET', 'queue/data', params=dict(session_hash=self.session)) as stream:
            async for line in stream.aiter_lines():
                message = json.loads(line.removeprefix('data: ') or '{}')
                if message.get('msg') in ('process_generating', 'process_completed'):
                    if not message['success']: raise RuntimeError(message['output'])
                    answer = answer or message['output']['data']
        return answer

    async def let_go(self):
        "Move the slider and let it go, timed"
        value = round(self.rng.uniform(-3, 3)*20)/20
        for k in range(args.previews): await self.call(f'component-{self.i + 1}', 'input', round(value/(k + 2), 2))
        start = time.perf_counter()
        try: answer = await self.call(f'component-{self.i + 1}', 'release', value)
        except (httpx.HTTPError, RuntimeError, TypeError) as e:
            self.errors += 1
            print(f'{self.session}: {e!r}', file=sys.stderr)
        else:
            self.waits.append(1000*(time.perf_counter() - start))
            self.seen.append((value, digest(answer[self.face])))

    async def stay(self):
        "Let go once a second, at this visitor's own part of it"
        start = time.perf_counter() + self.rng.random()
        for k in range(args.seconds):
            await asyncio.sleep(max(0, start + k - time.perf_counter()))
            await self.let_go()

    def strange(self, run, basis):
        "How many pictures are not of this session's own face"
        z, wrong = first_face(run), 0
        for value, seen in self.seen:
            z = move_slider(run, basis, z, self.i, value).astype(np.float32)
            wrong += digest(face_html(run, z)) != seen
        return wrong


async def visit(server):
    "All visitors at once; they, and the MB that the server held before and after"
    memory = lambda: psutil.Process(server.pid).memory_info().rss/2**20
    client = dict(base_url=server.url + 'gradio_api/', timeout=30, limits=httpx.Limits(max_connections=None))
    async with httpx.AsyncClient(**client) as web:
        config = (await web.get(server.url + 'config')).raise_for_status().json()
        first = Visitor(web, config, 1000)
        await first.let_go()
        before = memory()
        visitors = [Visitor(web, config, k) for k in range(args.sessions)]
        await asyncio.gather(*[v.stay() for v in visitors])
        return visitors, before, memory()


if __name__ == '__main__':
    empty = tempfile.mkdtemp()
    with served(*fae_app(empty)) as server:
        cpu = psutil.Process(server.pid).cpu_times
        start = cpu()
        visitors, before, after = asyncio.run(visit(server))
        busy = (sum(cpu()[:2]) - sum(start[:2]))/args.seconds
    run = Explorer(empty).open('faces')
    waits, errors = [w for v in visitors for w in v.waits], sum(v.errors for v in visitors)
    strange = sum(v.strange(run, next(iter(bases(run)))) for v in visitors)
    what = f'{args.sessions} visitors, each a slider a second for {args.seconds} s'
    figure(f'{what}: answers, median', np.median(waits), 'ms')
    figure(f'{what}: answers, 95th percentile', np.quantile(waits, .95), 'ms', at_most=500)
    figure(f'{what}: errors and pictures of another\'s face', errors + strange, at_most=0)
    figure(f'{what}: memory that the server gained', after - before, 'MB', at_most=50)
    figure(f'{what}: cores that the server kept busy', busy)
    end()
