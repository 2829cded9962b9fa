"""Requests of every shape: verbs, paths, queries and heads that clients should not send."""

import asyncio
from random import Random
from typing import Any
from urllib.parse import quote

from hypothesis import given

import api_objects as make
from asgi_requests import Requests
from custom_objects import widget
from fuzzing import an_api, check, examples, no_bugs
from gatelab.kinds.builtin import BUILTIN, CONFIG_MAP, POD
from manifest_strategies import body, manifest, odd, randoms

METHODS = (
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "get",
    "PROPFIND",
)
PARTS = (
    "",
    "",
    "",
    "",
    "status",
    "scale",
    "log",
    "proxy/",
    "proxy/x",
    "exec",
    "attach",
    "portforward",
    "token",
    "finalize",
    "x",
)
NAMES = (
    "a",
    "p",
    "p:80",
    "p:http",
    "http:p:1",
    "default",
    "none",
    "..",
    ".",
    "%2e%2e",
    "%2f",
    "a%2fb",
    "a;b",
    "a\\b",
    "%00",
)
ODD_NAMES = (
    "%ff",
    "%",
    "%zz",
    "é",
    "a b",
    "x" * 70_000,
    "*",
    "a%0d%0ab",
    "A",
    "-",
    "%25",
    "a?",
    "#",
    "@8.8.8.8",
    "[::1]",
)
TRICKS = ("//", "/./", "/../", "/;/", "/%2f/", "/%2e/", "\\", "/\x00", "http://8.8.8.8/", "%2f", "?", "/x/")
PLACES = (
    *(
        "/",
        "/api",
        "/apis",
        "/version",
        "/openapi/v2",
        "/openapi/v3",
        "/healthz",
        "/metrics",
        "/api/v1",
        "/apis/apps/v1",
    ),
    *("/openapi/v3/apis/apps/v1", "/apis/apps", "/apis/example.com/v1", "/logs", "/api/v2/pods", "/debug"),
    *("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/authentication.k8s.io/v1/selfsubjectreviews"),
)
PARAMETERS = (
    *(
        "limit",
        "continue",
        "resourceVersion",
        "resourceVersionMatch",
        "fieldSelector",
        "labelSelector",
        "dryRun",
        "watch",
    ),
    *(
        "propagationPolicy",
        "fieldManager",
        "fieldValidation",
        "force",
        "timeoutSeconds",
        "allowWatchBookmarks",
        "pretty",
    ),
    *(
        "sendInitialEvents",
        "gracePeriodSeconds",
        "orphanDependents",
        "container",
        "tailLines",
        "sinceSeconds",
        "sinceTime",
    ),
    *("limitBytes", "follow", "previous", "includeObject", "command", "x"),
)
VALUES = (
    *(
        "",
        "0",
        "1",
        "-1",
        "true",
        "All",
        "all",
        "99999999999999999999",
        "9223372036854775807",
        "9223372036854775808",
        "1e9",
    ),
    *(
        "Exact",
        "NotOlderThan",
        "Foreground",
        "Orphan",
        "Background",
        "Strict",
        "a",
        "a=b",
        "a in (b,c)",
        "!a",
        "a=b,,c",
        "(((",
    ),
    *(
        "metadata.name=a",
        "metadata.name!=a",
        "status.phase=Running",
        "spec.x.y=1",
        "=",
        "\\",
        "a\\,b=c",
        "a==b=c",
        ",",
        "in",
    ),
    *("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwibmFtZXNwYWNlIjoiIiwibmFtZSI6IiJ9", "e30", "\x00", "é", "x" * 10_000),
    *(
        "2026-01-02T03:04:05Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "Object",
        "Table",
        "none",
        "Infinity",
    ),
)
HEADERS = {
    "accept": (
        *(
            "*/*",
            "",
            ",,,",
            "application/json;as=Table;v=v1;g=meta.k8s.io",
            "application/json;as=Table;v=v9",
            "text/html;q=x",
        ),
        *(
            "application/vnd.kubernetes.protobuf",
            "application/json;as=PartialObjectMetadataList;v=v1",
            ";;;=",
            "a" * 5000,
        ),
        "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    ),
    "content-encoding": ("gzip", "deflate, br", "x"),
    "accept-encoding": ("gzip", "br;q=nan", "é"),
    "transfer-encoding": ("chunked", "gzip, chunked", "identity"),
    "expect": ("100-continue", "x"),
    "upgrade": ("websocket", "SPDY/3.1", "h2c"),
    "connection": ("upgrade", "close", "x, , y"),
    "user-agent": ("", "é", "\x01", "x" * 9000, "kubectl/v1.36.0 (linux/amd64)"),
    "if-none-match": ('"x"', "*", "é"),
    "range": ("bytes=0-1", "x"),
    "content-type": (
        "",
        ";",
        "application/json; charset=utf-16",
        "é",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ),
    "host": ("127.0.0.1", "localhost", "evil.example", "[", "127.0.0.1@evil", "127.0.0.1:x", "é"),
    "origin": ("null", "https://127.0.0.1", "https://evil.example", "[", "http://[::1"),
    "authorization": ("", "Bearer", "Bearer  a-token", "Basic YTpi", "Bearer é", "a-token"),
    "x-forwarded-for": ("127.0.0.1",),
    "x-remote-user": ("system:masters",),
    "impersonate-user": ("root",),
}


def path(random: Random) -> str:
    """A path, and a query."""
    if random.random() < 0.15:
        found = random.choice(PLACES)
    else:
        kind = random.choice((*BUILTIN, POD, CONFIG_MAP))
        group = f"/apis/{kind.group}/{kind.version}" if kind.group else "/api/v1"
        namespace = random.choice(
            ["", f"/namespaces/{random.choice(('default', 'default', 'default', 'none', *NAMES))}"]
        )
        name = random.choice(["", "/" + random.choice(NAMES if random.random() < 0.9 else ODD_NAMES)])
        part = random.choice(PARTS) if name else ""
        found = f"{group}{namespace}/{kind.plural}{name}{'/' + part if part else ''}"
    if random.random() < 0.15:
        place = random.randrange(len(found) + 1)
        found = found[:place] + random.choice(TRICKS) + found[place:]
    chosen = [(random.choice(PARAMETERS), random.choice(VALUES)) for _ in range(random.choice([0, 0, 1, 1, 2, 3]))]
    parts = [f"{name}={value if random.random() < 0.1 else quote(value)}" for name, value in chosen]
    return found + "?" * bool(parts) + "&".join(parts)


def request(random: Random) -> dict[str, Any]:
    kind = random.choice(BUILTIN)
    headers = {}
    for _ in range(random.choice([0, 0, 0, 1, 2])):
        name = random.choice(list(HEADERS))
        headers[name] = random.choice(HEADERS[name])
    data, media = b"", "application/json"
    if random.random() < 0.5:
        data, media = body(kind, random.choice([manifest(kind, random), odd(random)]), random)
    return {
        "method": random.choice(METHODS),
        "path": path(random),
        "body": data,
        "content_type": media,
        "headers": headers,
    }


async def conversation(requests: list[dict[str, Any]]) -> None:
    store, api = await an_api(defined=True)
    await api("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}})
    await api("POST", "/api/v1/namespaces/default/pods", make.pod())
    await api("POST", "/apis/apps/v1/namespaces/default/deployments", make.deployment("a"))
    await api("POST", "/apis/example.com/v1/namespaces/default/widgets", widget())
    try:
        for each in requests:
            check(await answered(api, each), each)
    finally:
        await store.close()


async def answered(api: Requests, asked: dict[str, Any]) -> Any:
    """The answer. A watch goes on, so its client leaves at once."""
    return await api(
        asked["method"],
        asked["path"],
        asked["body"],
        content_type=asked["content_type"],
        headers=asked["headers"],
        leave_after_s=0.02,
    )


@examples(400)
@given(randoms)
def test_any_request_is_answered(random: Random) -> None:
    with no_bugs():
        asyncio.run(conversation([request(random) for _ in range(5)]))
