"""One run of Lighthouse's mobile preset, and what is kept of it.

Owns `tests/lighthouse/node_modules`; a stamp, a digest of the lock, says that it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.conftest import find_chromium
from tests.phones import Browser
from tests.serving import Server

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
LOCK = HERE / "package-lock.json"
FETCH_SECONDS, RUN_SECONDS = 300, 180
METRICS = {
    "first-contentful-paint": "first words (s)",
    "largest-contentful-paint": "largest piece (s)",
    "total-blocking-time": "blocked (ms)",
    "cumulative-layout-shift": "layout shift",
    "speed-index": "speed index (s)",
    "total-byte-weight": "loaded (KiB)",
}
WANTED = {"performance": 95, "accessibility": 100, "best-practices": 100}


class NotMeasured(Exception):
    """Lighthouse cannot run on this computer; the text says what it needs."""


def audit(server: Server) -> dict[str, Any]:
    """Measure the voter page of a server, as somebody who has just logged in.

    Raises:
        NotMeasured: Node.js, Chromium or the package is missing.
    """
    node, chromium = shutil.which("node"), find_chromium()
    if not node or not chromium or not shutil.which("npm"):
        raise NotMeasured("needs Node.js with npm, and Chromium")
    fetch()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        headers, report = folder / "headers.json", folder / "report.json"
        headers.write_text(json.dumps({"Cookie": Browser(server).log_in("Vera").cookie}))
        subprocess.run(
            [
                node,
                str(MODULES / "lighthouse" / "cli" / "index.js"),
                f"{server.url}/",
                "--quiet",
                "--output=json",
                f"--output-path={report}",
                f"--extra-headers={headers}",
                f"--only-categories={','.join(WANTED)}",
                "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
                "--no-enable-error-reporting",
            ],
            env={**os.environ, "CHROME_PATH": chromium},
            stdin=subprocess.DEVNULL,
            timeout=RUN_SECONDS,
            check=True,
        )
        return summary(json.loads(report.read_bytes()))


def fetch() -> None:
    """Install the package, if it is missing.

    Raises:
        NotMeasured: it cannot be had.
    """
    stamp, digest = MODULES / ".stamp", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest:
        return
    try:
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--loglevel=error"],
            cwd=HERE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=FETCH_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise NotMeasured("needs the internet once") from problem
    stamp.write_text(digest, encoding="ascii")


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a report: the scores, the times, and each rule that is not met."""
    audits = report["audits"]
    counted = [
        reference["id"]
        for category in report["categories"].values()
        for reference in category["auditRefs"]
        if reference["weight"] and audits[reference["id"]]["score"] not in (None, 1)
    ]
    return {
        "lighthouse": report["lighthouseVersion"],
        "chromium": report["environment"]["hostUserAgent"].partition("Chrome/")[2].split()[0],
        "date": report["fetchTime"][:10],
        "scores": {
            name: round(100 * category["score"]) for name, category in report["categories"].items()
        },
        "measured": {words: rounded(audits[id]) for id, words in METRICS.items()},
        "not met": {id: audits[id]["title"] for id in counted},
    }


def rounded(one: dict[str, Any]) -> float:
    unit = {"millisecond": 1 if one["id"] == "total-blocking-time" else 1000, "byte": 1024}
    return round(one["numericValue"] / unit.get(one["numericUnit"], 1), 2)
