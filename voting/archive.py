"""Rounds that were: the admin's list with its downloads, and the public result of each.

Owns /admin/rounds, /rounds/<id> and the erasing of names. Never shows anybody but the admin a count
or a receipt before the round is closed and its result is public; who may steer is `admin.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

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
from flask_babel import gettext as _

from voting import export, identity
from voting.engine import Engine
from voting.names import Names
from voting.receipts import codes_by_choice, find, read_code, was_replaced
from voting.state import Round
from voting.web import Page, refused, wants_json

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

    @blueprint.get("/rounds/<int:id>")
    def result(id: int) -> Page:
        current = public(id)
        return render_template(
            "result.html",
            current=current,
            codes=codes_by_choice(current),
            sought=sought(current, request.args.get("code", "")),
            utc=export.utc,
        )

    @blueprint.get("/rounds/<int:id>.csv")
    def receipts(id: int) -> Page:
        text = export.public_list(public(id)).encode("utf-8-sig")
        return download(text, "csv", f"round-{id}-receipts")

    @blueprint.get("/admin/rounds")
    def rounds() -> Page:
        only_admin()
        return render_template(
            "rounds.html",
            rounds=list(reversed(engine.state.rounds.values())),
            state=engine.state,
            room=room(),
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
            said = _("The names could not be erased. Look whether the data folder can be written.")
            return told(said, 503, "not_erased")
        return told(_("The names are erased. Votes and receipts are as they were."))

    def known(id: int) -> Round:
        if id not in engine.state.rounds:
            title, text = _("There is no round %(id)s", id=id), _("Please check the address.")
            sorry(404, "no_such_round", title, text)
        return engine.state.rounds[id]

    def public(id: int) -> Round:
        current = known(id)
        if current.closed_at is None:
            title = _("Round %(id)s is still open", id=id)
            text = _("Its result and its receipts are shown here once it is closed.")
            sorry(403, "still_open", title, text)
        if not current.is_public:
            title = _("The result of round %(id)s is not shown yet", id=id)
            text = _("It is shown here, with its receipts, as soon as the presenter reveals it.")
            sorry(403, "not_shown", title, text)
        return current

    def sought(current: Round, typed: str) -> dict[str, object]:
        """Say what a receipt code that somebody typed is in a round's list."""
        code = read_code(typed)
        receipt = find(current, code) if code else None
        if receipt is not None:
            answer = "counted"
        elif code is not None:
            answer = "replaced" if was_replaced(engine.state, current, code) else "unknown"
        else:
            answer = "unreadable" if typed.strip() else "nothing"
        chosen = receipt.choices if receipt else ()
        return {"typed": typed, "code": code, "answer": answer, "choices": chosen}

    def exported(rounds: list[Round], kind: export.Kind, name: str) -> Response:
        called = names_asked_for()
        results = [export.result(current, called, room()) for current in rounds]
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
            sorry(403, "names_not_allowed", title, text)
        try:
            return names.read()
        except OSError:
            title = _("The names cannot be read")
            text = _("Look whether the data folder can be read, or download without names.")
            sorry(503, "names_not_readable", title, text)

    def only_admin() -> None:
        if admin.is_in():
            return
        if wants_json():
            abort(refused(401, "not_logged_in", _("Log in first.")))
        abort(redirect(url_for("admin.login"), 303))

    return blueprint


def told(message: str, status: int = 200, code: str = "done") -> Page:
    """Say on the admin's list what came of a button, or as JSON to a script."""
    if not wants_json():
        flash(message, code)
        return redirect(url_for("archive.rounds"), 303)
    return jsonify(ok=True) if status == 200 else refused(status, code, message)


def sorry(status: int, code: str, title: str, text: str) -> NoReturn:
    """End this request with a page that says what is the matter, or with JSON for scripts."""
    if wants_json():
        abort(refused(status, code, text))
    abort(Response(render_template("message.html", title=title, text=text), status))


def download(body: bytes, kind: export.Kind, name: str) -> Response:
    """Answer with a file that is saved under a name."""
    response = Response(body, mimetype=MIME[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="show-of-hands-{name}.{kind}"'
    return response
