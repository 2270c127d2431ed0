"""Inputs that no page of ours sends, drawn from a seed: messages, frames, requests, forms.

Owns what they look like. Pure: never sees a socket, and what a server should say to them is not
known here.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any
from urllib.parse import urlencode

from tests.phones import BINARY, CLOSE, PING, PONG, TEXT, frame
from tests.serving import ADA, EDSGER, GRACE

TEXTS = (
    "",
    "ada",
    ADA,
    "=1+1",
    "\0",
    "\x1b[2J",
    "\u202e",
    "\ufeff",
    "\u2028",
    "票",
    "😀",
    "e\u0301" * 20,
    "</script><script>alert(1)</script>",
    "{{7*7}}",
    "%s%n",
    "../../etc/passwd",
    "x" * 65,
    "\r\nSet-Cookie: a=b",
)
LITERALS = (
    *("0", "-0", "-1", "1.0", "1e3", "1e400", "-1e-400", "9007199254740991", "9007199254740992"),
    *("9" * 400, "NaN", "Infinity", "-Infinity", "null", "true", "false", "01", "0x1", "+1", ".5"),
    *(r'"\ud800"', r'"\u0000"', r'"\ud83d\ude00"', '"\x01"', "''", "[]", "{}", '[[[["deep"]]]]'),
)
FIELDS = ("type", "ballot", "round", "choices", "x", "", "Type", "__proto__")
PIECES = (
    *(b"\0", b"\xff", b"\r\n", b"\n", b"\r\n\r\n", b'"', b"\\", b"{", b"[", b"}", b"%00", b"%zz"),
    *(b"\xc0\xaf", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x81\xff", b"\x89\x80", b"\x88\x82", b"=&;"),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Host: evil.example\r\n"),
    *(b"Connection: keep-alive\r\n", b"Expect: 100-continue\r\n", b"Range: bytes=0-,0-\r\n"),
)
PATHS = (
    *("/", "/login", "/logout", "/present", "/embed", "/join.svg", "/admin", "/admin/login"),
    *("/admin/reset", "/admin/rounds.csv", "/rounds/1", "/rounds/1.csv", "/healthz", "/readyz"),
    *("/ballots", "/live", "/live?view=screen", "/live?view=voter&after=x&wait=NaN", "/metrics"),
    *("/static/../voting/web.py", "/%2e%2e/etc/passwd", "//evil.example", "/rounds/9" + "9" * 30),
    *(
        "*",
        "http://evil.example/",
        "/login?code=%F0%9F",
        "/?lang=%0d%0aX:y",
        "/live?view=admin&wait=-1",
    ),
)
METHODS = (
    "GET",
    "GET",
    "GET",
    "POST",
    "POST",
    "HEAD",
    "OPTIONS",
    "PUT",
    "DELETE",
    "PRI",
    "get",
    "",
)


def garbled(random: Random, data: bytes) -> bytes:
    """Return bytes with a few places turned, cut, doubled or filled with something else."""
    for _ in range(random.randint(1, 4)):
        at, size = random.randint(0, len(data)), random.randint(0, 12)
        if random.random() < 0.25 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
        elif random.random() < 0.3:
            data = data[:at] + data[at + size :]
        elif random.random() < 0.3:
            data = data[:at] + data[at : at + size] * random.randint(2, 20) + data[at + size :]
        elif random.random() < 0.3:
            data = data[:at] + random.randbytes(size) + data[at:]
        elif random.random() < 0.9:
            data = data[:at] + random.choice(PIECES) + data[at:]
        else:
            data = data[:at]
    return data


def message(random: Random) -> bytes:
    """Return what might be a client's message; some are."""
    kind = random.random()
    if kind < 0.1:
        return b'{"type":"ping"}'
    if kind < 0.2:
        return _json(random, 0).encode("utf-8", "surrogatepass")
    vote: dict[str, Any] = {
        "type": "vote",
        "ballot": f"b{random.randrange(50)}",
        "round": random.choice((1, 1, 1, 0, 2, -1)),
        "choices": random.choices((ADA, GRACE, EDSGER, "nobody"), k=random.choice((0, 1, 1, 1, 2))),
    }
    written = {name: json.dumps(value) for name, value in vote.items()}
    for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
        written[random.choice(FIELDS)] = _json(random, 1)
    if random.random() < 0.1:
        written.pop(random.choice(list(written)))
    pairs = [f"{json.dumps(name)}:{value}" for name, value in written.items()]
    random.shuffle(pairs)
    said = ("{" + ",".join(pairs) + "}").encode("utf-8", "surrogatepass")
    return garbled(random, said) if random.random() < 0.3 else said


