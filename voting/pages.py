"""The pages of voters and of the screen: log in, vote, talk, watch, join; the chart for others.

Owns their routes. What a page shows first is the same message that its socket would send.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from voting import identity
from voting.addresses import qr_svg
from voting.config import Config
from voting.doorway import Doorway
from voting.fleet import Fleet
from voting.gate import Gate
from voting.language import speech
from voting.live import Live
from voting.names import Names
from voting.state import Refusal
from voting.stencil import Stencil, Words
from voting.throttle import Throttle, household
from voting.visitors import Visitors
from voting.web import Page, for_script, is_open_air, may_be_framed


def _turnout(snapshot: dict[str, Any]) -> Markup:
    """Say how many are here and have voted, as `status.js` does when numbers come."""
    words, _ = speech().sentences("voter")
    if snapshot["round"]["state"] == "none" or not (snapshot["online"] or snapshot["voted"]):
        return escape(words["here"].replace("{n}", str(snapshot["online"])))
    voted, room = snapshot["voted"], snapshot["room"]
    return speech().count(words["turnout"], voted, voted=voted, all=room)


def _alike(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Return a snapshot without what an arrival changes; of the time what a countdown shows."""
    closes_at = snapshot["round"]["closes_at"]
    left = closes_at and (closes_at - snapshot["now"] + 999) // 1000
    return {**snapshot, "now": left, "online": 0, "room": 0}


STATUS = {"code_used": 409, "not_recorded": 503}
"""Of an answer to somebody whose code did not let them in; else 401."""


def _why_not(refusal: Refusal, typed: str) -> str:
    """Tell somebody why a code did not let them in, and what to do."""
    match refusal.code:
        case "code_used":
            said = _(
                "This code has been used on another phone or in another browser. Ask the presenter"
                " for another one."
            )
        case "not_recorded":
            said = _("Codes cannot be taken just now. Yours stays good; try again in a moment.")
        case _ if not typed.strip():
            said = _("Please type the code from your card.")
        case _:
            said = _("There is no such code. Please compare it with your card.")
    return str(said)


THEMES = ("dark", "light", "transparent")
"""Grounds on which the chart for other pages may stand; the first unless another is asked for."""


def create_blueprint(
    live: Live,
    visitors: Visitors,
    gate: Gate,
    names: Names,
    doorway: Doorway,
    admin: identity.Admin,
    config: Config,
    fleet: Fleet,
) -> Blueprint:
    """Return the routes."""
    blueprint = Blueprint("pages", __name__)
    name_required = config.room.name_required
    arrivals = Throttle(config.limits.logins_per_minute, fleet, "logins")
    logins = Stencil("token")
    votes = Stencil("token", "turnout", "name", "snapshot", "you")
    talks = Stencil()

    def asks_code() -> bool:
        # Whoever sees the form is a voter already: a phone that has sent it and heard no answer
        # sends it again as the same one, and its code has not gone to a stranger.
        is_in = gate.admits_by_now if "name" in session else gate.admits
        return gate.asks and not is_in(identity.voter())

    def login_page(name: str, code: str = "", error: str | None = None, field: str = "name") -> str:
        rehearsing, asks = live.is_rehearsing, asks_code()

        def write(places: Words) -> str:
            return render_template(
                "login.html",
                name=name,
                code=code,
                asks_code=asks,
                error=error,
                field=field,
                name_required=name_required,
                rehearsing=rehearsing,
                places=places,
            )

        words = {"token": escape(generate_csrf())}
        if name or error or request.query_string:
            return write(words)
        return logins.fill(rehearsing, (speech().lang, asks), write, words)

    @blueprint.get("/login")
    def login() -> Page:
        code = request.args.get("code", "")
        if gate.asks and code and visitors.who(session):
            return redirect(url_for("pages.vote"), 303)  # in already; the code stays good
        return login_page(session.get("name", ""), code)

    @blueprint.post("/login")
    def log_in() -> Page:
        crowded = _("Very many are joining just now. Please try again in a minute.")
        arrivals.check(household(request.remote_addr or ""), crowded)
        typed, code = request.form.get("name", ""), request.form.get("code", "")
        try:
            name = identity.clean_name(typed)
        except identity.BadName:
            said = _("Please use up to %(n)s letters, digits and signs.", n=identity.MAX_NAME)
            return Response(login_page(typed, code, said), 422)
        if name_required and not name:
            return Response(login_page(typed, code, _("Please tell us your name.")), 422)
        is_new = asks_code()
        if is_new and isinstance(no := gate.let_in(identity.voter(), code), Refusal):
            said = _why_not(no, code)
            return Response(login_page(typed, code, said, "code"), STATUS.get(no.code, 401))
        came_before = "voter" in session and not is_new
        voter = identity.log_in(name)
        if name or came_before:  # who comes again without a name takes the old one back
            names.keep(voter, name)
        live.log_in(voter)
        return redirect(url_for("pages.vote"), 303)

    @blueprint.post("/logout")
    def log_out() -> Page:
        who = visitors.who(session)
        identity.log_out()
        if who:
            live.log_out(who[0])
        return redirect(url_for("pages.login"), 303)

    @blueprint.get("/")
    def vote() -> Page:
        who = visitors.who(session)
        if who is None:
            return redirect(url_for("pages.login"), 303)
        snapshot, you = live.snapshot(live.view_of(who[0])), live.you(*who)

        def write(places: Words) -> str:
            return render_template("vote.html", snapshot=snapshot, you=you, places=places)

        words = {
            "token": escape(generate_csrf()),
            "turnout": _turnout(snapshot),
            "name": escape(who[1]),
            "snapshot": for_script(snapshot),
            "you": for_script(you),
        }
        if you["choices"] or request.query_string:
            return write(words)
        return votes.fill(_alike(snapshot), (speech().lang, not who[1]), write, words)

    @blueprint.get("/talk")
    def talk() -> Page:
        # The whole room asks for it in the moment when messages are switched on.
        return talks.fill(None, speech().lang, lambda _places: render_template("talk.html"), {})

    @blueprint.get("/present")
    def present() -> Page:
        doorway.look()
        return render_template(
            "present.html",
            snapshot=live.snapshot("screen"),
            has_password=admin.has_password,
            is_open_air=is_open_air(),
            screen=config.screen,
            is_shut=doorway.is_shut,
        )

    @blueprint.get("/embed")
    def embed() -> Page:
        may_be_framed(config.embed.origins)
        asked = request.args.get("theme", "")
        return render_template(
            "embed.html",
            snapshot=live.snapshot("screen"),
            theme=asked if asked in THEMES else THEMES[0],
            has_question=request.args.get("question") != "0",
            screen=config.screen,
        )

    @blueprint.get("/join.svg")
    def join_svg() -> Page:
        # Without a network there is nothing to join; the code then leads to where it was seen.
        return Response(qr_svg(doorway.look() or request.host_url), mimetype="image/svg+xml")

    return blueprint
