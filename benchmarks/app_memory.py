"""Memory of the app over many visits with a photo each: `python benchmarks/app_memory.py [visits]`."""
import base64, json, sys
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from face_autoencoder.app.main import launch


def megabytes(): return int(Path('/proc/self/statm').read_text().split()[1])*4096/1e6


def photo(seed):
    "A JPEG of 3 megapixels as a browser sends it"
    small = np.random.default_rng(seed).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    Image.fromarray(small).resize((2000, 1500)).save(file := BytesIO(), 'JPEG')
    return f'data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}'


def call(client, session, number, data, event_data=None):
    "Call a function of the page, as a browser would, and wait for its answer"
    body = dict(data=data, fn_index=number, session_hash=session, event_data=event_data)
    client.post('queue/join', json=body).raise_for_status()
    with client.stream('GET', f'queue/data?session_hash={session}') as answer:
        for line in answer.iter_lines():
            if 'process_completed' in line:
                assert json.loads(line.removeprefix('data: '))['success'], line[:300]
                return


def visits(n):
    demo = launch('faces', 'no-runs', block=False)
    found = {f.targets[0][1]: (i, len(f.inputs)) for i, f in demo.fns.items() if f.targets[0][1] in ('load', 'upload')}
    arguments = dict(load=['faces', 'Through the decoder', None, {}], upload=['faces', 'Through the decoder', None])
    with httpx.Client(base_url=f'{demo.local_url}gradio_api/', timeout=60, trust_env=False) as client:
        for i in range(n + 1):
            for event in ('load', 'upload'):
                sent = dict(photo=photo(i)) if event == 'upload' else None
                call(client, f'visit{i}', found[event][0], arguments[event], sent)
            if i % max(n//6, 1) == 0: print(f'{i} visits: {megabytes():.0f} MB', flush=True)
    demo.close()


if __name__ == '__main__': visits(int(sys.argv[1]) if sys.argv[1:] else 300)
