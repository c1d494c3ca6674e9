"""Where providers send what is new: verified on its raw bytes, kept raw, answered; read by a worker later.

`/hooks/<kind>` is one address for the whole installation: each piece says which page or account it is for.
`/hooks/<kind>/<channel_id>` is one channel's own. Neither knows cookies or forms: the signature is the proof.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from healthberry import logs
from healthberry.blueprints import guard
from healthberry.connectors.base import Connector, WebhookAnswer, WebhookRequest
from healthberry.connectors.errors import BadSignature, ConnectorError, Temporary
from healthberry.core import events, pushes
from healthberry.core.errors import NotFound
from healthberry.extensions import csrf, part

blueprint = Blueprint("hooks", __name__)
log = logging.getLogger(__name__)

LARGEST_BYTES = 1_000_000
_RETRY_SECONDS = "30"


@blueprint.route("/hooks/<kind>", methods=["GET", "POST"])
@csrf.exempt  # type: ignore[untyped-decorator]
@guard.own_proof
def of_kind(kind: str) -> Response:
    """Take what a provider sends for any of its pages; what names no linked channel is let go with the same answer."""
    return respond(take_in(_connector(kind), received()))


@blueprint.route("/hooks/<kind>/<uuid:channel_id>", methods=["GET", "POST"])
@csrf.exempt  # type: ignore[untyped-decorator]
@guard.own_proof
def of_channel(kind: str, channel_id: UUID) -> Response:
    """Take what is sent for one channel; 404 when it is not linked."""
    return respond(take_in(_connector(kind), received(), channel_id))


@blueprint.errorhandler(BadSignature)
def not_theirs(error: BadSignature) -> Response:
    """Answer whoever did not sign; nothing is said of what was wrong, and nothing kept."""
    kind = (request.view_args or {}).get("kind", "")
    logs.event(log, "hook.refused", logging.WARNING, kind=kind)
    return _plain(403, "Not signed as agreed.")


@blueprint.errorhandler(ConnectorError)
def not_now(error: ConnectorError) -> Response:
    """Answer where the request could not be checked: they may send it again."""
    kind = (request.view_args or {}).get("kind", "")
    logs.event(log, "hook.not_checked", logging.WARNING, kind=kind, error=type(error).__name__)
    response = _plain(503 if isinstance(error, Temporary) else 403, "It could not be checked.")
    response.headers["Retry-After"] = _RETRY_SECONDS
    return response


@blueprint.errorhandler(NotFound)
def nobody(error: NotFound) -> Response:
    """Answer an address that leads to no linked channel."""
    return _plain(404, "There is nothing here.")


@blueprint.errorhandler(HTTPException)
def refused(error: HTTPException) -> Response:
    """Answer what is too large or not understood, in few bytes: no person reads it."""
    return _plain(error.code or 400, error.name)


def received(largest_bytes: int = LARGEST_BYTES) -> WebhookRequest:
    """Return this request as connectors take it. Raises: RequestEntityTooLarge above 1 MB, or what else is allowed."""
    request.max_content_length = largest_bytes
    query = request.query_string.decode("utf-8", "replace")
    return WebhookRequest(
        method=request.method,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.args.to_dict(),
        body=request.get_data(cache=False),
        url=part("settings").public_url + request.path + (f"?{query}" if query else ""),
    )


def take_in(connector: Connector, sent: WebhookRequest, channel_id: UUID | None = None) -> WebhookAnswer:
    """Verify a request, keep what it brings, and return what to answer once it is kept.

    The channel is that of `channel_id`, or those that `connector.addressed` names; all that is sent belongs to these
    then. Else each piece names its own. Several organisations may have linked the same page: each gets it.

    Raises: BadSignature, NotFound (no such channel), Temporary (it can't be checked now).
    """
    if channel_id is not None:
        called = pushes.called_by_id(connector.kind, channel_id)
        if not called:
            raise NotFound
    else:
        remote_id = connector.addressed(sent)
        called = pushes.called(connector.kind, remote_id) if remote_id else []
    events.commit()  # no database connection is held while the connector checks
    answer = _for_each(connector, sent, called) if called else _for_whom_it_names(connector, sent)
    events.commit()
    return answer


def _for_each(connector: Connector, sent: WebhookRequest, called: Sequence[pushes.Called]) -> WebhookAnswer:
    """Each organisation may have a secret of its own: whoever's it was signed with gets it."""
    accepted: list[tuple[pushes.Called, WebhookAnswer]] = []
    for one in called:
        with suppress(BadSignature):
            accepted.append((one, connector.receive(one.access, sent)))
    if not accepted:
        raise BadSignature("Signed with none of the secrets of these channels.")
    for one, answer in accepted:
        pushes.keep(one.organisation_id, one.channel_id, answer.deliveries)
    return accepted[0][1]


def _for_whom_it_names(connector: Connector, sent: WebhookRequest) -> WebhookAnswer:
    answer = connector.receive(pushes.installed_access(connector), sent)
    nobodys = pushes.keep_addressed(connector.kind, answer.deliveries)
    if nobodys:
        logs.event(log, "hook.nobodys", kind=connector.kind, pieces=nobodys)
    return answer


def respond(answer: WebhookAnswer) -> Response:
    """Return an answer as HTTP, to be kept by nobody."""
    response = Response(answer.body, answer.status, dict(answer.headers), content_type=answer.content_type)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _connector(kind: str) -> Connector:
    if kind not in part("connectors"):
        raise NotFound
    connector: Connector = part("connectors").get(kind)
    return connector


def _plain(status: int, words: str) -> Response:
    events.forget()
    return Response(f"{words}\n", status, {"Cache-Control": "no-store"}, content_type="text/plain; charset=utf-8")
