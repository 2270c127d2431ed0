"""The pages of voters and of the screen: log in, vote, watch, join.

Owns their routes. What a page shows first is the same message that its socket would send.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from voting import identity
from voting.addresses import qr_svg
from voting.live import Live
from voting.names import Names
from voting.web import Page


class Kept:
    """What many readers of a page see alike, made once for as long as they do.

    Before the vote begins a whole room arrives at the same choices: only the first has to wait for
    them to be written.
    """

    def __init__(self) -> None:
        self._seen: object = None
        self._parts: dict[str, str] = {}

    def part(self, seen: object, name: str, caller: Callable[[], str]) -> str:
        """Return the part that `caller` makes of what is `seen`; without a name it is made anew."""
        if not name:
            return caller()
        if seen != self._seen:
            self._seen, self._parts = seen, {}
        if name not in self._parts:
            self._parts[name] = caller()
        return self._parts[name]


def _alike(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Return a snapshot without what an arrival changes; of the time what a countdown shows."""
    closes_at = snapshot["round"]["closes_at"]
    left = closes_at and (closes_at - snapshot["now"] + 999) // 1000
    return {**snapshot, "now": left, "online": 0, "room": 0}


def create_blueprint(
    live: Live, names: Names, join_url: Callable[[], str | None], *, name_required: bool
) -> Blueprint:
    """Return the routes; `join_url` is asked anew whenever the address is shown."""
    blueprint = Blueprint("pages", __name__)
    kept = Kept()

    def login_page(name: str, error: str | None = None) -> str:
        return render_template("login.html", name=name, error=error, name_required=name_required)

    @blueprint.get("/login")
    def login() -> Page:
        return login_page(session.get("name", ""))

    @blueprint.post("/login")
    def log_in() -> Page:
        typed = request.form.get("name", "")
        try:
            name = identity.clean_name(typed)
        except identity.BadName:
            said = _("Please use up to %(n)s letters, digits and signs.", n=identity.MAX_NAME)
            return Response(login_page(typed, said), 422)
        if name_required and not name:
            return Response(login_page(typed, _("Please tell us your name.")), 422)
        came_before = "voter" in session
        voter = identity.log_in(name)
        if name or came_before:  # who comes again without a name takes the old one back
            names.keep(voter, name)
        return redirect(url_for("pages.vote"), 303)

    @blueprint.post("/logout")
    def log_out() -> Page:
        who = identity.logged_in()
        identity.log_out()
        if who:
            live.sign_out(who[0])
        return redirect(url_for("pages.login"), 303)

    @blueprint.get("/")
    def vote() -> Page:
        who = identity.logged_in()
        if who is None:
            return redirect(url_for("pages.login"), 303)
        snapshot = live.snapshot(live.view_of(who[0]))
        return render_template(
            "vote.html",
            snapshot=snapshot,
            you=live.you(*who),
            kept=partial(kept.part, _alike(snapshot)),
        )

    @blueprint.get("/present")
    def present() -> Page:
        return render_template(
            "present.html", snapshot=live.snapshot("screen"), join_url=join_url()
        )

    @blueprint.get("/join.svg")
    def join_svg() -> Page:
        # Without a network there is nothing to join; the code then leads to where it was seen.
        return Response(qr_svg(join_url() or request.host_url), mimetype="image/svg+xml")

    return blueprint
