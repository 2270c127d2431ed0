"""The admin's desk: log in, and steer the rounds.

Owns the routes of /admin and its buttons. What a command does is decided by the fold; two admins
who press at once both name the version that they saw, and the second is told.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from voting import identity
from voting.commands import ACTIONS, answer, ask, at_stake, carry_out, command, turn_away
from voting.engine import Engine
from voting.live import Live
from voting.vitals import Vitals
from voting.web import Page, Throttle

GUESSES = "10 per minute"
"""Passwords that one address may try. The one-time link is not counted: it always works."""


def create_blueprint(
    engine: Engine,
    live: Live,
    admin: identity.Admin,
    join_url: Callable[[], str | None],
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
            return redirect(url_for("admin.desk"), 303)
        return Response(login_page(_("That is not the password.")), 401)

    @blueprint.post("/logout")
    def log_out() -> Page:
        live.sign_out_admin(admin.session())
        admin.leave()
        return redirect(url_for("admin.login"), 303)

    @blueprint.get("", strict_slashes=False)
    def desk() -> Page:
        if not admin.is_in():
            return redirect(url_for("admin.login"), 303)
        return render_template(
            "admin.html",
            snapshot=live.snapshot("admin"),
            join_url=join_url(),
        )

    @blueprint.get("/vitals")
    def show_vitals() -> Page:
        if not admin.is_in():
            return turn_away()
        return jsonify(msgspec.to_builtins(vitals()))

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
