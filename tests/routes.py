"""Every way into the server, as the application itself knows them.

Owns the look at its map of addresses. A test that walks it holds for routes of tomorrow, too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.serving import CONFIG, ROOT

ROUTES = """
import itertools, json, os, pathlib, re, sys
import dashboard

app = dashboard.create_app(dashboard.load(pathlib.Path(sys.argv[1])))
urls = app.url_map.bind("localhost")
values = ["1", "2", "3", "csv", "json", "poll", "show"]

def leads(path, method, rule):
    try:
        return urls.match(path, method, return_rule=True)[0] is rule
    except Exception:
        return False

found = {"GET": {}, "POST": {}}
for rule in app.url_map.iter_rules():
    # Another method would be a way to change something at which no test looks.
    assert rule.methods <= {"GET", "HEAD", "OPTIONS", "POST"}, rule
    for method in {"GET", "POST"} & rule.methods:
        if rule.websocket:
            continue
        parts = re.split(r"<[^>]*>", rule.rule)
        tried = itertools.product(values, repeat=len(parts) - 1)
        paths = ["".join(sum(zip(parts, [*filled, ""]), ())) for filled in tried]
        known = found[method].setdefault(rule.rule, [])
        known += [path for path in paths if leads(path, method, rule)]
print(json.dumps(found))
sys.stdout.flush()
os._exit(0)
"""
"""Prints every route with paths that lead to it. Here gevent must not patch anything."""


@cache
def routes(method: str = "GET") -> dict[str, list[str]]:
    """Return every way to GET or to POST something, each with paths that lead there."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        # A room that asks for codes has all the ways that there are.
        config.write_text(CONFIG + '\n[room]\nvoters = "codes"\n', encoding="utf-8")
        asked = subprocess.run(
            [sys.executable, "-c", ROUTES, str(config)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    found: dict[str, dict[str, list[str]]] = json.loads(asked.stdout)
    return found[method]


def paths(method: str = "GET") -> list[str]:
    """Return the paths of all of them."""
    return [path for found in routes(method).values() for path in found]
