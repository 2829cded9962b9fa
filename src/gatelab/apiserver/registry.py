"""The registry of kinds: what the API serves, by group, version and plural.

Every handler finds a kind here and nowhere else: paths (`target`), discovery, OpenAPI, validation, Tables. The built-in
kinds (`kinds.builtin.BUILTIN`) come first and cannot be displaced; behind them come the kinds of the
CustomResourceDefinitions in the store. A kind that is added to BUILTIN, with a schema in `kinds.schemas` and columns in
`tables`, is served without a line here.

A handler asks its `Target` - `target.schema`, `target.is_native`, `target.resource.columns` - instead of looking the
kind up in `kinds.schemas.catalogue`, which knows built-in kinds only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gatelab.apiserver.custom.resources import resources_of
from gatelab.apiserver.resource import Resource, built_in
from gatelab.kinds.builtin import BUILTIN, CUSTOM_RESOURCE_DEFINITION
from gatelab.kinds.custom.definition import priority
from gatelab.store import Store, Stored

_BUILTIN = frozenset(kind.qualified_plural for kind in BUILTIN)

REVIEWS: Mapping[str, Sequence[tuple[str, str]]] = {
    "authentication.k8s.io": [("SelfSubjectReview", "selfsubjectreviews"), ("TokenReview", "tokenreviews")],
    "authorization.k8s.io": [
        ("SelfSubjectAccessReview", "selfsubjectaccessreviews"),
        ("SelfSubjectRulesReview", "selfsubjectrulesreviews"),
    ],
}
"""Groups of which there are only questions to be POSTed: kind and plural."""


class Served:
    """Everything that is served at one moment. Immutable: what is made from it may be kept with it."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._by_place: dict[tuple[str, str, str], Resource] = {}
        for each in resources:
            self._by_place.setdefault(each.place, each)
        self.documents: dict[tuple[str, str], tuple[bytes, str]] = {}
        """OpenAPI documents that were made already (`openapi.document`)."""
        versions: dict[str, list[str]] = {}
        for group, version, _ in self._by_place:
            known = versions.setdefault(group, [])
            known += [version] * (version not in known)
        ordered = {group: sorted(known, key=priority) for group, known in versions.items()}
        self.versions: Mapping[str, Sequence[str]] = {**ordered, **{group: ["v1"] for group in REVIEWS}}
        """Group -> served versions, the preferred one first. "" is the core group."""

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._by_place.get((group, version, plural))

    def resources_of(self, group: str, version: str) -> Sequence[Resource]:
        return [each for each in self._by_place.values() if each.kind.group == group and each.version == version]


def builtin_resources() -> Sequence[Resource]:
    """The kinds of `kinds.builtin`, in each of their versions."""
    return [built_in(kind, version) for kind in BUILTIN for version in kind.served]


class Registry:
    """What is served now. It follows the store by itself: a definition is served as soon as readers see it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._builtin = builtin_resources()
        self._seen = -1
        self._known: dict[str, tuple[Stored, Sequence[Resource]]] = {}
        self._served = Served(self._builtin)

    @property
    def served(self) -> Served:
        if self._seen != self._store.definitions_version:
            self._seen = self._store.definitions_version
            self._served = Served([*self._builtin, *self._custom()])
        return self._served

    def _custom(self) -> Iterator[Resource]:
        before, self._known = self._known, {}
        for stored in self._store.list(CUSTOM_RESOURCE_DEFINITION)[0]:
            if stored.key.name in _BUILTIN:
                continue
            old, resources = before.get(stored.key.name, (None, ()))
            if old is not stored:
                resources = resources_of(stored.object)
            self._known[stored.key.name] = (stored, resources)
            yield from resources
