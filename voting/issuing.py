"""One-time codes made on the admin's page, while the room runs.

Owns their page, which is the answer to the button: the codes are shown there once, to be printed or
saved, and are kept nowhere.
"""

from __future__ import annotations

import gevent
from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from voting import identity, logbook
from voting.cards import Card, as_download, cards, plain_list, spoken
from voting.codes import several
from voting.commands import answer, number, said_of, status_of, turn_away
from voting.doorway import Doorway
from voting.gate import Gate
from voting.state import Refusal
from voting.web import Page, wants_json

REST_SECONDS = 0.001
"""Between two cards, each a few milliseconds of work; a rest of none would not look at sockets."""

MOST = 1_000
"""Codes at one press: the room waits for none of their pictures, but a phone loads them all."""


def create_blueprint(gate: Gate, admin: identity.Admin, doorway: Doorway) -> Blueprint:
    """Return the route; there is none in a room that asks for no codes."""
    blueprint = Blueprint("issuing", __name__, url_prefix="/admin")

    @blueprint.get("/codes")
    def gone() -> Page:
        # Nobody is shown codes twice: who comes back to the page's address finds the desk.
        return redirect(url_for("admin.desk"), 303) if admin.is_in() else turn_away()

    @blueprint.post("/codes")
    def make() -> Page:
        if not admin.is_in():
            return answer(401, "not_logged_in", _("Log in first."))
        wanted = number("number")
        if not 1 <= wanted <= MOST:
            return answer(422, "wrong_number", _("Please ask for 1 to %(most)s codes.", most=MOST))
        url = doorway.look() or request.host_url.rstrip("/")
        made = several(wanted)
        rehearsal = number("rehearsal") if "rehearsal" in request.form else 0
        outcome = gate.issue(made, rehearsal=rehearsal)
        if isinstance(outcome, Refusal):
            return answer(status_of(outcome), outcome.code, said_of(outcome))
        logbook.note("codes_made", number=wanted, session=identity.short(admin.session()))
        if wants_json():
            return jsonify(ok=True, codes=made)
        drawn = _drawn(made, url)
        return render_template(
            "admin_codes.html",
            cards=drawn,
            address=spoken(url),
            download=as_download(plain_list(drawn)),
        )

    return blueprint


def _drawn(made: list[str], url: str) -> list[Card]:
    """Draw cards, and let the room go on after each."""
    drawn = []
    for card in cards(made, url):
        drawn.append(card)
        gevent.sleep(REST_SECONDS)
    return drawn
