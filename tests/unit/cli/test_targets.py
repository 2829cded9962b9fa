"""How a target on the command line is reached."""

import pytest

from gatelab.cli.targets import authority_of

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
