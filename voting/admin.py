"""The admin's desk: log in, and steer the rounds.

Owns the routes of /admin and its buttons. What a command does is decided by the fold; two admins
who press at once both name the version that they saw, and the second is told.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from voting import identity
from voting.commands import ACTIONS, answer, ask, at_stake, carry_out, command, to_desk, turn_away
from voting.doorway import Doorway, NoSuchAddress
from voting.engine import Engine
from voting.live import Live
from voting.vitals import Vitals
from voting.web import Page, Throttle, refused, wants_json

GUESSES = "10 per minute"
"""Passwords that one address may try. The one-time link is not counted: it always works."""


def create_blueprint(
    engine: Engine,
    live: Live,
    admin: identity.Admin,
    doorway: Doorway,
    vitals: Callable[[], Vitals],
) -> Blueprint:
    """Return the routes of /admin itself; `vitals` says what the server costs now."""
    blueprint = Blueprint("admin", __name__, url_prefix="/admin")
    guesses = Throttle(GUESSES)

    def login_page(error: str | None = None, link: str | None = None) -> str:
        return render_template(
            "admin_login.html", error=error, link=link, has_password=admin.has_password
        )

    def used() -> str:
        return str(_("This link has been used. Every start of the server makes a new one."))

    @blueprint.get("/login")
    def login() -> Page:
        # The link is used up by a POST: a preview of it, or a reload, must not spend it.
        link = request.args.get("link")
        if link and not admin.link_is_good(link):
            return login_page(used())
        return login_page(link=link)

    @blueprint.post("/login")
    def log_in() -> Page:
        if "link" in request.form:
            if admin.use_link(request.form["link"]):
                return redirect(url_for("admin.desk"), 303)
            return Response(login_page(used()), 401)
        guesses.check()
        if admin.use_password(request.form.get("password", "")):
            if wants_json():
                return jsonify(ok=True, csrf=generate_csrf())
            return redirect(url_for("admin.desk"), 303)
        said = _("That is not the password.")
        if wants_json():
            return refused(401, "wrong_password", said)
        return Response(login_page(said), 401)

    @blueprint.post("/logout")
    def log_out() -> Page:
        live.sign_out_admin(admin.session())
        admin.leave()
        return redirect(url_for("admin.login"), 303)

    @blueprint.get("", strict_slashes=False)
    def desk() -> Page:
        if not admin.is_in():
            return redirect(url_for("admin.login"), 303)
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
        wanted = command(action, engine.state)
        question = at_stake(engine.state, wanted)
        if question and "ask" in request.form:
            return ask(question, action)
        return carry_out(engine, wanted)

    return blueprint
