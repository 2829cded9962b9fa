"""Static addresses: `Gateway.spec.addresses` (Gateway API, GatewayStaticAddresses and GatewayAddressEmpty)."""

from ipaddress import AddressValueError, IPv4Address

from gatelab.kinds.gatewayapi import Gateway


def requested(gateway: Gateway) -> str:
    """The one address that the Gateway asks for, "" if it leaves the choice to us."""
    return next((address.value for address in gateway.spec.addresses if address.value), "")


def unsupported(gateway: Gateway) -> str | None:
    """A sentence about the first address that we cannot give, for Accepted/UnsupportedAddress."""
    values = [address.value for address in gateway.spec.addresses if address.value]
    for index, address in enumerate(gateway.spec.addresses):
        if address.type != "IPAddress":
            return f"spec.addresses[{index}].type {address.type} is not supported; use IPAddress"
        if address.value and not _is_ipv4(address.value):
            return f"spec.addresses[{index}].value {address.value} is no IPv4 address"
    if len(values) > 1:
        return f"spec.addresses asks for {len(values)} addresses; a Gateway has one here"
    return None


def _is_ipv4(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True
