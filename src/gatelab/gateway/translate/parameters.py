"""Parameters of Gateways and their classes: `parametersRef` (Gateway API, GEP-1867).

Of a class they are the defaults of its Gateways; what a Gateway says itself wins, key by key. They are in a ConfigMap:
in the Gateway's own namespace, or where its class says.
"""

import dataclasses
from dataclasses import dataclass

from gatelab.gateway.parameters import NO_PARAMETERS, InvalidParameters, Parameters, Source, read
from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate.proxy_config import Tables
from gatelab.kinds.gatewayapi import Gateway, GatewayClass, ParametersReference
from gatelab.kinds.objects import Key
from gatelab.proxy import model


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a Gateway is tuned to; or in `problem` why it cannot be (InvalidParameters)."""

    parameters: Parameters = NO_PARAMETERS
    problem: str = ""


UNTUNED = Tuning()


def problem_of_class(gateway_class: GatewayClass, snapshot: Snapshot) -> str:
    """A sentence about the class's own parameters; "" if there is nothing wrong."""
    try:
        read(_of_class(gateway_class, snapshot))
    except InvalidParameters as error:
        return str(error)
    return ""


def tuning(gateway: Gateway, gateway_class: GatewayClass, snapshot: Snapshot) -> Tuning:
    """What the class and the Gateway say together."""
    reference = gateway.spec.infrastructure.parameters_ref
    if reference is None and gateway_class.spec.parameters_ref is None:
        return UNTUNED
    try:
        sources = _of_class(gateway_class, snapshot)
        if reference is not None:
            field = "spec.infrastructure.parametersRef"
            sources.append(_source(field, reference, gateway.metadata.namespace, snapshot))
        return Tuning(read(sources))
    except InvalidParameters as error:
        return Tuning(problem=str(error))


def with_retries(tables: Tables, parameters: Parameters) -> Tables:
    """Tables whose gRPC calls are made again as the parameters say."""
    retry = parameters.grpc_retry
    if retry is None:
        return tables
    return lambda name, scopes: tables(
        name,
        [dataclasses.replace(each, entrance=dataclasses.replace(each.entrance, grpc_retry=retry)) for each in scopes],
    )


def tuned(config: model.ProxyConfig, parameters: Parameters) -> model.ProxyConfig:
    """The model with what the parameters say of listeners and backends."""
    if parameters == NO_PARAMETERS:
        return config
    return dataclasses.replace(
        config,
        listeners=tuple(_listener(each, parameters) for each in config.listeners),
        backends=tuple(_backend(each, parameters) for each in config.backends),
    )


def _of_class(gateway_class: GatewayClass, snapshot: Snapshot) -> list[Source]:
    reference = gateway_class.spec.parameters_ref
    if reference is None:
        return []
    field = f"GatewayClass {gateway_class.metadata.name}: spec.parametersRef"
    return [_source(field, reference, reference.namespace, snapshot)]


def _source(field: str, reference: ParametersReference, namespace: str, snapshot: Snapshot) -> Source:
    if (reference.group, reference.kind) != ("", "ConfigMap"):
        kind = f"{reference.kind}.{reference.group}" if reference.group else reference.kind
        raise InvalidParameters(f'{field} {kind} {reference.name}: only a ConfigMap of group "" will do')
    if not namespace:
        raise InvalidParameters(f"{field} ConfigMap {reference.name}: say its namespace")
    key = Key(namespace, reference.name)
    found = snapshot.config_maps.get(key)
    if found is None:
        raise InvalidParameters(f"{field}: ConfigMap {key} does not exist; create it or remove the field")
    return Source(f"ConfigMap {key}", found.data)


def _listener(listener: model.Listener, parameters: Parameters) -> model.Listener:
    chains = tuple(
        dataclasses.replace(each, access_log=parameters.access_log) if isinstance(each, model.HttpChain) else each
        for each in listener.chains
    )
    return dataclasses.replace(listener, chains=chains, exact_balance=parameters.workers > 1)


def _backend(backend: model.Backend, parameters: Parameters) -> model.Backend:
    policy = parameters.backends
    if backend.protocol != "http2":
        policy = dataclasses.replace(policy, health_check=None)
    if backend.protocol not in ("http1", "http2") and policy.hash_header:
        policy = dataclasses.replace(policy, balance="round_robin", hash_header="")
    return dataclasses.replace(backend, policy=policy)
