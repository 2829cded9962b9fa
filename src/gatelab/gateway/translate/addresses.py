"""Static addresses: `Gateway.spec.addresses` (Gateway API, GatewayStaticAddresses and GatewayAddressEmpty)."""

from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.ip_addresses import is_ipv4


def requested(gateway: Gateway) -> tuple[str, ...]:
    """The addresses that the Gateway asks for; none leaves the choice to us."""
    return tuple(address.value for address in gateway.spec.addresses if address.value)


def wanted(gateway: Gateway) -> str:
    """The one that its data plane tries to have, "" for any: a Gateway has one address here."""
    return next(iter(requested(gateway)), "")


def unusable(gateway: Gateway, present: str, obstacle: str) -> str | None:
    """A sentence about the first address that was asked for and is not had, for Programmed/AddressNotUsable.

    `present` is the address of the data plane, "" for none; `obstacle` why there is none, if that is known.
    """
    for address in requested(gateway):
        if address == present:
            continue
        if address == wanted(gateway):
            why = obstacle or f"the data plane has {present or 'no address'}"
        else:
            why = f"a Gateway has one address here, and {wanted(gateway)} is asked for before it; remove one of them"
        return f"spec.addresses asks for {address}, which could not be had: {why}"
    return None


def unsupported(gateway: Gateway) -> str | None:
    """A sentence about the first address that we cannot give, for Accepted/UnsupportedAddress."""
    for index, address in enumerate(gateway.spec.addresses):
        if address.type != "IPAddress":
            return f"spec.addresses[{index}].type {address.type} is not supported; use IPAddress"
        if address.value and not is_ipv4(address.value):
            return f"spec.addresses[{index}].value {address.value} is no IPv4 address"
    return None
