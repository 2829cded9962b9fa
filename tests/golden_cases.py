"""Golden cases: `tests/cases/<rule>/<behaviour>.yaml` holds objects, its siblings `.model.yaml` and `.status.yaml` what
they come to.

The first document is `case:` with `why`, `spec` (the clause that it shows) and what to look at: `model` (listeners,
route_tables, backends, certificates, authorities, endpoints) and `status` (classes, gateways, listener_sets, routes,
policies). The objects of `tests/cases/objects.yaml` are there in every case. "{certificate}" and "{key}" stand for a
pair made for the process.
"""

import base64
import dataclasses
import datetime
import functools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatelab.gateway.snapshot import Snapshot, snapshot_of
from gatelab.gateway.translate import Translation, translate
from gatelab.gateway.translate.endpoints import endpoints
from gatelab.kinds.builtin import BUILTIN
from gatelab.kinds.conditions import Condition
from gatelab.kinds.discovery import EndpointSlice
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object
from gatelab.kinds.views import view
from gatelab.proxy.model import Endpoints

CASES = Path(__file__).parent / "cases"
ADDRESS = "127.24.0.10"
"""Where every Gateway of a case is."""
_KINDS = {(kind.api_version, kind.name): kind for kind in BUILTIN}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    path: Path
    model: tuple[str, ...]
    status: tuple[str, ...]
    objects: tuple[Object, ...]

    def sibling(self, part: str) -> Path:
        return self.path.with_name(f"{self.path.stem}.{part}.yaml")


def case_paths() -> list[Path]:
    return sorted(path for path in CASES.glob("*/*.yaml") if path.stem.count(".") == 0)


def read_case(path: Path) -> Case:
    header, *objects = (document for document in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader) if document)
    about = header["case"]
    assert set(about) <= {"why", "spec", "model", "status"}, f"{path}: unknown words in case"
    assert about.get("why"), f"{path}: say why"
    assert about.get("spec"), f"{path}: name the clause"
    return Case(
        name=f"{path.parent.name}/{path.stem}",
        path=path,
        model=tuple(about.get("model", ())),
        status=tuple(about.get("status", ())),
        objects=tuple(completed(each) for each in objects),
    )


@functools.cache
def shared_objects() -> tuple[Object, ...]:
    documents = yaml.load_all((CASES / "objects.yaml").read_text(), Loader=yaml.CSafeLoader)
    return tuple(completed(each) for each in documents)


def completed(obj: dict[str, Any]) -> Object:
    """The object with what an API server would have put in, and the certificate in place of its name."""
    metadata = {"generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z", **obj["metadata"]}
    if kind_of(obj).namespaced:
        metadata.setdefault("namespace", "default")
    filled = {**obj, "metadata": metadata}
    if obj["kind"] == "Secret":
        filled["data"] = {name: _encoded(value) for name, value in obj.get("data", {}).items()}
    if obj["kind"] == "ConfigMap":
        bundle = certificate_pair()[0].decode()
        filled["data"] = {name: value.replace("{certificate}", bundle) for name, value in obj.get("data", {}).items()}
    return filled


def kind_of(obj: Object) -> Kind:
    return _KINDS[obj["apiVersion"], obj["kind"]]


def snapshot(objects: Iterable[Object]) -> Snapshot:
    """The snapshot of these objects, in which every Gateway has the same address."""
    by_kind: dict[Kind, list[Object]] = {}
    for obj in objects:
        by_kind.setdefault(kind_of(obj), []).append(obj)
    found = snapshot_of(lambda kind: by_kind.get(kind, ()))
    return dataclasses.replace(found, addresses=dict.fromkeys(found.gateways, ADDRESS))


def endpoints_by_gateway(objects: Iterable[Object], translation: Translation) -> Mapping[Key, Endpoints]:
    slices: dict[Key, list[EndpointSlice]] = {}
    for obj in objects:
        if obj["kind"] == "EndpointSlice":
            each = view(EndpointSlice, obj)
            slices.setdefault(Key(each.metadata.namespace, each.service_name), []).append(each)
    return {key: endpoints(gateway.backends, slices) for key, gateway in translation.gateways.items()}


def translated(case: Case) -> tuple[Translation, Mapping[Key, Endpoints]]:
    objects = (*shared_objects(), *case.objects)
    translation = translate(snapshot(objects))
    return translation, endpoints_by_gateway(objects, translation)


def shown_model(case: Case, translation: Translation, found: Mapping[Key, Endpoints]) -> dict[str, Any]:
    """The parts of the model that the case names, per Gateway."""
    shown: dict[str, Any] = {}
    for key, gateway in translation.gateways.items():
        parts = {part: plain(getattr(gateway.config, part, None)) for part in case.model if part != "endpoints"}
        if "endpoints" in case.model:
            parts["endpoints"] = {
                name: [f"{e.address}:{e.port}" for e in each] for name, each in sorted(found[key].items())
            }
        shown[str(key)] = parts
    return shown


def shown_status(case: Case, translation: Translation) -> dict[str, Any]:
    """The verdicts of the kinds that the case names."""
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "classes": lambda: {name: [_line(condition)] for name, condition in translation.classes.items()},
        "gateways": lambda: {
            str(key): _with_listeners((each.accepted, *each.others), each.own_listeners)
            for key, each in translation.gateways.items()
        },
        "listener_sets": lambda: {
            str(each.listener_set.metadata.key): _with_listeners((each.accepted,), each.listeners)
            for gateway in translation.gateways.values()
            for each in gateway.listener_sets
        },
        "routes": lambda: {
            str(key): [_parent(each) for each in parents] for key, parents in sorted(translation.routes.items())
        },
        "policies": lambda: {
            str(key): {str(each.gateway): [_line(condition) for condition in each.conditions] for each in ancestors}
            for key, ancestors in translation.policies.items()
        },
    }
    return {part: parts[part]() for part in case.status}


def _with_listeners(conditions: Iterable[Condition], listeners: Iterable[Any]) -> dict[str, Any]:
    return {
        "conditions": [_line(condition) for condition in conditions if not _is_as_usual(condition)],
        "listeners": {
            each.verdict.listener.name: {
                "conditions": [_line(condition) for condition in each.verdict.conditions],
                "supportedKinds": [kind.kind for kind in each.verdict.supported_kinds],
                "attachedRoutes": each.attached_routes,
            }
            for each in listeners
        },
    }


def _is_as_usual(condition: Condition) -> bool:
    return (condition.type, condition.status) == ("ResolvedRefs", "True")


def _parent(parent: Any) -> dict[str, Any]:
    conditions = [_line(condition) for condition in parent.conditions]
    return {"parentRef": msgspec.to_builtins(parent.reference), "conditions": conditions}


def _line(condition: Any) -> str:
    return f"{condition.type} {condition.status} {condition.reason}: {condition.message}".removesuffix(": ")


def plain(value: Any) -> Any:
    """A model as plain data, without what has its default value and without the contents of certificates."""
    if dataclasses.is_dataclass(value):
        fields = ((field, getattr(value, field.name)) for field in dataclasses.fields(value) if field.repr)
        return {field.name: plain(each) for field, each in fields if each != field.default}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value


@functools.cache
def certificate_pair() -> tuple[bytes, bytes]:
    """A self-signed certificate for `*.test` and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "case")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _encoded(value: str) -> str:
    certificate, key = certificate_pair()
    data = {"{certificate}": certificate, "{key}": key}.get(value, value.encode())
    return base64.b64encode(data).decode()
