"""A kind of the API: its names, its scope and the versions it is served in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource of the API, as discovery describes it.

    `version` is the version that we read, write and store. `served` lists every version that clients may use; where
    there are several, they have one schema and differ in `apiVersion` only (Gateway v1 and v1beta1: GEP-709).
    """

    group: str
    version: str
    name: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_status: bool = True
    """Whether there is a status subresource. If so, `metadata.generation` counts changes of everything else."""
    has_scale: bool = False
    journaled: bool = True
    """False for what is worth nothing after a restart (metrics)."""
    other_served: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """The value of an object's `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        return self.name.lower()

    @property
    def served(self) -> tuple[str, ...]:
        return (self.version, *self.other_served)

    @property
    def qualified_plural(self) -> str:
        """`pods`, `deployments.apps`: what kubectl and error messages call the resource."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def __str__(self) -> str:
        return f"{self.name}.{self.api_version}"
