"""How a target on the command line is reached."""

import click
import pytest

from gatelab.cli.targets import authority_of, dial_failure, split_address
from gatelab.experiment.place import Place
from gatelab.grpc_wire.errors import ConnectError

TARGET = "gateway.test:443"


@pytest.mark.parametrize(
    ("authority", "server_name", "plaintext", "sent"),
    [
        (None, None, False, TARGET),
        (None, "shop.test", False, "shop.test"),
        ("till.test", "shop.test", False, "till.test"),
        ("till.test", None, True, "till.test"),
        (None, "shop.test", True, TARGET),
    ],
)
def test_the_name_that_is_verified_is_the_authority_too(
    authority: str | None, server_name: str | None, plaintext: bool, sent: str
) -> None:
    assert authority_of(TARGET, authority=authority, server_name=server_name, plaintext=plaintext) == sent


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place("gateway.test", note="the DNS does not know it"), "no such host (the DNS does not know it)"),
        (Place("127.28.0.9", note="by the lab's DNS"), "no such host"),
        (Place("gateway.test"), "no such host"),
    ],
)
def test_who_was_asked_for_a_name_in_vain_is_told(place: Place, said: str) -> None:
    text = dial_failure(TARGET, ConnectError("no such host"), place)
    assert text == f'Failed to dial target host "{TARGET}": {said}'


def test_of_a_certificate_that_is_not_trusted_it_is_said_where_the_ca_is() -> None:
    text = dial_failure(TARGET, ConnectError("tls: failed (CERTIFICATE_VERIFY_FAILED)"), Place("127.9.0.1"))
    assert "`gatelab ca --out ca.pem`, then --cacert ca.pem" in text


def test_the_option_that_verifies_nothing_is_that_of_the_command() -> None:
    error = ConnectError("tls: failed (CERTIFICATE_VERIFY_FAILED)")
    assert dial_failure(TARGET, error, Place("127.9.0.1"), unverified="--skipTLS").endswith("or --skipTLS)")


def test_a_url_is_no_address() -> None:
    with pytest.raises(click.UsageError, match="give host:port, without https://"):
        split_address(f"https://{TARGET}")


@pytest.mark.parametrize(
    ("advice", "end"),
    [
        ("verify a name that the certificate has, or skip verification", "(--cname NAME, or --skipTLS)"),
        ("renew the certificate, or skip verification", "(--skipTLS)"),
    ],
)
def test_where_no_ca_helps_none_is_advised(advice: str, end: str) -> None:
    error = ConnectError(f"tls: failed (CERTIFICATE_VERIFY_FAILED): {advice}")
    said = dial_failure(TARGET, error, Place("127.9.0.1"), named="--cname", unverified="--skipTLS")
    assert said.endswith(f"{advice} {end}")
