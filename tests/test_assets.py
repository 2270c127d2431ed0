"""assets.py: static files under one hashed prefix, cached for ever."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Response

from voting.assets import HIGHCHARTS, Assets

FILES = {
    "css/base.css": b"body { color: black }\n" * 50,
    "js/voter.js": b'import "./store.js";\n' * 50,
    "js/store.js": b"export const store = {};\n" * 50,
    "favicon.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 10,
    "pictures/dot.png": b"\x89PNG\r\n\x1a\n" + bytes(100),
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "data" / "static"


@pytest.fixture
def assets(source: Path, cache: Path) -> Assets:
    return Assets(source, cache)


class Server:
    """The assets in front of an app that answers everything else with a 404."""

    def __init__(self, assets: Assets) -> None:
        self._client = Client(assets.serve(Response("the app's answer", 404)))

    def get(self, url: str, **headers: str) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.get(url, headers=sent, buffered=True)


@pytest.fixture
def server(assets: Assets) -> Server:
    return Server(assets)


# Addresses


def test_all_files_have_one_prefix_that_carries_a_hash(assets: Assets) -> None:
    """Modules that import each other by relative paths find each other."""
    urls = {name: assets.url(name) for name in FILES}
    prefixes = {url.removesuffix(name) for name, url in urls.items()}
    assert len(prefixes) == 1
    assert re.fullmatch(r"/static/[0-9a-f]{12}/", prefixes.pop())


def test_a_file_that_is_not_there_is_an_error(assets: Assets) -> None:
    """A slip in a template is found by the first test of the page, not by a phone."""
    for name in ("js/no-such.js", "", "css", "/css/base.css", "css/base.css.gz"):
        with pytest.raises(KeyError):
            assets.url(name)


def test_the_same_files_have_the_same_prefix(source: Path, tmp_path: Path, assets: Assets) -> None:
    """A restart leaves every phone's cache good, on another computer too."""
    assert Assets(source, tmp_path / "other").url("favicon.svg") == assets.url("favicon.svg")


def change(source: Path) -> None:
    (source / "js/store.js").write_bytes(b"export const store = 1;")


def add(source: Path) -> None:
    (source / "js/new.js").write_bytes(b"")


def remove(source: Path) -> None:
    (source / "pictures/dot.png").unlink()


def rename(source: Path) -> None:
    (source / "js/store.js").rename(source / "js/shop.js")


def move_a_byte(source: Path) -> None:
    first, second = source / "js/store.js", source / "js/voter.js"
    first.write_bytes(FILES["js/store.js"] + FILES["js/voter.js"][:1])
    second.write_bytes(FILES["js/voter.js"][1:])


@pytest.mark.parametrize("edit", [change, add, remove, rename, move_a_byte])
def test_any_edit_makes_another_prefix(
    source: Path, cache: Path, assets: Assets, edit: Callable[[Path], None]
) -> None:
    """What is cached for ever is never changed: a new version has new addresses."""
    before = assets.url("favicon.svg")
    edit(source)
    assert Assets(source, cache).url("favicon.svg") != before


def test_the_chart_library_is_there_or_not(source: Path, cache: Path) -> None:
    """Pages ask before they name it: a start without it goes on with plain bars."""
    assert not Assets(source, cache).has_highcharts
    (source / HIGHCHARTS).parent.mkdir(parents=True)
    (source / HIGHCHARTS).write_bytes(b"Highcharts")
    assert Assets(source, cache).has_highcharts


# The copy


def test_copies_of_other_versions_are_removed(source: Path, cache: Path) -> None:
    """The data folder does not grow with every edit, nor with a copy that was cut short."""
    Assets(source, cache)
    (cache / "0123456789ab.77").mkdir()
    change(source)
    newest = Assets(source, cache)
    assert list(cache.iterdir()) == [newest.folder]


def test_a_restart_uses_the_copy_that_is_there(source: Path, cache: Path, assets: Assets) -> None:
    """Nothing is compressed twice."""
    before = (assets.folder / "js/store.js.gz").stat().st_mtime_ns
    Assets(source, cache)
    assert (assets.folder / "js/store.js.gz").stat().st_mtime_ns == before


def test_an_empty_folder_is_good(tmp_path: Path) -> None:
    """Nothing to serve is nothing to stumble over."""
    (tmp_path / "static").mkdir()
    assert not Assets(tmp_path / "static", tmp_path / "cache").has_highcharts


# Serving


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_served_as_it_is(assets: Assets, server: Server, name: str) -> None:
    """Whoever accepts no compression gets the very bytes."""
    answer = server.get(assets.url(name), Accept_Encoding="identity")
    assert answer.status_code == 200
    assert answer.data == FILES[name]


@pytest.mark.parametrize(
    "name, kind",
    [
        ("css/base.css", "text/css"),
        ("js/voter.js", "text/javascript"),
        ("favicon.svg", "image/svg+xml"),
    ],
)
def test_text_is_served_compressed(assets: Assets, server: Server, name: str, kind: str) -> None:
    """Phones get CSS, scripts and SVG compressed, with their type, which modules need."""
    answer = server.get(assets.url(name), Accept_Encoding="gzip, br")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.mimetype == kind
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert len(answer.data) < len(FILES[name])
    assert gzip.decompress(answer.data) == FILES[name]


def test_files_are_cached_for_ever(assets: Assets, server: Server) -> None:
    """A year at least, immutable, no guessing of types, and not for other sites' pages."""
    headers = server.get(assets.url("js/voter.js")).headers
    assert "immutable" in headers["Cache-Control"]
    age = re.search(r"max-age=(\d+)", headers["Cache-Control"])
    assert age
    assert int(age[1]) >= 365 * 24 * 3_600
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


def test_an_edit_while_the_server_runs_changes_nothing(
    source: Path, assets: Assets, server: Server
) -> None:
    """What is served is what the hash was taken of."""
    change(source)
    answer = server.get(assets.url("js/store.js"), Accept_Encoding="identity")
    assert answer.data == FILES["js/store.js"]


@pytest.mark.parametrize(
    "path",
    ["js/no-such.js", "", "js", "../../config.toml", "%2e%2e/%2e%2e/config.toml", "js/../x.js"],
)
def test_everything_else_is_the_apps(assets: Assets, server: Server, path: str) -> None:
    """A file that is not there, a folder, or a way out of it is left to the app."""
    prefix = assets.url("favicon.svg").removesuffix("favicon.svg")
    assert server.get(prefix + path).data == b"the app's answer"
    assert server.get("/static/000000000000/js/store.js").data == b"the app's answer"
