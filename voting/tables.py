"""Tables that people write, checked against a struct: what is there, its type and its bounds.

Owns the words of "is …: expected …". The `Meta(description=…)` beside a field is both the words of
an error and its documentation. An unknown key is an error; nothing is guessed.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar, get_type_hints

import msgspec
from msgspec import Meta

T = TypeVar("T", bound=msgspec.Struct)

Text = Annotated[str, Meta(min_length=1, description="a text in quotes that is not empty")]
Switch = Annotated[bool, Meta(description="true or false")]

HIDDEN = r"(?s)(?<=://).*(?=@)|(?<=password=)[^&\s\"']+"
"""Where a password stands in an address."""


class Bad(Exception):
    """A value that cannot be taken: `key` names it, `value` is None where it is missing."""

    def __init__(self, key: str, value: object, expected: str) -> None:
        self.key, self.value, self.expected = key, value, expected
        is_secret = "password" in key.lower()
        said = "is missing" if value is None else f"= {'…' if is_secret else _shown(value)}"
        super().__init__(f"{key} {said}: expected {expected}")


def table(struct: type[T], tree: object, where: str) -> T:
    """Read a table into a struct.

    Raises:
        Bad: it is no table, or a key is unknown, missing, or has a value that it must not have.
    """
    if not isinstance(tree, dict):
        raise Bad(where, tree, "a table of settings")
    hints = get_type_hints(struct, include_extras=True)
    no_others(tree, hints, where + ".")
    for key, value in tree.items():
        try:
            msgspec.convert(value, hints[key])
        except msgspec.ValidationError:
            raise Bad(f"{where}.{key}", value, _expected(hints[key])) from None
    for field in msgspec.structs.fields(struct):
        if field.required and field.name not in tree:
            raise Bad(f"{where}.{field.name}", None, _expected(hints[field.name]))
    return msgspec.convert(tree, struct)


def no_others(tree: dict[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse keys that are not known, with the one that was probably meant.

    Raises:
        Bad: there is such a key.
    """
    names = list(known)
    for key in tree:
        if key not in names:
            close = difflib.get_close_matches(key, names, 1)
            hint = f' (did you mean "{close[0]}"?)' if close else ""
            raise Bad(where + key, tree[key], f"one of {', '.join(names)}{hint}")


def expected(struct: type[msgspec.Struct], key: str) -> str:
    """Return the words for what a field takes."""
    return _expected(get_type_hints(struct, include_extras=True)[key])


def _expected(hint: Any) -> str:
    for part in (hint, *getattr(hint, "__args__", ())):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.description:
                return meta.description
    return str(hint)


def _shown(value: object) -> str:
    """Write a value as it stands in TOML, shortened, and an address without its password."""
    shown = re.sub(HIDDEN, "…", repr(value))
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    if isinstance(value, bool):
        return shown.lower()
    if isinstance(value, str) and len(value) <= 78:
        return json.dumps(re.sub(HIDDEN, "…", value), ensure_ascii=False)
    return shown
