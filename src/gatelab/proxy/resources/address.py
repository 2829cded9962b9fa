"""Socket addresses."""

from envoy.config.core.v3.address_pb2 import Address, SocketAddress


def udp_address(address: str, port: int) -> Address:
    """An IP address and UDP port."""
    return Address(socket_address=SocketAddress(address=address, port_value=port, protocol=SocketAddress.UDP))


def tcp_address(address: str, port: int) -> Address:
    """An IP address and TCP port; names are not resolved."""
    return Address(socket_address=SocketAddress(address=address, port_value=port))
