"""Manifests made from our schemas, and bodies that are broken on the way: the API answers, and keeps what it took."""

import asyncio
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asgi_requests import Requests
from fuzzing import an_api, check, examples, no_bugs
from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.kind import Kind
from manifest_strategies import body, custom, manifest, manifests, randoms

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
PATCHES = {"application/json": MERGE, "application/yaml": APPLY}
WIDGET = Kind("example.com", "v1", "Widget", "widgets", namespaced=True)


def collection(kind: Kind) -> str:
    prefix = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    return f"{prefix}/namespaces/default/{kind.plural}" if kind.namespaced else f"{prefix}/{kind.plural}"


async def asked(api: Requests, method: str, path: str, *args: Any, **options: Any) -> Any:
    answer = await api(method, path, *args, **options)
    check(answer, (method, path, args, options))
    return answer


async def lives(kind: Kind, obj: Any, other: Any) -> None:
    """The object is created, read, changed into the other, applied, listed and deleted; what is answered is there."""
    store, api = await an_api(defined=kind is WIDGET)
    place = f"{collection(kind)}/a"
    try:
        for method, path, sent, options in (
            ("POST", collection(kind), obj, {}),
            ("PUT", place, other, {}),
            ("PATCH", place, other, {"content_type": MERGE}),
            ("PATCH", f"{place}?fieldManager=a&force=true", obj, {"content_type": APPLY}),
            ("PATCH", f"{place}/status", other, {"content_type": MERGE}),
            ("PATCH", f"{place}/status?fieldManager=b&force=true", other, {"content_type": APPLY}),
            ("PATCH", place, obj, {"content_type": "application/strategic-merge-patch+json"}),
            ("PUT", f"{place}/scale", other, {}),
        ):
            answer = await asked(api, method, path, sent, **options)
            if answer.status in (200, 201) and not path.endswith("scale"):
                assert answer.json == (await asked(api, "GET", place)).json
        for accept in ("application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"):
            await asked(api, "GET", collection(kind), headers={"accept": accept})
        await asked(api, "DELETE", place, other if isinstance(other, bytes) else None)
    finally:
        await store.close()


@examples(400)
@given(manifests, randoms)
def test_any_manifest_is_answered(case: tuple[Kind, Any], random: Random) -> None:
    kind, obj = case
    with no_bugs():
        asyncio.run(lives(kind, obj, manifest(kind, random)))


@examples(150)
@given(randoms)
def test_any_object_of_a_kind_of_ones_own_is_answered(random: Random) -> None:
    with no_bugs():
        asyncio.run(lives(WIDGET, custom(random), custom(random)))


async def sent(kind: Kind, bodies: list[tuple[bytes, str]]) -> None:
    store, api = await an_api(defined=kind is WIDGET)
    place = f"{collection(kind)}/a"
    try:
        for data, media in bodies:
            for method, path in (
                ("POST", collection(kind)),
                ("PUT", place),
                ("PATCH", f"{place}?fieldManager=a&force=true"),
                ("DELETE", place),
            ):
                patch = PATCHES.get(media, media) if method == "PATCH" else media
                await asked(api, method, path, data, content_type=patch)
    finally:
        await store.close()


@examples(400)
@given(st.sampled_from(BUILTIN), randoms)
def test_any_body_is_answered(kind: Kind, random: Random) -> None:
    bodies = [body(kind, manifest(kind, random), random) for _ in range(3)]
    with no_bugs():
        asyncio.run(sent(kind, bodies))
