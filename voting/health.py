"""Whether the server lives and can take ballots, for whoever watches over it.

Owns /healthz and /readyz. Tells no count, touches no session, and never asks the disk: what the
engine met last is known already.
"""

from __future__ import annotations

from flask import Blueprint, jsonify

from voting.engine import Engine
from voting.web import Page

RETRY_SECONDS = "2"

WAITING = "The journal cannot be written at the moment; phones keep their votes and try again."
STOPPING = "The server stops; phones keep their votes and come back to the next one."


def create_blueprint(engine: Engine) -> Blueprint:
    """Return the two routes."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Page:
        return jsonify(alive=True)

    @blueprint.get("/readyz")
    def readyz() -> Page:
        if engine.recording and not engine.is_stopping:
            return jsonify(ready=True)
        answer = jsonify(ready=False, reason=STOPPING if engine.is_stopping else WAITING)
        answer.status_code = 503
        answer.headers["Retry-After"] = RETRY_SECONDS
        return answer

    return blueprint
