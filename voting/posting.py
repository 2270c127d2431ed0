"""The way of a ballot without a WebSocket: `POST /ballots`.

Owns the route and what HTTP calls a refusal. What a ballot does is the engine's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import cast

from flask import Blueprint, Response, request, session
from flask.blueprints import BlueprintSetupState
from gevent.event import AsyncResult

from voting import identity, protocol
from voting.config import Config
from voting.live import MAX_UNANSWERED, Live
from voting.pace import Pace
from voting.polling import RETRIED, RETRY_SECONDS
from voting.protocol import Refused
from voting.state import Code, Outcome, Receipt, Refusal
from voting.visitors import Visitors
from voting.web import turn_stranger_away

STATUS: Mapping[Code, int] = {
    "unknown_candidate": 422,
    "wrong_choices": 422,
    "stale_round": 409,
    "round_closed": 409,
    "already_voted": 409,
    "too_fast": 429,
    "not_recorded": 503,
}


def create_blueprint(live: Live, visitors: Visitors, config: Config) -> Blueprint:
    """Return the route."""
    blueprint = Blueprint("posting", __name__)
    pace = Pace()
    waiting: Counter[str] = Counter()

    @blueprint.post("/ballots")
    def cast_ballot() -> Response:
        # A form of another site can send neither JSON nor our Origin: this needs no token.
        if not identity.origin_is_ours(request, allow_absent=config.server.allow_no_origin):
            turn_stranger_away()
        if request.mimetype != "application/json":
            return _told(415, Refused(None, "bad_message", "expected application/json"))
        who = visitors.who(session)
        if who is None:
            return _told(401, Refused(None, "not_logged_in", "log in first"))
        if not pace.allows(who[0], config.limits.messages_per_second):
            return _told(429, Refused(None, "too_fast", "too many ballots in a second"))
        try:
            vote = _vote(request.get_data())
        except protocol.BadMessage as error:
            return _told(422, Refused(None, "bad_message", str(error)))
        voter = who[0]
        if waiting[voter] >= MAX_UNANSWERED:
            return _told(503, Refused(vote.ballot, "not_recorded", "wait for the answers"))
        waiting[voter] += 1
        try:
            outcome = _cast(live, voter, vote)
        finally:
            waiting[voter] -= 1
            if not waiting[voter]:
                del waiting[voter]
        if isinstance(outcome, Refusal):
            refused = Refused(vote.ballot, outcome.code, outcome.message)
            return _told(STATUS[outcome.code], refused)
        return _told(200, cast(Receipt, outcome))

    def exempt(setup: BlueprintSetupState) -> None:
        setup.app.extensions["csrf"].exempt(blueprint)

    blueprint.record_once(exempt)
    return blueprint


def _cast(live: Live, voter: str, vote: protocol.Vote) -> Outcome:
    answered: AsyncResult[Outcome] = AsyncResult()
    live.cast(voter, vote, answered.set)
    return cast(Outcome, answered.get())


def _vote(payload: bytes) -> protocol.Vote:
    if len(payload) > protocol.MAX_MESSAGE_BYTES:
        raise protocol.BadMessage(f"expected at most {protocol.MAX_MESSAGE_BYTES} bytes")
    try:
        text = payload.decode()  # whoever reads JSON passes over fields, and does not look there
    except UnicodeDecodeError:
        raise protocol.BadMessage("expected UTF-8") from None
    message = protocol.decode(text)
    if not isinstance(message, protocol.Vote):
        raise protocol.BadMessage("expected a vote")
    return message


def _told(status: int, message: Receipt | Refused) -> Response:
    headers = {"Retry-After": str(RETRY_SECONDS)} if status in RETRIED else {}
    return Response(protocol.encode(message), status, headers, mimetype="application/json")
