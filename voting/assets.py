"""Static files, under one prefix that carries a hash of them all.

Owns a compressed copy of `static/`, made at start, which WhiteNoise serves for ever: a browser asks
for a file once, relative imports between modules work, and a new version has a new prefix. The copy
is what the hash was taken of, so an edit of `static/` while the server runs changes nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from whitenoise import WhiteNoise

COMPRESSED = {".css", ".js", ".svg"}

HIGHCHARTS = "vendor/highcharts/highcharts.js"


class Assets:
    """The static files of one start.

    Args:
        source: the folder `static/`.
        cache: where the copy is made; copies of other versions in it are removed.

    Raises:
        OSError: the copy cannot be written.
    """

    def __init__(self, source: Path, cache: Path) -> None:
        files = {
            file.relative_to(source).as_posix(): file.read_bytes()
            for file in sorted(source.rglob("*"))
            if file.is_file()
        }
        digest = hashlib.sha256()
        for name, content in files.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        version = digest.hexdigest()[:12]
        self._names = frozenset(files)
        self._prefix = f"/static/{version}/"
        self.folder = cache / version
        if not self.folder.is_dir():
            _write_copy(files, self.folder)
        for other in cache.iterdir():
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)

    def url(self, name: str) -> str:
        """Return the address of a file, named as below `static/`.

        Raises:
            KeyError: there is no such file.
        """
        if name not in self._names:
            raise KeyError(f"no file {name!r} in static/")
        return self._prefix + name

    @property
    def has_highcharts(self) -> bool:
        """Whether the chart library was there at start."""
        return HIGHCHARTS in self._names

    def serve(self, app: Callable[..., Any]) -> WhiteNoise:
        """Return the WSGI app with the static files in front of it."""
        served = WhiteNoise(
            app,
            immutable_file_test=lambda path, url: True,
            allow_all_origins=False,
            add_headers_function=lambda headers, path, url: headers.add_header(
                "X-Content-Type-Options", "nosniff"
            ),
        )
        served.add_files(str(self.folder), prefix=self._prefix)
        return served


def _write_copy(files: dict[str, bytes], folder: Path) -> None:
    fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
    for name, content in files.items():
        file = fresh / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        if file.suffix in COMPRESSED:
            file.with_name(file.name + ".gz").write_bytes(gzip.compress(content, mtime=0))
    fresh.mkdir(parents=True, exist_ok=True)
    fresh.replace(folder)
