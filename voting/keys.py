"""The keys that sign sessions: the one in force, and those that were in force before.

Owns `secret.key`. Its first line is the key that signs; a file that no rotation has touched has no
other. After one, the room's name follows, since a cookie is called by it and must be found again,
and each earlier key with the day until which it still opens what it has signed. Two variables of
the environment take the file's place where they are set. Signs nothing, and never knows which keys
other servers of the room have: `signing.py` does.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from voting.folder import write_private

FILE = "secret.key"
VARIABLE = "SHOW_OF_HANDS_SECRET"
BEFORE = "SHOW_OF_HANDS_SECRET_BEFORE"
"""Names the key that was in force before that one: it opens for as long as it is given."""
KEY_BYTES = 32
UNTIL = "%Y-%m-%dT%H:%M:%S%z"

GRACE = timedelta(days=30)
"""How long a key opens sessions after its rotation: no session lives longer."""


class BadSecret(Exception):
    """The secret key that was given is of no use; the text says what to do."""


class Earlier(NamedTuple):
    """A key that signs no more, and until when it opens."""

    key: bytes
    until: datetime


class Keys(NamedTuple):
    """The key that signs, those before it, oldest first, and the room's name, which stays."""

    current: bytes
    name: str
    earlier: tuple[Earlier, ...] = ()

    @property
    def all(self) -> list[bytes]:
        """Every key that opens, the one that signs last, as itsdangerous expects them."""
        return [*(earlier.key for earlier in self.earlier), self.current]


def keys(folder: Path) -> Keys:
    """Return the keys of the environment, or of a data folder, where the first start makes one.

    The file is readable by its owner alone. Of several that start on one folder at once, all get
    the key of the first.

    Raises:
        OSError: the data folder cannot be written.
        BadSecret: what is there is no key.
    """
    given = of_environment()
    if given is not None:
        return given
    if (found := read(folder)) is not None:
        return found
    with suppress(FileExistsError):  # another one was first
        write_private(folder / FILE, _text(_named(_fresh())), is_new=True)
    if (found := read(folder)) is not None:
        return found
    raise BadSecret(f"{folder / FILE} leads nowhere; delete it, and everybody logs in anew")


def of_environment() -> Keys | None:
    """Return the keys that the environment gives, None if it says nothing of them.

    Raises:
        BadSecret: one of the two is too short, or the newer one is missing.
    """
    current, before = (os.environ.get(name, "").strip().encode() for name in (VARIABLE, BEFORE))
    if VARIABLE not in os.environ:
        if BEFORE in os.environ:
            raise BadSecret(
                f"{BEFORE} is given without {VARIABLE}, the key that signs; give both, or take it"
                " out"
            )
        return None
    for name, key in ((VARIABLE, current), (BEFORE, before)):
        if len(key) < KEY_BYTES and name in os.environ:
            raise BadSecret(
                f"{name} is too short; expected at least {KEY_BYTES} characters, like those that"
                " `openssl rand -hex 32` prints"
            )
    if not before:
        return _named(current)
    return Keys(current, _named(before).name, (Earlier(before, datetime.now(UTC) + GRACE),))


def exist(folder: Path) -> bool:
    """Say whether a server has run on a data folder before."""
    return (folder / FILE).exists()


def read(folder: Path) -> Keys | None:
    """Return the keys of a data folder on which a server has run before, None of any other.

    Raises:
        OSError: the file cannot be read.
        BadSecret: the file does not hold a key.
    """
    file = folder / FILE
    try:
        text = file.read_bytes().strip()
    except FileNotFoundError:
        return None
    if b"\nname " not in text:
        if len(text) < KEY_BYTES:
            raise BadSecret(f"{file} is empty or cut; delete it, and everybody logs in anew")
        return _named(text)
    try:
        return _parsed(text, datetime.now(UTC))
    except ValueError:
        raise BadSecret(f"{file} is damaged; delete it, and everybody logs in anew") from None


def rotate(folder: Path) -> Keys | None:
    """Put a new key in force and return what there is then; None where there was no key.

    Raises:
        OSError: the file cannot be read or written; nothing has changed.
        BadSecret: the file does not hold a key.
    """
    before = read(folder)
    if before is None:
        return None
    retired = Earlier(before.current, datetime.now(UTC).replace(microsecond=0) + GRACE)
    after = Keys(_fresh(), before.name, (*before.earlier, retired))
    write_private(folder / FILE, _text(after))
    return after


def _fresh() -> bytes:
    return secrets.token_hex(KEY_BYTES).encode()


def _named(key: bytes) -> Keys:
    """Return a first key, with a short name for the room that tells nothing of it."""
    return Keys(key, hashlib.sha256(b"name of " + key).hexdigest()[:8])


def _text(keys: Keys) -> str:
    lines = [keys.current.decode()]
    if keys.earlier:
        lines.append(f"name {keys.name}")
        lines += [f"until {until:{UNTIL}} {key.hex()}" for key, until in keys.earlier]
    return "\n".join(lines)


def _parsed(text: bytes, now: datetime) -> Keys:
    """Read what a rotation wrote, but for the keys whose time is over.

    Raises:
        ValueError: something is missing or broken.
    """
    current, name, *lines = text.decode("ascii").splitlines()
    earlier = []
    for line in lines:
        word, until, key = line.split(" ")
        if word != "until" or len(key) < 2 * KEY_BYTES:
            raise ValueError(line)
        earlier.append(Earlier(bytes.fromhex(key), datetime.strptime(until, UNTIL)))
    if len(current) < KEY_BYTES or not name.startswith("name "):
        raise ValueError(name)
    kept = tuple(one for one in earlier if one.until > now)
    return Keys(current.encode(), name.removeprefix("name "), kept)
