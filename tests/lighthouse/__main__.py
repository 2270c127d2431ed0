"""Measure the voter page as it is shipped, say what was found and keep it for the docs."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.lighthouse.audit import WANTED, NotMeasured, audit
from tests.serving import ROOT, Server

KEPT = ROOT / "docs" / "lighthouse.json"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        config = (ROOT / "config.toml").read_text(encoding="utf-8")
        server = Server(Path(folder), config).start("--host", "127.0.0.1")
        try:
            found = audit(server)
        except NotMeasured as reason:
            sys.stderr.write(f"Lighthouse {reason}.\n")
            return 1
        finally:
            server.clear_up()
    text = json.dumps(found, indent=2) + "\n"
    KEPT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return int(any(found["scores"][name] < least for name, least in WANTED.items()))


if __name__ == "__main__":
    sys.exit(main())
