"""A kind of the API: its names, its scope and the versions it is served in."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource of the API, as discovery describes it. Kinds of one group and plural are equal.

    `version` is the version that we read, write and store. `served` lists every version that clients may use; of the
    built-in kinds, objects differ in `apiVersion` only (Gateway v1 and v1beta1: GEP-709), and older versions may ask
    for less (`schemas.catalogue.schema_of`).
    """

    group: str
    version: str = field(compare=False)
    name: str = field(compare=False)
    plural: str
    namespaced: bool = field(default=True, compare=False)
    short_names: tuple[str, ...] = field(default=(), compare=False)
    categories: tuple[str, ...] = field(default=(), compare=False)
    has_status: bool = field(default=True, compare=False)
    """Whether there is a status subresource. If so, `metadata.generation` counts changes of everything else."""
    has_scale: bool = field(default=False, compare=False)
    journaled: bool = field(default=True, compare=False)
    """False for what is worth nothing after a restart (metrics)."""
    other_served: tuple[str, ...] = field(default=(), compare=False)
    is_custom: bool = field(default=False, compare=False)
    """Whether a CustomResourceDefinition made it. Its objects have a generation even without a status subresource."""
    other_singular: str = field(default="", compare=False)
    other_list: str = field(default="", compare=False)
    selectable: tuple[str, ...] = field(default=(), compare=False)
    """Fields beside name and namespace that field selectors may name, of a kind that comes by a definition."""

    @property
    def api_version(self) -> str:
        """The value of an object's `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        return self.other_singular or self.name.lower()

    @property
    def list_name(self) -> str:
        """The kind of lists of it."""
        return self.other_list or f"{self.name}List"

    @property
    def served(self) -> tuple[str, ...]:
        return (self.version, *self.other_served)

    def deprecation(self, version: str) -> str:
        """The warning about a version of a built-in kind; empty for versions that are here to stay."""
        if self.is_custom or "alpha" not in version or version == self.version:
            return ""
        return (
            f"The {version} version of {self.name} has been deprecated and will be removed in a future release of the "
            f"API. Please upgrade to {self.version}."
        )

    @property
    def qualified_plural(self) -> str:
        """`pods`, `deployments.apps`: what kubectl and error messages call the resource."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def __str__(self) -> str:
        return f"{self.name}.{self.api_version}"