def _json(random: Random, depth: int) -> str:
    kind = random.random()
    if kind < 0.4 or depth > 5:
        return random.choice(LITERALS)
    if kind < 0.7:
        return json.dumps(random.choice(TEXTS), ensure_ascii=random.random() < 0.5)
    if kind < 0.85:
        return "[" + ",".join(_json(random, depth + 1) for _ in range(random.randrange(4))) + "]"
    pairs = (
        f"{json.dumps(random.choice(FIELDS))}:{_json(random, depth + 1)}"
        for _ in range(random.randrange(4))
    )
    return "{" + ",".join(pairs) + "}"


def frames(random: Random) -> bytes:
    """Return what might be frames of a client: whole, cut up, of any size and kind, or noise."""
    data = b""
    for _ in range(random.randint(1, 5)):
        kind = random.random()
        if kind < 0.4:
            data += frame(TEXT, message(random)[:4_096])
        elif kind < 0.55:
            said = message(random)
            cut = random.randint(0, len(said))
            between = frame(PING, b"") if random.random() < 0.3 else b""
            data += frame(TEXT, said[:cut], last=False) + between + frame(0x0, said[cut:])
        elif kind < 0.7:
            code = random.choice((0, 999, 1000, 1001, 1005, 1006, 1016, 3000, 4401, 5000))
            payload = random.choice((b"", b"\x03", code.to_bytes(2, "big"), random.randbytes(20)))
            data += frame(random.choice((PING, PONG, CLOSE)), payload)
        elif kind < 0.8:
            opcode = random.randrange(16)
            data += frame(
                opcode, random.randbytes(random.randrange(300)), last=random.random() < 0.6
            )
        elif kind < 0.9:
            size = random.choice((4_096, 4_097, 65_536))
            data += frame(random.choice((TEXT, BINARY)), b" " * size)
        else:
            data += random.randbytes(random.randint(1, 40))
    return garbled(random, data) if random.random() < 0.5 else data


def request(random: Random, host: str, cookie: str) -> bytes:
    """Return what might be an HTTP request, or several."""
    path, method = random.choice(PATHS), random.choice(METHODS)
    body = random.choice((b"", b"name=Vera", b"{}", message(random), random.randbytes(30)))
    headers = [f"Host: {host}", f"Origin: http://{host}"]
    if body:
        headers += [f"Content-Length: {len(body)}"]
        headers += [
            "Content-Type: "
            + random.choice(
                (
                    "application/x-www-form-urlencoded",
                    "application/json",
                    "multipart/form-data; boundary=x",
                    "text/plain; charset=utf-7",
                )
            )
        ]
    more = (
        f"Cookie: {cookie}",
        "Cookie: " + "a=b; " * 200,
        "Accept-Encoding: gzip;q=0.1, *;q=NaN",
        "Accept-Language: zh;q=2, en;q=-1, \x80",
        "X-Forwarded-For: 127.0.0.1, <script>",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil.example",
        "Forwarded: for=127.0.0.1;host=evil.example",
        "If-None-Match: *",
        "If-Modified-Since: never",
        "Upgrade: websocket",
        "Connection: Upgrade, close, keep-alive",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: \xff",
        "User-Agent: \x1b]0;x\x07",
    )
    headers += random.sample(more, random.randrange(8))
    head = "\r\n".join([f"{method} {path} HTTP/1.{random.choice('1110')}", *headers, "", ""])
    data = head.encode("latin-1") + body
    if random.random() < 0.1:
        data *= 2
    return garbled(random, data) if random.random() < 0.6 else data


def question(random: Random, token: str) -> str:
    """Return what might ask `GET /live` for news, from a token or something like it."""
    after = garbled(random, token.encode()).decode("latin-1") if random.random() < 0.7 else token
    asked = [
        ("view", random.choice(("voter", "screen", "admin", "waiting", "", "voter\0"))),
        ("after", after if random.random() < 0.9 else random.choice(TEXTS) * 50),
        ("wait", random.choice((*LITERALS, "inf", "1e9", "-1e9", "٣"))),
        ("ping", "1"),  # or the server would do as it was asked, and wait
    ]
    random.shuffle(asked)
    return "/live?" + urlencode(asked, errors="surrogatepass")


def form(random: Random) -> dict[str, object]:
    """Return what somebody might type into a form, or a program in its place."""
    filled: dict[str, object] = {}
    for _ in range(random.randint(1, 3)):
        name = random.choice(("name", "name", "code", "link", "csrf_token", "next", "lang", "\0"))
        filled[name] = "".join(random.choices(TEXTS, k=random.randint(0, 3)))
        if random.random() < 0.3:
            noise = (chr(random.choice((0x20, 0x300, 0x2060, 0x4E00, 0x1F600))) for _ in range(60))
            filled[name] = "".join(noise)
    return filled
