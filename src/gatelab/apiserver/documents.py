"""What describes the API itself: discovery, OpenAPI, version, health."""

import platform

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gatelab import __version__
from gatelab.apiserver import answers, discovery, openapi, openapi_v2_document
from gatelab.apiserver.context import Context
from gatelab.kinds.lab import KUBERNETES_VERSION


async def health(_: Context, __: Request) -> Response:
    """The store is open and the event loop turns, as this is answered."""
    return PlainTextResponse("ok")


async def version(_: Context, __: Request) -> Response:
    """The Kubernetes version that the API follows, and ours behind the plus sign."""
    return answers.json(
        {
            "major": "1",
            "minor": "37",
            "gitVersion": f"{KUBERNETES_VERSION}+gatelab.{__version__}",
            "gitCommit": "",
            "gitTreeState": "clean",
            "buildDate": "2026-01-01T00:00:00Z",
            "goVersion": f"python{platform.python_version()}",
            "compiler": platform.python_implementation().lower(),
            "platform": f"{platform.system().lower()}/{platform.machine()}",
        }
    )


async def core_groups(context: Context, request: Request) -> Response:
    if discovery.wants_aggregated(request.headers.get("accept", "")):
        return answers.json(discovery.aggregated(context.registry.served, core=True), media_type=discovery.AGGREGATED)
    return answers.json(discovery.api_versions(request.headers.get("host", "")))


async def groups(context: Context, request: Request) -> Response:
    if discovery.wants_aggregated(request.headers.get("accept", "")):
        return answers.json(discovery.aggregated(context.registry.served, core=False), media_type=discovery.AGGREGATED)
    return answers.json(discovery.group_list(context.registry.served))


async def group(context: Context, request: Request) -> Response:
    return answers.json(discovery.group(context.registry.served, request.path_params["group"]))


async def core_resources(context: Context, _: Request) -> Response:
    return answers.json(discovery.resource_list(context.registry.served, "", "v1"))


async def resources(context: Context, request: Request) -> Response:
    group_name, version_name = request.path_params["group"], request.path_params["version"]
    return answers.json(discovery.resource_list(context.registry.served, group_name, version_name))


async def openapi_index(context: Context, _: Request) -> Response:
    return answers.json(openapi.index(context.registry.served))


async def openapi_document(context: Context, request: Request) -> Response:
    """A document, with its hash as ETag: 304 for who has it. Under its hash's address it may be kept for ever."""
    group_name = request.path_params.get("group", "")
    data, digest = openapi.document(context.registry.served, group_name, request.path_params["version"])
    etag = f'"{digest}"'
    response = Response(status_code=304) if request.headers.get("if-none-match") == etag else answers.encoded(data)
    response.headers["etag"] = etag
    kept = request.query_params.get("hash") == digest
    response.headers["cache-control"] = "public, max-age=31536000, immutable" if kept else "no-cache, private"
    return response


async def openapi_v2(_: Context, request: Request) -> Response:
    """A document of the old form without definitions: what is served is described in /openapi/v3 alone.

    kubectl still reads it to validate a `kind: List`. It passes over what the document does not know, as it does for
    custom resources, and the server validates each item.
    """
    if openapi_v2_document.PROTOBUF in request.headers.get("accept", ""):
        return answers.encoded(openapi_v2_document.protobuf(), media_type=openapi_v2_document.PROTOBUF_ANSWER)
    return answers.json(openapi_v2_document.document())
