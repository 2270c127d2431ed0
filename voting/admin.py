"""The admin's desk: log in, and steer the rounds.

Owns the routes of /admin and its buttons. What a command does is decided by the fold; two admins
who press at once both name the version that they saw, and the second is told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import msgspec
from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import TooManyRequests

from voting import identity, logbook
from voting.commands import ACTIONS, answer, ask, at_stake, carry_out, command, to_desk, turn_away
from voting.doorway import Doorway, NoSuchAddress
from voting.engine import Engine
from voting.fleet import Fleet
from voting.live import Live
from voting.password import PATIENCE_SECONDS, Busy
from voting.throttle import Throttle, household
from voting.visitors import Visitors
from voting.vitals import Vitals
from voting.web import Page, is_open_air, refused, wants_json

GUESSES = 10
"""Passwords that one visitor may try within a minute.

A browser that was an admin's before is a visitor of its own, so nobody behind the same address can
shut it out. The one-time link is not counted: it always works.
"""


def create_blueprint(
    engine: Engine,
    live: Live,
    visitors: Visitors,
    admin: identity.Admin,
    doorway: Doorway,
    vitals: Callable[[], Vitals],
    fleet: Fleet,
) -> Blueprint:
    """Return the routes of /admin itself; `vitals` says what the server costs now."""
    blueprint = Blueprint("admin", __name__, url_prefix="/admin")
    # Two, or strangers from very many addresses could use up the count of who was admin before.
    guesses = Throttle(GUESSES, fleet, "guesses")
    of_known = Throttle(GUESSES, fleet, "guesses of known")

    def login_page(error: str | None = None, link: str | None = None) -> str:
        return render_template(
            "admin_login.html",
            error=error,
            link=link,
            has_password=admin.has_password,
            is_open_air=is_open_air(),
        )

    def used() -> str:
        said = _(
            "This link is not known any more, or has been used. Every start of the server makes a"
            " new one."
        )
        return str(said)

    def came_in(by: str) -> None:
        address = request.remote_addr or ""
        logbook.note("admin_in", by=by, address=address, session=identity.short(admin.session()))

    def turned_away(by: str) -> None:
        logbook.note_rarely("admin_refused", request.remote_addr or "", by=by)

    @blueprint.get("/login")
    def login() -> Page:
        # The link is used up by a POST: a preview of it, or a reload, must not spend it.
        link = request.args.get("link")
        with suppress(OSError):  # nobody can tell now; the POST will
            if link and not admin.link_is_good(link):
                return login_page(used())
        return login_page(link=link)

    @blueprint.post("/login")
    def log_in() -> Page:
        if "link" in request.form:
            try:
                is_good = admin.use_link(request.form["link"])
            except OSError:
                said = _("The link cannot be checked just now. Please try again in a moment.")
                return Response(login_page(said, request.form["link"]), 503)
            if is_good:
                came_in("link")
                return redirect(url_for("admin.desk"), 303)
            turned_away("link")
            return Response(login_page(used()), 401)
        later = _("Wait a minute and try again, or open the link in the terminal.")
        if device := admin.device():
            of_known.check(device, later)
        else:
            guesses.check(household(request.remote_addr or ""), later)
        try:
            is_right = admin.use_password(request.form.get("password", ""))
        except Busy:
            raise TooManyRequests(later, retry_after=round(PATIENCE_SECONDS)) from None
        if is_right:
            came_in("password")
            if wants_json():
                return jsonify(ok=True, csrf=generate_csrf())
            return redirect(url_for("admin.desk"), 303)
        turned_away("password")
        said = _("That is not the password.")
        if wants_json():
            return refused(401, "wrong_password", said)
        return Response(login_page(said), 401)

    @blueprint.post("/logout")
    def log_out() -> Page:
        if mark := admin.leave():
            visitors.sign_out_admin(mark)
            logbook.note("admin_out", session=identity.short(mark))
        return redirect(url_for("admin.login"), 303)

    @blueprint.get("", strict_slashes=False)
    def desk() -> Page:
        if not admin.is_in():
            return redirect(url_for("admin.login"), 303)
        engine.catch_up()  # what this admin has just done may have been done by another server
        doorway.look()
        return render_template(
            "admin.html",
            snapshot=live.snapshot("admin"),
            vitals=vitals(),
            doorway=doorway,
            removed=engine.state.removed,
        )

    @blueprint.get("/vitals")
    def show_vitals() -> Page:
        if not admin.is_in():
            return turn_away()
        return jsonify(msgspec.to_builtins(vitals()))

    @blueprint.get("/addresses")
    def show_addresses() -> Page:
        if not admin.is_in():
            return turn_away()
        found = [
            {"address": network.address, "network": network.name, "url": url}
            for network, url in doorway.networks()
        ]
        return jsonify(chosen=doorway.chosen, fixed=doorway.is_fixed, addresses=found)

    @blueprint.post("/address")
    def choose_address() -> Page:
        if not admin.is_in():
            return answer(401, "not_logged_in", _("Log in first."))
        try:
            doorway.choose(request.form.get("address", ""))
        except NoSuchAddress:
            said = _("This computer does not have that address any more. Choose another one.")
            return answer(409, "no_such_address", said)
        except OSError:
            said = _("The choice could not be saved. Please see whether the disk is full.")
            return answer(503, "not_saved", said)
        return jsonify(ok=True) if wants_json() else to_desk()

    @blueprint.post(f"/<any({', '.join(ACTIONS)}):action>")
    def steer(action: str) -> Page:
        if not admin.is_in():
            return answer(401, "not_logged_in", _("Log in first."))
        engine.catch_up()
        wanted = command(action, engine.state)
        question = at_stake(engine.state, wanted)
        if question and "ask" in request.form:
            return ask(question, action)
        return carry_out(engine, wanted)

    return blueprint
