"""What is needed of rtnetlink(7): links, addresses, routes of the network namespace that this process is in.

On the standard library alone, as the keeper is. Layouts are those of linux/netlink.h, linux/if_link.h, linux/if_addr.h
and linux/rtnetlink.h.
"""

import os
import socket
import struct
from ipaddress import IPv4Address, IPv4Network
from typing import Self

_NEWLINK, _NEWADDR, _NEWROUTE = 16, 20, 24
_ERROR = 2
_REQUEST, _ACK, _EXCL, _CREATE = 0x001, 0x004, 0x200, 0x400
_IFF_UP = 1
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 1, 3, 10, 18, 28
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_DST, _RTA_OIF, _RTA_GATEWAY = 1, 4, 5
_TABLE_MAIN, _TABLE_LOCAL = 254, 255
_PROTOCOL_STATIC = 4
_SCOPE_UNIVERSE, _SCOPE_HOST = 0, 254
_UNICAST, _LOCAL = 1, 2


class Links:
    """A conversation with the namespace that the process is in when this is made."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def add_bridge(self, name: str) -> None:
        """A switch for the links whose master it is; up."""
        info = _attribute(_IFLA_LINKINFO, _attribute(_INFO_KIND, b"bridge"))
        self._ask(_NEWLINK, _CREATE | _EXCL, _link(flags=_IFF_UP) + _name(name) + info, f"bridge {name}")

    def add_pair(self, name: str, peer: str, peer_namespace: int, *, peer_mac: bytes = b"", master: str = "") -> None:
        """A cable: one end here, up, the other, down, in the namespace of the descriptor."""
        there = _link() + _name(peer) + _attribute(_IFLA_NET_NS_FD, struct.pack("I", peer_namespace))
        if peer_mac:
            there += _attribute(_IFLA_ADDRESS, peer_mac)
        data = _attribute(_INFO_DATA, _attribute(_VETH_PEER, there))
        here = _link(flags=_IFF_UP) + _name(name)
        if master:
            here += _attribute(_IFLA_MASTER, struct.pack("I", socket.if_nametoindex(master)))
        info = _attribute(_IFLA_LINKINFO, _attribute(_INFO_KIND, b"veth") + data)
        self._ask(_NEWLINK, _CREATE | _EXCL, here + info, f"link {name}")

    def bring_up(self, name: str, *, master: str = "") -> None:
        """The link is up, and an end of the bridge `master`."""
        body = _link(index=socket.if_nametoindex(name), flags=_IFF_UP)
        if master:
            body += _attribute(_IFLA_MASTER, struct.pack("I", socket.if_nametoindex(master)))
        self._ask(_NEWLINK, 0, body, f"link {name}")

    def add_address(self, name: str, address: str, prefix: int) -> None:
        """The link has the address; the rest of its network is reached through it."""
        packed = IPv4Address(address).packed
        body = struct.pack("=BBBBI", socket.AF_INET, prefix, 0, _SCOPE_UNIVERSE, socket.if_nametoindex(name))
        body += _attribute(_IFA_LOCAL, packed) + _attribute(_IFA_ADDRESS, packed)
        self._ask(_NEWADDR, _CREATE | _EXCL, body, f"address {address} of {name}")

    def add_local_route(self, network: str, name: str) -> None:
        """Every address of the network is this namespace's own, for as long as the link is there."""
        block = IPv4Network(network)
        body = _route(block.prefixlen, _TABLE_LOCAL, _SCOPE_HOST, _LOCAL)
        body += _attribute(_RTA_DST, block.network_address.packed) + _out(name)
        self._ask(_NEWROUTE, _CREATE | _EXCL, body, f"local {network} on {name}")

    def add_default_route(self, gateway: str, name: str) -> None:
        """What no other route has goes to the gateway."""
        body = _route(0, _TABLE_MAIN, _SCOPE_UNIVERSE, _UNICAST)
        body += _attribute(_RTA_GATEWAY, IPv4Address(gateway).packed) + _out(name)
        self._ask(_NEWROUTE, _CREATE | _EXCL, body, f"route through {gateway}")

    def _ask(self, type_: int, flags: int, body: bytes, what: str) -> None:
        """Sends a request and reads its acknowledgement. Raises OSError naming `what`."""
        self._sequence += 1
        length = 16 + len(body)
        self._socket.send(struct.pack("=IHHII", length, type_, flags | _REQUEST | _ACK, self._sequence, 0) + body)
        reply = self._socket.recv(65536)
        kind = struct.unpack_from("=H", reply, 4)[0]
        number = -struct.unpack_from("=i", reply, 16)[0] if kind == _ERROR else 0
        if number:
            raise OSError(number, f"{what}: {os.strerror(number)}")


def _link(*, index: int = 0, flags: int = 0) -> bytes:
    return struct.pack("=BBHiII", socket.AF_UNSPEC, 0, 0, index, flags, flags)


def _route(prefix: int, table: int, scope: int, type_: int) -> bytes:
    return struct.pack("=BBBBBBBBI", socket.AF_INET, prefix, 0, 0, table, _PROTOCOL_STATIC, scope, type_, 0)


def _out(name: str) -> bytes:
    return _attribute(_RTA_OIF, struct.pack("I", socket.if_nametoindex(name)))


def _name(name: str) -> bytes:
    return _attribute(_IFLA_IFNAME, name.encode() + b"\0")


def _attribute(type_: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), type_) + data + b"\0" * (-len(data) % 4)
