"""Whether the server lives and can take ballots, for whoever watches over it.

Owns /healthz and /readyz. Tells no count, touches no session, and never asks the disk: what the
engine met last is known already.
"""

from __future__ import annotations

from flask import Blueprint, jsonify

from voting.engine import Engine
from voting.web import Page

WAITING = "The journal cannot be written at the moment; phones keep their votes and try again."


def create_blueprint(engine: Engine) -> Blueprint:
    """Return the two routes."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Page:
        return jsonify(alive=True)

    @blueprint.get("/readyz")
    def readyz() -> Page:
        answer = jsonify(ready=True) if engine.recording else jsonify(ready=False, reason=WAITING)
        answer.status_code = 200 if engine.recording else 503
        return answer

    return blueprint
