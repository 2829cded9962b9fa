import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.cli.go_flags import rewritten

PARAMS = [
    click.Option(["-d", "--data"]),
    click.Option(["--max-time"]),
    click.Option(["-v", "--verbose"], is_flag=True),
    click.Option(["--insecure"], is_flag=True),
    click.Option(["--reflect/--no-reflect"]),
]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("-insecure -max-time 5 host", "--insecure --max-time 5 host"),
        ("--insecure --max-time=5 host", "--insecure --max-time 5 host"),
        ("-max-time=5", "--max-time 5"),
        ("-insecure=true -verbose=false", "--insecure"),
        ("-d -insecure host", "-d -insecure host"),
        ("-v host", "-v host"),
        ("--v --d x host", "-v -d x host"),
        ("-reflect=false", "--no-reflect"),
        ("-- -insecure", "-- -insecure"),
        ("-unknown", "-unknown"),
        ("-d", "-d"),
    ],
)
def test_one_dash_is_as_good_as_two(typed: str, read: str) -> None:
    assert rewritten(typed.split(), PARAMS) == read.split()


def test_a_flag_takes_only_booleans() -> None:
    with pytest.raises(click.UsageError, match='invalid boolean value "maybe" for -insecure'):
        rewritten(["-insecure=maybe"], PARAMS)


@given(st.lists(st.sampled_from(["--insecure", "host", "-d", "--max-time", "--", "x=y", "-"]), max_size=6))
def test_clicks_own_spelling_is_kept(args: list[str]) -> None:
    assert rewritten(args, PARAMS) == args
