"""Reading a run of the suite from the events of `go tool test2json`."""

import json

from conformance.events import Run


def events(*of: tuple[str, str, str]) -> list[str]:
    """Action, test, output."""
    return [json.dumps({"Action": action, "Test": test, "Output": output}) for action, test, output in of]


def test_tests_of_the_suite_are_told_from_their_subtests_and_from_the_suite() -> None:
    run = Run()
    lines = events(
        ("run", "TestConformance", ""),
        ("output", "TestConformance", "set up\n"),
        ("run", "TestConformance/A", ""),
        ("run", "TestConformance/A/part", ""),
        ("output", "TestConformance/A/part", "broken\n"),
        ("fail", "TestConformance/A/part", ""),
        ("fail", "TestConformance/A", ""),
        ("run", "TestConformance/B", ""),
        ("skip", "TestConformance/B", ""),
        ("fail", "TestConformance", ""),
    )
    assert [(each.name, each.outcome) for each in run.follow(lines)] == [("A", "fail"), ("B", "skip")]
    assert (run.names("pass"), run.names("fail"), run.names("skip")) == ([], ["A"], ["B"])
    assert run.failures == {"TestConformance", "TestConformance/A", "TestConformance/A/part"}
    assert run.printed == {"": ["set up\n"], "A": ["broken\n"]}


def test_a_suite_that_could_not_be_set_up_has_failed_without_a_test() -> None:
    run = Run()
    assert list(run.follow(events(("run", "TestConformance", ""), ("fail", "TestConformance", "")))) == []
    assert run.failures == {"TestConformance"}
