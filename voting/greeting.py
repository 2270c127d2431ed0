"""What the terminal says when the server has started: where everything is, and how to go on.

Owns these words, and where this computer's own browser finds the server. Starts nothing.
"""

from __future__ import annotations

import sys

from voting import database
from voting.addresses import is_loopback, qr_text
from voting.config import Config
from voting.doorway import Doorway
from voting.state import Admission, State


def greet(
    config: Config,
    state: State,
    doorway: Doorway,
    *,
    promise: str = "",
    restored: bool,
    emptied: bool,
    port: int,
    instead_of: int | None,
    link: str,
    phones: int | None,
) -> str:
    """Return the greeting.

    Args:
        config: what the server runs with.
        state: what the journal holds.
        doorway: where phones come in.
        promise: what a crash of the shared journal can lose, if there is one.
        restored: whether the journal came as a copy of an earlier one.
        emptied: whether the journal is new where a server ran before, or may have.
        port: where the server listens.
        instead_of: the port that was in use, if the server took the next one.
        link: the token that logs the admin in once.
        phones: how many there is room for, if the system sets a limit.
    """
    here = f"http://{_local_name(config.server.host)}:{port}"
    lines = ["", "Show of Hands", ""]
    if instead_of is not None:
        lines.append(f"  Port {instead_of} is in use, so this is port {port}.")
    stage = state.on_stage
    if restored:
        lines += [
            "  The data folder holds a copy of an earlier journal, and goes on from there as a new",
            "  room: phones take what it holds, and forget votes that were still on their way.",
        ]
    if kept := sorted(config.data.glob("damaged-*")):
        lines += [
            "  The journal was repaired: what was behind the damage is not in this room. The",
            f"  damaged files are kept in {kept[-1]}.",
        ]
    if config.journal.url and (config.data / database.NAME).exists():
        lines += [
            f"  There is a journal in {config.data} too.",
            "  It is not used: votes are in Redis.",
        ]
    if emptied and config.journal.url:
        lines += [
            "  Redis holds no room of this name, as at a first start: this is a new one, without",
            "  rounds or votes.",
        ]
    elif emptied:
        lines += [
            "  A server ran on this data folder before, and its journal is not there any more:",
            "  this is a new room, without the rounds and votes of the old one.",
        ]
    if stage and stage.poll != state.polls.get(stage.poll.id, stage.poll):
        lines += [
            f"  The text of the poll on stage was changed. Round {stage.id} and its ballots stay",
            "  as they are; the next round takes the new text.",
        ]
    if config.server.public_url.startswith("https:") and not config.server.proxies:
        lines += [
            "  Phones come over HTTPS, but [server] proxies in config.toml names no proxy: every",
            "  phone seems to come from one address, and cookies are not marked Secure.",
        ]
    if config.journal.url and not config.server.public_url:
        lines += [
            "  Servers of this room on other computers show phones their own addresses; [server]",
            "  public_url in config.toml names one for all.",
        ]
    lines += _for_phones(config.server.host, doorway)
    lines.append(f"  Screen   {here}/present")
    lines.append(f"  Admin    {here}/admin/login?link={link}  (works once)")
    if phones is not None:
        lines.append(f"  Room     up to {phones:,} phones (this computer's limit of open files)")
    if config.room.voters == "codes":
        lines.append(f"  Codes    {_of_codes(state.admission)}")
    if promise:
        lines.append(f"  Votes    {promise}")
    if stage and stage.used:
        lines.append(
            f"  Goes on  with round {stage.id}: {stage.state}, {_plural(stage.ballots, 'ballot')}"
        )
    return "\n".join([*lines, "", "Ctrl-C stops the server."])


def _of_codes(admission: Admission) -> str:
    if not admission.codes:
        return "none yet, so nobody can come in: make some on the admin's page"
    return f"{len(admission.codes):,} made, {len(admission.voters):,} used"


def _for_phones(host: str, doorway: Doorway) -> list[str]:
    """Return their address, its QR code, and what else they may try."""
    url = doorway.url
    if url is None and is_loopback(host):
        return [f"  Phones   none: host = {host} means this computer alone."]
    if url is None:
        return [
            "  Phones   cannot reach this computer: it is in no network. Join a Wi-Fi or start a",
            "           hotspot; the address then appears on the screen page.",
        ]
    lines = [f"  Phones   {url}", ""]
    if "utf" in (sys.stderr.encoding or "").lower():
        lines.append(qr_text(url))
    also = [other for _, other in doorway.networks() if other != url]
    lines += [f"  Or       {', '.join(also)}"] if also else []
    return lines


def _local_name(host: str) -> str:
    """Return the name by which this computer's own browser reaches a host setting."""
    if host in ("0.0.0.0", "::", "127.0.0.1", "localhost"):
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
