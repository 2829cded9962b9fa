"""The application: paths to handlers, errors to Status objects."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gatelab.apiserver import (
    answers,
    documents,
    metrics,
    node_proxy,
    parameters,
    pod_logs,
    pod_proxy,
    pod_streams,
    reviews,
)
from gatelab.apiserver.context import Context, LogSource
from gatelab.apiserver.registry import Registry
from gatelab.apiserver.request_meter import RequestMeter, asked
from gatelab.apiserver.security import Guard
from gatelab.apiserver.target import Target, no_such_path, parsed
from gatelab.apiserver.verbs import delete, evict, finalize, patch, read, scale, tokens, watch, write
from gatelab.kinds.builtin import NODE
from gatelab.kinds.errors import ApiError, MethodNotAllowed
from gatelab.kinds.timestamps import utc_now
from gatelab.store import Store
from gatelab.telemetry import Reading

_log = logging.getLogger(__name__)

Handler = Callable[[Context, Request], Awaitable[Response]]
Verb = Callable[[Context, Request, Target], Awaitable[Response]]

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_CLIENT_CLOSED = 499

_COLLECTION: Mapping[str, Verb] = {"GET": read.list_, "POST": write.create, "DELETE": delete.delete_collection}
_OBJECT: Mapping[str, Verb] = {"GET": read.get, "PUT": write.update, "PATCH": patch.patch, "DELETE": delete.delete}
_REFUSED: Mapping[str, Verb] = {"GET": pod_streams.refuse, "POST": pod_streams.refuse}


async def _proxy(context: Context, request: Request, target: Target) -> Response:
    forward = node_proxy.forward if target.kind == NODE else pod_proxy.forward
    return await forward(context, request, target)


_PARTS: Mapping[str, Mapping[str, Verb]] = {
    "": _OBJECT,
    "status": {"GET": read.get, "PUT": write.update, "PATCH": patch.patch},
    "scale": {"GET": scale.get, "PUT": scale.update, "PATCH": scale.patch},
    "token": {"POST": tokens.create},
    "eviction": {"POST": evict.create},
    "finalize": {"PUT": finalize.update},
    "log": {"GET": pod_logs.read},
    "proxy": {"GET": _proxy},
    "exec": _REFUSED,
    "attach": _REFUSED,
    "portforward": _REFUSED,
}
_DOCUMENTS: Mapping[str, Handler] = {
    "/healthz": documents.health,
    "/livez": documents.health,
    "/readyz": documents.health,
    "/version": documents.version,
    "/metrics": metrics.own,
    "/api": documents.core_groups,
    "/apis": documents.groups,
    "/api/v1": documents.core_resources,
    "/apis/{group}": documents.group,
    "/apis/{group}/{version}": documents.resources,
    "/openapi/v2": documents.openapi_v2,
    "/openapi/v3": documents.openapi_index,
    "/openapi/v3/api/{version}": documents.openapi_document,
    "/openapi/v3/apis/{group}/{version}": documents.openapi_document,
}
_REVIEWS: Mapping[str, Handler] = {
    "/apis/authentication.k8s.io/v1/selfsubjectreviews": reviews.who,
    "/apis/authentication.k8s.io/v1/tokenreviews": reviews.whose,
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": reviews.may,
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews": reviews.rules,
}


def create_app(
    store: Store,
    *,
    token: str,
    hosts: frozenset[str],
    logs: LogSource,
    clock: Callable[[], datetime] = utc_now,
    readings: Callable[[], Iterable[Reading]] = tuple,
    node_socket: Path | None = None,
) -> ASGIApp:
    """The API on a store. `hosts` are the names and addresses (without port) under which clients may ask for it.

    `readings` is what the rest of the process counts, for `/metrics`; `node_socket` is where the node's agent answers.
    """
    meter = RequestMeter()
    context = Context(
        store, logs, clock, Registry(store), lambda: chain(meter.readings(), readings()), node_socket=node_socket
    )

    def served(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await _guarded(handler, context, request)

        return endpoint

    routes = [
        *(Route(path, served(handler), methods=["GET"]) for path, handler in _DOCUMENTS.items()),
        # Clients made of Kubernetes' OpenAPI, as its own for Python, ask for `/version/` and `/apis/<group>/`.
        *(Route(f"{path}/", served(handler), methods=["GET"]) for path, handler in _DOCUMENTS.items()),
        *(Route(path, served(handler), methods=["POST"]) for path, handler in _REVIEWS.items()),
        Route("/{path:path}", served(_resource), methods=_METHODS),
    ]
    app = Starlette(routes=routes, exception_handlers={404: _unrouted, 405: _unrouted})
    app.router.redirect_slashes = False
    return meter.over(Guard(app, token=token, hosts=hosts))


async def _guarded(handler: Handler, context: Context, request: Request) -> Response:
    """The handler's answer, or the Status of what went wrong."""
    try:
        return await handler(context, request)
    except ApiError as error:
        return answers.failure(error)
    except ClientDisconnect:
        return Response(status_code=_CLIENT_CLOSED)
    except Exception:  # noqa: BLE001  # The last line: a bug costs one request, is logged, and shows nothing.
        _log.exception("a bug in answering %s %s", request.method, request.url.path)
        return answers.unexpected()


async def _unrouted(request: Request, _: Exception) -> Response:
    """For what no route takes: methods that are none of ours, paths with line breaks."""
    if request.method in (*_METHODS, "HEAD"):
        return answers.failure(no_such_path())
    return answers.failure(MethodNotAllowed("the server does not allow this method on the requested resource"))


async def _resource(context: Context, request: Request) -> Response:
    target = parsed(request.scope["raw_path"], context.registry.served)
    verb = _verb(request, target)
    found = asked(request.scope)
    found.target = target
    found.is_long = verb is watch.watch or (verb is pod_logs.read and parameters.flag(request, "follow"))
    response = await verb(context, request, target)
    if target.resource.deprecation:
        answers.warn(response, target.resource.deprecation)
    return response


def _verb(request: Request, target: Target) -> Verb:
    method = "GET" if request.method == "HEAD" else request.method
    if method == "GET" and not target.subresource and parameters.flag(request, "watch"):
        return watch.watch
    verbs = _PARTS[target.subresource] if target.name else _COLLECTION
    found = verbs.get(method)
    if found is None:
        raise MethodNotAllowed("the server does not allow this method on the requested resource")
    if method == "POST" and target.resource.custom and target.resource.custom.terminating:
        raise MethodNotAllowed("create not allowed while custom resource definition is terminating")
    if method == "POST" and target.kind.namespaced and not target.namespace:
        raise MethodNotAllowed(f"{target.kind.plural} are created in a namespace: POST to …/namespaces/<name>/…")
    return found
