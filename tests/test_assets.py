"""assets.py: static files under one hashed prefix, cached for ever."""

import gzip
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Response

from voting.assets import HIGHCHARTS, Assets
from voting.joined import CannotJoin

FILES = {
    "css/base.css": b"body { color: black }\n" * 50,
    "css/vote.css": b'@import "./base.css";\nmain { color: red }\n',
    "js/voter.js": b'import { store } from "./store.js";\nstore.open();\n',
    "js/store.js": b"export const store = {};\n" + b"store.open = () => 1;\n" * 50,
    "favicon.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 10,
    "pictures/dot.png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "vendor/theirs.js": b"import * as other from './other.js'; // as they wrote it\n" * 20,
}

AS_IT_IS = ["css/base.css", "favicon.svg", "pictures/dot.png", "vendor/theirs.js"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def assets(source: Path) -> Assets:
    return Assets(source)


class Server:
    """The assets in front of an app that answers everything else with a 404."""

    def __init__(self, assets: Assets) -> None:
        self._client = Client(assets.serve(Response("the app's answer", 404)))

    def get(self, url: str, **headers: str) -> TestResponse:
        return self.ask("GET", url, **headers)

    def ask(self, method: str, url: str, **headers: str) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.open(url, method=method, headers=sent, buffered=True)


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
    copy = shutil.copytree(source, tmp_path / "copy")
    assert Assets(copy).url("favicon.svg") == assets.url("favicon.svg")


def change(source: Path) -> None:
    (source / "js/store.js").write_bytes(b"export const store = 1;\n")


def add(source: Path) -> None:
    (source / "js/new.js").write_bytes(b"")


def remove(source: Path) -> None:
    (source / "pictures/dot.png").unlink()


def rename(source: Path) -> None:
    (source / "favicon.svg").rename(source / "icon.svg")


def move_a_byte(source: Path) -> None:
    first, second = source / "favicon.svg", source / "pictures/dot.png"
    first.write_bytes(FILES["favicon.svg"] + FILES["pictures/dot.png"][:1])
    second.write_bytes(FILES["pictures/dot.png"][1:])


@pytest.mark.parametrize("edit", [change, add, remove, rename, move_a_byte])
def test_any_edit_makes_another_prefix(
    source: Path, assets: Assets, edit: Callable[[Path], None]
) -> None:
    """What is cached for ever is never changed: a new version has new addresses."""
    before = assets.url("css/base.css")
    edit(source)
    assert Assets(source).url("css/base.css") != before


def test_the_chart_library_is_there_or_not(source: Path) -> None:
    """Pages ask before they name it: a start without it goes on with plain bars."""
    assert not Assets(source).has_highcharts
    (source / HIGHCHARTS).parent.mkdir(parents=True)
    (source / HIGHCHARTS).write_bytes(b"Highcharts")
    assert Assets(source).has_highcharts


def test_an_empty_folder_is_good(tmp_path: Path) -> None:
    """Nothing to serve is nothing to stumble over."""
    (tmp_path / "static").mkdir()
    assert not Assets(tmp_path / "static").has_highcharts


# Serving


@pytest.mark.parametrize("name", AS_IT_IS)
def test_what_imports_nothing_of_ours_is_served_as_it_is(
    assets: Assets, server: Server, name: str
) -> None:
    """Whoever accepts no compression gets the very bytes."""
    answer = server.get(assets.url(name), Accept_Encoding="identity")
    assert answer.status_code == 200
    assert answer.data == FILES[name]


@pytest.mark.parametrize(
    "name, first, then",
    [("js/voter.js", b"store = {}", b"store.open();"), ("css/vote.css", b"body {", b"main {")],
)
def test_a_script_and_a_style_sheet_bring_what_they_import(
    assets: Assets, server: Server, name: str, first: bytes, then: bytes
) -> None:
    """A page costs a phone one request for each, whatever they are made of."""
    answer = server.get(assets.url(name)).data
    assert 0 <= answer.index(first) < answer.index(then)
    assert b"import" not in answer


def test_a_source_that_cannot_be_joined_stops_the_start(source: Path) -> None:
    """The one who edits is told, and no phone."""
    (source / "js/voter.js").write_bytes(b"export default 1;\n")
    with pytest.raises(CannotJoin, match=r"^js/voter\.js:1: "):
        Assets(source)


@pytest.mark.parametrize(
    "name, kind",
    [
        ("css/base.css", "text/css"),
        ("js/store.js", "text/javascript"),
        ("favicon.svg", "image/svg+xml"),
    ],
)
def test_text_is_served_compressed(assets: Assets, server: Server, name: str, kind: str) -> None:
    """Phones get CSS, scripts and SVG compressed, with their type, which modules need."""
    answer = server.get(assets.url(name), Accept_Encoding="gzip, br")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.mimetype == kind
    assert "Accept-Encoding" in answer.headers["Vary"]
    plain = server.get(assets.url(name))
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert len(answer.data) < len(plain.data)
    assert gzip.decompress(answer.data) == plain.data


@pytest.mark.parametrize("accepts", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0", "gzipped"])
def test_whoever_does_not_ask_for_gzip_gets_none(
    assets: Assets, server: Server, accepts: str
) -> None:
    """Nobody is sent what it cannot read."""
    answer = server.get(assets.url("css/base.css"), Accept_Encoding=accepts)
    assert "Content-Encoding" not in answer.headers
    assert answer.data.startswith(b"body {")


def test_what_is_compressed_already_is_left_so(assets: Assets, server: Server) -> None:
    """A picture would only grow."""
    answer = server.get(assets.url("pictures/dot.png"), Accept_Encoding="gzip")
    assert answer.data == FILES["pictures/dot.png"]


def test_a_head_is_the_answer_without_its_body(assets: Assets, server: Server) -> None:
    """The same headers, length too."""
    url = assets.url("js/store.js")
    head, whole = server.ask("HEAD", url), server.get(url)
    assert head.data == b""
    assert head.headers == whole.headers


def test_a_file_that_is_known_is_not_sent_again(assets: Assets, server: Server) -> None:
    """A reload asks whether it has changed; under this address it never does."""
    url = assets.url("js/store.js")
    known = server.get(url).headers["ETag"]
    again = server.get(url, If_None_Match=known)
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == known
    assert server.get(url, If_None_Match='"another"').status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_files_can_only_be_read(assets: Assets, server: Server, method: str) -> None:
    """And the answer says how."""
    answer = server.ask(method, assets.url("js/store.js"))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


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
    before = server.get(assets.url("js/store.js")).data
    change(source)
    assert server.get(assets.url("js/store.js")).data == before


@pytest.mark.parametrize(
    "path",
    ["js/no-such.js", "", "js", "../../config.toml", "%2e%2e/%2e%2e/config.toml", "js/../x.js"],
)
def test_everything_else_is_the_apps(assets: Assets, server: Server, path: str) -> None:
    """A file that is not there, a folder, or a way out of it is left to the app."""
    prefix = assets.url("favicon.svg").removesuffix("favicon.svg")
    assert server.get(prefix + path).data == b"the app's answer"
    assert server.get("/static/000000000000/js/store.js").data == b"the app's answer"
