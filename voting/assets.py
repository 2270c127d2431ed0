"""Static files, under one prefix that carries a hash of them all.

Owns what phones load, made ready at start and kept in memory: scripts and style sheets joined with
what they import, text compressed. A browser asks for a file once and keeps it for ever; a new
version has a new prefix; an edit of `static/` while the server runs changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from voting import compressed, joined

COMPRESSED = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Types by suffix, our own: what a system believes a script to be, browsers may refuse to run."""

HIGHCHARTS = "vendor/highcharts/highcharts.js"

VENDOR = "vendor/"
"""Below it lies what others have written, in forms of their own: it is served as it is."""

FOR_EVER = f"public, max-age={10 * 365 * 24 * 3_600}, immutable"

Wsgi = Callable[..., Iterable[bytes]]


class _Answer(NamedTuple):
    """A file as it is sent: headers and body."""

    headers: list[tuple[str, str]]
    body: bytes


class _File(NamedTuple):
    plain: _Answer
    compressed: _Answer | None


class Assets:
    """The static files of one start.

    Raises:
        CannotJoin: a script or style sheet is in a form that cannot be joined.
        OSError: the folder `static/` cannot be read.
    """

    def __init__(self, source: Path) -> None:
        contents = {
            file.relative_to(source).as_posix(): file.read_bytes()
            for file in sorted(source.rglob("*"))
            if file.is_file()
        }
        contents |= _joined(contents, ".js", joined.join_script)
        contents |= _joined(contents, ".css", joined.join_style)
        digest = hashlib.sha256()
        for name, content in contents.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        version = digest.hexdigest()[:12]
        self._prefix = f"/static/{version}/"
        self._tag = f'W/"{version}"'
        self._files = {name: self._file(name, content) for name, content in contents.items()}

    def url(self, name: str) -> str:
        """Return the address of a file, named as below `static/`.

        Raises:
            KeyError: there is no such file.
        """
        if name not in self._files:
            raise KeyError(f"no file {name!r} in static/")
        return self._prefix + name

    @property
    def has_highcharts(self) -> bool:
        """Whether the chart library was there at start."""
        return HIGHCHARTS in self._files

    def serve(self, app: Wsgi) -> Wsgi:
        """Return the WSGI app with the static files in front of it."""

        def served(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path: str = environ["PATH_INFO"]
            file = path.startswith(self._prefix) and self._files.get(path[len(self._prefix) :])
            if not file:
                return app(environ, start_response)
            if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                start_response(
                    "405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")]
                )
                return [b""]
            if self._tag in environ.get("HTTP_IF_NONE_MATCH", ""):
                start_response("304 Not Modified", self._kept())
                return [b""]
            wanted = compressed.is_accepted(environ.get("HTTP_ACCEPT_ENCODING", ""))
            answer = file.compressed if wanted and file.compressed else file.plain
            start_response("200 OK", answer.headers)
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

        return served

    def _kept(self) -> list[tuple[str, str]]:
        return [("Cache-Control", FOR_EVER), ("ETag", self._tag), ("Vary", compressed.VARY)]

    def _file(self, name: str, content: bytes) -> _File:
        kind = COMPRESSED.get(Path(name).suffix)
        headers = [
            ("Content-Type", kind or "application/octet-stream"),
            ("X-Content-Type-Options", "nosniff"),
            *self._kept(),
        ]
        plain = _Answer([*headers, ("Content-Length", str(len(content)))], content)
        if kind is None:
            return _File(plain, None)
        small = compressed.compress(content, compressed.FILE_LEVEL)
        headers += [("Content-Encoding", "gzip"), ("Content-Length", str(len(small)))]
        return _File(plain, _Answer(headers, small))


def _joined(
    contents: Mapping[str, bytes], suffix: str, join: Callable[[str, Mapping[str, str]], str]
) -> dict[str, bytes]:
    """Return each of our sources of one kind with all that it imports."""
    sources = {
        name: content.decode()
        for name, content in contents.items()
        if name.endswith(suffix) and not name.startswith(VENDOR)
    }
    return {name: join(name, sources).encode() for name in sources}
