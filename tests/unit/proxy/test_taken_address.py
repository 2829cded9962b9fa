"""Envoy's words about an address that is taken."""

from gatelab.proxy.taken_address import explained


def test_who_has_the_port_can_be_found() -> None:
    words = "Error adding/updating listener(s) l: cannot bind '127.9.0.1:8443': Address already in use\n"
    text = explained(words)
    assert text.startswith("another program listens on port 8443, on 127.9.0.1 or on all addresses (0.0.0.0): stop it")
    assert "`ss -ltnp 'sport = :8443'`" in text
    assert text.endswith("(Error adding/updating listener(s) l: cannot bind '127.9.0.1:8443': Address already in use)")


def test_other_words_stay_in_one_line() -> None:
    assert explained("no such\n  cipher\n") == "no such cipher"
