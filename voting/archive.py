"""Rounds that were: the admin's list with its downloads, and the public result of each.

Owns /admin/rounds, /rounds/<id> and the erasing of names. Never shows anybody but the admin a count
or a receipt before the round is closed and its result is public; who may steer is `admin.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import gevent
from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import get_locale
from flask_babel import gettext as _

from voting import export, identity
from voting.commands import turn_away
from voting.engine import Engine
from voting.names import Names
from voting.published import Published, Shelf
from voting.receipts import Codes, read_code
from voting.state import Round
from voting.web import Page, refused, sorry, wants_json

MAX_CODES = 5_000
"""More codes than these are not on a page: a phone would load a megabyte to read one line."""

MIME = {"csv": "text/csv", "json": "application/json"}


def create_blueprint(
    engine: Engine,
    admin: identity.Admin,
    names: Names,
    room: Callable[[], int],
    *,
    names_in_exports: bool,
) -> Blueprint:
    """Return the routes; `room` says how many are present or have voted in the round on stage."""
    blueprint = Blueprint("archive", __name__)
    shelf = Shelf()

    def room_now() -> int:
        # Whoever came for a rehearsal is in no round's room.
        return 0 if engine.state.rehearsal else room()

    @blueprint.get("/rounds/<int:id>")
    def result(id: int) -> Page:
        kept = shelf.take(engine.state, public(id))
        codes = kept.codes()
        public(id)  # others went on meanwhile, and may have reopened or hidden it
        if request.args.keys() - {"lang"}:  # the page repeats what else is in its address
            return result_page(kept, codes)
        language = str(get_locale())
        if language not in kept.pages:
            kept.pages[language] = result_page(kept, codes).encode()
        return Response(kept.pages[language])

    @blueprint.get("/rounds/<int:id>.csv")
    def receipts(id: int) -> Page:
        listed = shelf.take(engine.state, public(id)).listed()
        public(id)  # as above
        return download(listed, "csv", f"round-{id}-receipts")

    @blueprint.get("/admin/rounds")
    def rounds() -> Page:
        only_admin()
        return render_template(
            "rounds.html",
            rounds=list(reversed(engine.state.rounds.values())),
            state=engine.state,
            room=room_now(),
            names_are_kept=names.are_kept,
            names_in_exports=names_in_exports,
            utc=export.utc,
        )

    @blueprint.get("/admin/rounds.<any(csv, json):kind>")
    def all_rounds(kind: export.Kind) -> Page:
        only_admin()
        return exported(list(engine.state.rounds.values()), kind, "rounds")

    @blueprint.get("/admin/rounds/<int:id>.<any(csv, json):kind>")
    def one_round(id: int, kind: export.Kind) -> Page:
        only_admin()
        return exported([known(id)], kind, f"round-{id}")

    @blueprint.post("/admin/erase-names")
    def erase_names() -> Page:
        only_admin()
        try:
            names.erase()
        except OSError:
            said = _(
                "The names could not be erased. Look whether the data folder, or Redis, can be"
                " written."
            )
            return told(said, 503, "not_erased")
        return told(_("The names are erased. Votes and receipts are as they were."))

    def known(id: int) -> Round:
        if id not in engine.state.rounds:
            engine.catch_up()  # another server may have opened it just now
        if id not in engine.state.rounds:
            title, text = _("There is no round %(id)s", id=id), _("Please check the address.")
            abort(sorry(404, "no_such_round", title, text))
        return engine.state.rounds[id]

    def public(id: int) -> Round:
        current = known(id)
        if current.closed_at is None or not current.is_public:
            engine.catch_up()
            current = known(id)
        if current.closed_at is None:
            title = _("Round %(id)s is still open", id=id)
            text = _("Its result and its receipts are shown here once it is closed.")
            abort(sorry(403, "still_open", title, text))
        if not current.is_public:
            title = _("The result of round %(id)s is not shown yet", id=id)
            text = _("It is shown here, with its receipts, as soon as the presenter reveals it.")
            abort(sorry(403, "not_shown", title, text))
        return current

    def exported(rounds: list[Round], kind: export.Kind, name: str) -> Response:
        called = names_asked_for()
        results = [export.result(current, called, room_now()) for current in rounds]
        # The results are a copy: a native thread may write them while the room goes on.
        pool = gevent.get_hub().threadpool
        return download(pool.apply(export.written, (kind, results)), kind, name)

    def names_asked_for() -> Mapping[str, str] | None:
        if request.args.get("names") != "1":
            return None
        if not names_in_exports:
            title = _("Names are not exported here")
            text = _(
                "To allow it, set names_in_exports = true under [room] in config.toml and start"
                " the server again."
            )
            abort(sorry(403, "names_not_allowed", title, text))
        try:
            return names.read()
        except OSError:
            title = _("The names cannot be read")
            text = _(
                "Look whether the data folder, or Redis, can be read, or download without names."
            )
            abort(sorry(503, "names_not_readable", title, text))

    def only_admin() -> None:
        if not admin.is_in():
            abort(turn_away())
        engine.catch_up()

    return blueprint


def result_page(kept: Published, codes: Codes) -> str:
    """Write a round's public result, with the answer to a code if one was typed."""
    listed = sum(kept.round.counts.values())
    return render_template(
        "result.html",
        current=kept.round,
        codes=codes.by_choice if listed <= MAX_CODES else None,
        sought=sought(codes, request.args.get("code", "")),
        utc=export.utc,
    )


def sought(codes: Codes, typed: str) -> dict[str, object]:
    """Say what a receipt code that somebody typed is in a round's list."""
    code = read_code(typed)
    if code is None:
        answer = "unreadable" if typed.strip() else "nothing"
    elif code in codes.choices:
        answer = "counted"
    else:
        answer = "replaced" if code in codes.replaced else "unknown"
    chosen = codes.choices.get(code or "", ())
    return {"typed": typed, "code": code, "answer": answer, "choices": chosen}


def told(message: str, status: int = 200, code: str = "done") -> Page:
    """Say on the admin's list what came of a button, or as JSON to a script."""
    if not wants_json():
        flash(message, code)
        return redirect(url_for("archive.rounds"), 303)
    return jsonify(ok=True) if status == 200 else refused(status, code, message)


def download(body: bytes, kind: export.Kind, name: str) -> Response:
    """Answer with a file that is saved under a name."""
    response = Response(body, mimetype=MIME[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="show-of-hands-{name}.{kind}"'
    return response
