"""What a container is started with: `env`, `envFrom`, the downward API, and `$(VAR)` in values, command and args."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatelab.kinds.pods import Container, EnvFrom, EnvFromRef, EnvVar, KeyRef, Pod
from gatelab.node.images import Image
from gatelab.node.keeper.client import Mount
from gatelab.node.pods.fields import field_value
from gatelab.node.pods.resource_fields import resource_value

_REFERENCE = re.compile(r"\$(?:\$|\(([^()]*)\))")

Values = Mapping[tuple[str, str], Mapping[str, str] | None]
"""("ConfigMap" | "Secret", name) -> its data as text; None when there is no such object."""


class ConfigError(Exception):
    """A container cannot be started as its Pod says. Shown as CreateContainerConfigError; tried again."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A program, ready to be started. Its environment may hold secrets, so `repr` does not show it."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    mounts: Sequence[Mount] = ()
    network: str | None = None

    def __repr__(self) -> str:
        return f"Invocation({self.argv[0]!r}, …)"


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` replaced where NAME is known and left as it is otherwise; `$$` is a `$`.

    Kubernetes' rule (`k8s.io/kubernetes/third_party/forked/golang/expansion`).
    """

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return variables.get(found[1], found[0])

    return _REFERENCE.sub(value, text)


def needed(container: Container) -> frozenset[tuple[str, str]]:
    """The ConfigMaps and Secrets that the container's environment reads."""
    return frozenset(_needed(container))


def invocation(
    pod: Pod, container: Container, image: Image, *, address: str, host: Mapping[str, str], values: Values
) -> Invocation:
    """How to start the container; `host` is the little that every container gets (PATH, HOME, LANG).

    Raises ConfigError naming the variable, the object and the key.
    """
    env = dict(host) | {"HOSTNAME": pod.spec.hostname or pod.metadata.name, "GATELAB_POD_IP": address}
    for name, text in image.env.items():
        env[name] = expand(text, env)
    for source in container.env_from:
        env.update(_all_of(source, values))
    for variable in container.env:
        found = _value(pod, container, variable, env, address, values)
        if found is not None:
            env[variable.name] = found
    if image.built_in:
        env = _identity(pod, address) | env
    # A container's command replaces ENTRYPOINT and CMD; its args replace CMD alone.
    command = container.command or image.command
    args = container.args or (() if container.command else image.args)
    argv = tuple(expand(each, env) for each in (*command, *args))
    return Invocation(argv, env, container.working_dir or image.workdir)


def _identity(pod: Pod, address: str) -> dict[str, str]:
    return {
        "POD_IP": address,
        "POD_NAME": pod.metadata.name,
        "POD_NAMESPACE": pod.metadata.namespace,
        "NODE_NAME": pod.spec.node_name,
    }


def _needed(container: Container) -> Iterator[tuple[str, str]]:
    for source in container.env_from:
        if source.config_map_ref:
            yield "ConfigMap", source.config_map_ref.name
        if source.secret_ref:
            yield "Secret", source.secret_ref.name
    for variable in container.env:
        if variable.value_from and variable.value_from.config_map_key_ref:
            yield "ConfigMap", variable.value_from.config_map_key_ref.name
        if variable.value_from and variable.value_from.secret_key_ref:
            yield "Secret", variable.value_from.secret_key_ref.name


def _all_of(source: EnvFrom, values: Values) -> dict[str, str]:
    found: dict[str, str] = {}
    references: Sequence[tuple[str, EnvFromRef | None]] = (
        ("ConfigMap", source.config_map_ref),
        ("Secret", source.secret_ref),
    )
    for kind, reference in references:
        if reference is None:
            continue
        data = values.get((kind, reference.name))
        if data is None and not reference.optional:
            raise ConfigError(f'{kind.lower()} "{reference.name}" not found')
        found.update({source.prefix + key: value for key, value in (data or {}).items()})
    return found


def _value(
    pod: Pod, container: Container, variable: EnvVar, env: Mapping[str, str], address: str, values: Values
) -> str | None:
    source = variable.value_from
    if source is None:
        return expand(variable.value, env)
    if source.field_ref:
        return _field(pod, variable.name, source.field_ref.field_path, address)
    if source.config_map_key_ref:
        return _key(variable.name, "ConfigMap", source.config_map_key_ref, values)
    if source.secret_key_ref:
        return _key(variable.name, "Secret", source.secret_key_ref, values)
    if source.resource_field_ref:
        try:
            return resource_value(pod, container, source.resource_field_ref)
        except ValueError as error:
            raise ConfigError(f'env "{variable.name}": resourceFieldRef: {error}') from error
    raise ConfigError(
        f'env "{variable.name}": the lab reads fieldRef, resourceFieldRef, configMapKeyRef and secretKeyRef; '
        "use one of them, or a value"
    )


def _key(variable: str, kind: str, reference: KeyRef, values: Values) -> str | None:
    data = values.get((kind, reference.name))
    if data is not None and reference.key in data:
        return data[reference.key]
    if reference.optional:
        return None
    if data is None:
        raise ConfigError(f'env "{variable}": {kind.lower()} "{reference.name}" not found')
    raise ConfigError(f'env "{variable}": couldn\'t find key {reference.key} in {kind} {reference.name}')


def _field(pod: Pod, variable: str, path: str, address: str) -> str:
    try:
        return field_value(pod, path, address)
    except ValueError as error:
        raise ConfigError(f'env "{variable}": {error}') from None
