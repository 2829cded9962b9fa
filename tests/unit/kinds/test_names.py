"""Names that we make up."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gatelab.kinds.names import generated, random_suffix, shortened, template_hash


def test_a_suffix_is_as_kubernetes_makes_it() -> None:
    suffixes = {random_suffix() for _ in range(200)}
    assert all(re.fullmatch("[bcdfghjklmnpqrstvwxz2456789]{5}", each) for each in suffixes)
    assert len(suffixes) > 190


def test_a_generated_name_fits_a_label() -> None:
    assert generated("web-").startswith("web-")
    assert len(generated("x" * 100)) == 63


def test_a_template_hash_depends_on_content_only() -> None:
    one = template_hash({"spec": {"a": 1, "b": [1, 2]}})
    assert one == template_hash({"spec": {"b": [1, 2], "a": 1}})
    assert one != template_hash({"spec": {"b": [2, 1], "a": 1}})
    assert one != template_hash({"spec": {"a": 1, "b": [1, 2]}}, collision_count=1)
    assert re.fullmatch("[bcdfghjklmnpqrstvwxz2456789]{10}", one)


@given(st.text("abc-.", min_size=1, max_size=300))
def test_a_shortened_name_fits_and_keeps_what_fits(name: str) -> None:
    short = shortened(name)
    assert len(short) <= 63
    assert (short == name) == (len(name) <= 63)


def test_names_that_differ_late_stay_different() -> None:
    assert shortened("g" * 253) != shortened("g" * 252 + "h")
