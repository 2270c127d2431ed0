"""config.toml as frozen structs.

Owns every setting: its name, type, default and what a value must be (the `Is` beside each field is
both the rule and the words of the error). An unknown key or a bad value is a `ConfigError` naming
file, key, value and what was expected; nothing is guessed.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from voting.records import Candidate, Poll

MAX_CANDIDATES = 100

Port = Annotated[int, Meta(ge=1, le=65535, description="a whole number from 1 to 65535")]
Text = Annotated[str, Meta(min_length=1, description="a text in quotes that is not empty")]
Name = Annotated[str, Meta(min_length=1, max_length=80, description="a text of 1 to 80 characters")]
Question = Annotated[
    str, Meta(min_length=1, max_length=200, description="a text of 1 to 200 characters")
]
Ident = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9_-]{1,12}\Z",
        description="1 to 12 of the characters a-z, 0-9, - and _",
    ),
]
Switch = Annotated[bool, Meta(description="true or false")]


class ConfigError(Exception):
    """The configuration cannot be used; the text is one sentence for the person who wrote it."""


class Server(msgspec.Struct, frozen=True):
    """Where the server listens, and what phones call it."""

    host: Text = "0.0.0.0"
    port: Port | None = None
    public_url: Annotated[
        str, Meta(description='an address like "https://vote.example.org", without a path')
    ] = ""
    trusted_hosts: Annotated[
        tuple[str, ...], Meta(description='a list of host names, like ["vote.local"]')
    ] = ()
    data: Text = "data"


class Room(msgspec.Struct, frozen=True):
    """How the room is run."""

    open_at_start: Switch = True
    name_required: Switch = False


class Live(msgspec.Struct, frozen=True):
    """How often, and for how long."""

    ticks_per_second: Annotated[float, Meta(ge=1, le=60, description="a number from 1 to 60")] = (
        10.0
    )
    send_deadline_seconds: Annotated[
        float, Meta(ge=1, le=120, description="a number from 1 to 120")
    ] = 10.0
    ping_seconds: Annotated[float, Meta(ge=1, le=300, description="a number from 1 to 300")] = 25.0


class PollText(msgspec.Struct, frozen=True):
    """A poll as it is written in config.toml, before its candidates have ids."""

    question: Question
    candidates: Annotated[
        list[Any], Meta(description='a list of names, like ["Ada Lovelace", "Grace Hopper"]')
    ]
    id: Ident = "poll"
    changes: Switch = True


class Config(msgspec.Struct, frozen=True):
    """The whole configuration; `file` is where it was read from."""

    file: Path
    server: Server
    room: Room
    live: Live
    polls: tuple[Poll, ...]

    @property
    def data(self) -> Path:
        """The data folder, beside the configuration unless it is an absolute path."""
        return self.file.parent / self.server.data


SECTIONS: dict[str, type[msgspec.Struct]] = {"server": Server, "room": Room, "live": Live}

T = TypeVar("T", bound=msgspec.Struct)


def load(file: Path) -> Config:
    """Read and check a configuration.

    Raises:
        ConfigError: the file is missing, is no TOML, or holds what it must not.
    """
    try:
        tree = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such file; expected a configuration") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: expected TOML in UTF-8, but {error}") from None
    reader = _Reader(file)
    reader.no_others(tree, [*SECTIONS, "polls"], "")
    server = reader.table(Server, tree.get("server", {}), "server")
    reader.address(server.public_url)
    polls = tree.get("polls")
    if not isinstance(polls, list) or len(polls) != 1:
        raise reader.error("polls", polls, "exactly one [[polls]] table with a question")
    return Config(
        file=file.resolve(),
        server=server,
        room=reader.table(Room, tree.get("room", {}), "room"),
        live=reader.table(Live, tree.get("live", {}), "live"),
        polls=tuple(reader.poll(p, f"polls[{i}]") for i, p in enumerate(polls)),
    )


class _Reader:
    """Checks one file's tables; every error names the file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def error(self, key: str, value: object, expected: str) -> ConfigError:
        shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "..."
        said = "is missing" if value is None else f"= {_toml(value, shown)}"
        return ConfigError(f"{self.file}: {key} {said}: expected {expected}")

    def no_others(self, tree: dict[str, Any], known: list[str], where: str) -> None:
        for key in tree:
            if key not in known:
                close = difflib.get_close_matches(key, known, 1)
                hint = f' (did you mean "{close[0]}"?)' if close else ""
                raise self.error(where + key, tree[key], f"one of {', '.join(known)}{hint}")

    def table(self, struct: type[T], tree: object, where: str) -> T:
        if not isinstance(tree, dict):
            raise self.error(where, tree, "a table of settings")
        hints = get_type_hints(struct, include_extras=True)
        self.no_others(tree, list(hints), where + ".")
        for key, value in tree.items():
            try:
                msgspec.convert(value, hints[key])
            except msgspec.ValidationError:
                raise self.error(f"{where}.{key}", value, _expected(hints[key])) from None
        for field in msgspec.structs.fields(struct):
            if field.required and field.name not in tree:
                raise self.error(f"{where}.{field.name}", None, _expected(hints[field.name]))
        return msgspec.convert(tree, struct)

    def address(self, url: str) -> None:
        if not url:
            return
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
            good = good and parts.port != 0 and re.search(r"[\s@\\]", url) is None
        except ValueError:
            good = False
        if not good or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise self.error("server.public_url", url, _expected_of(Server, "public_url"))

    def poll(self, tree: object, where: str) -> Poll:
        text = self.table(PollText, tree, where)
        self.plain(text.question, f"{where}.question")
        at = f"{where}.candidates"
        if not 1 <= len(text.candidates) <= MAX_CANDIDATES:
            raise self.error(at, text.candidates, f"1 to {MAX_CANDIDATES} candidates")
        given = [self.candidate(c, f"{at}[{i}]") for i, c in enumerate(text.candidates)]
        taken = {c.id for c in given if c.id}
        candidates: list[Candidate] = []
        for i, candidate in enumerate(given):
            if candidate.name.casefold() in [c.name.casefold() for c in candidates]:
                raise self.error(f"{at}[{i}]", candidate.name, "a name that no other has")
            if candidate.id and candidate.id in [c.id for c in candidates]:
                raise self.error(f"{at}[{i}].id", candidate.id, "an id that no other has")
            ident = candidate.id or _ident(candidate.name, taken)
            taken.add(ident)
            candidates.append(Candidate(ident, candidate.name))
        return Poll(text.id, text.question.strip(), tuple(candidates), changes=text.changes)

    def candidate(self, tree: object, where: str) -> Candidate:
        tree = {"name": tree} if isinstance(tree, str) else tree
        if not isinstance(tree, dict):
            raise self.error(where, tree, "a name in quotes")
        found = self.table(_CandidateText, tree, where)
        self.plain(found.name, where)
        return Candidate(found.id or "", " ".join(found.name.split()))

    def plain(self, text: str, where: str) -> None:
        if not text.strip() or any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
            raise self.error(where, text, "a text without control characters that is not blank")


class _CandidateText(msgspec.Struct, frozen=True):
    name: Name
    id: Ident | None = None


def _expected(hint: Any) -> str:
    for part in (hint, *getattr(hint, "__args__", ())):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.description:
                return meta.description
    return str(hint)


def _expected_of(struct: type[msgspec.Struct], key: str) -> str:
    return _expected(get_type_hints(struct, include_extras=True)[key])


def _toml(value: object, shown: str) -> str:
    if isinstance(value, bool):
        return shown.lower()
    if isinstance(value, str) and len(value) <= 78:
        return json.dumps(value, ensure_ascii=False)
    return shown


def _ident(name: str, taken: set[str]) -> str:
    """Make a candidate's id from its name, or from its place where the name has no Latin."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_name)
    stem = "-".join(words)[:12].strip("-") or "c"
    ident, n = stem, 1
    while ident in taken or ident == "c":
        ident, n = f"{stem[:9].rstrip('-')}{n}", n + 1
    return ident
