# SPDX-License-Identifier: Apache-2.0
"""usage: kubectl ... -o json | same-keys.py MANIFEST

Is every key of the manifest still there after kubectl has read it?  It drops those that the API does
not know, for example misspelt ones."""
import json
import sys

import yaml


def lost(was, now, path):
    if isinstance(was, dict):
        for key, value in was.items():
            if key not in (now or {}):
                yield f'{path}.{key}'
            else:
                yield from lost(value, now[key], f'{path}.{key}')
    elif isinstance(was, list):
        for n, value in enumerate(was):
            yield from lost(value, now[n], f'{path}[{n}]')


text, decoder, docs = sys.stdin.read().strip(), json.JSONDecoder(), []
while text:
    doc, end = decoder.raw_decode(text)
    docs += doc['items'] if doc['kind'] == 'List' else [doc]
    text = text[end:].strip()
wanted = [d for d in yaml.safe_load_all(open(sys.argv[1])) if d]
gone = [where for n, doc in enumerate(wanted) for where in lost(doc, docs[n], doc['kind'])]
sys.exit(f'{sys.argv[1]}: not in the API: {", ".join(gone)}' if gone else 0)
