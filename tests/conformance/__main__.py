"""`make conformance`: the upstream suite against a fresh lab.

`PYTHONPATH=src:tests python -m conformance [--profiles …] [--run NAME,…]` prints each test as it ends, and at the end
what failed and where the logs are: of the suite a file a test, of the lab and its pods the folder `logs`. Exits with 0
when all tests passed, 1 when one failed, 2 when the suite could not run.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from conformance.cluster import conformance_lab
from conformance.events import ROOT, Finished, Run
from conformance.published import publish
from conformance.suite import PROFILES, Request, program, running


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.publish and (given.run or {*given.profiles} != {*PROFILES}):
        parser.error("--publish keeps the report of all profiles and tests: leave out --run and --profiles")
    binary = program()
    if not binary:
        print("Go is not installed: the suite cannot be built", file=sys.stderr)
        return 2
    kept: Path = given.keep or Path(tempfile.mkdtemp(prefix="gatelab-conformance-"))
    kept.mkdir(parents=True, exist_ok=True)
    request = Request(
        profiles=given.profiles,
        only=given.run,
        every_feature=given.every_feature,
        report=kept / "report.yaml",
        flags=given.flags,
    )
    begin = time.monotonic()
    run = _run(binary, request, kept)
    _keep(run, kept)
    verdict = _verdict(run, kept)
    if verdict == 0 and given.publish:
        publish(kept / "report.yaml", time.monotonic() - begin)
    return verdict


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument(
        "--profiles", type=_names, default=PROFILES, metavar="NAME,…", help=f"default: {','.join(PROFILES)}"
    )
    parser.add_argument(
        "--run", type=_names, default=(), metavar="NAME,…", help="tests to run, supported or not; default: all"
    )
    parser.add_argument(
        "--every-feature", action="store_true", help="run tests of features that the GatewayClass does not list, too"
    )
    parser.add_argument("--publish", action="store_true", help="keep the report in docs/conformance if all tests pass")
    parser.add_argument("--keep", type=Path, help="the folder of the logs; default: a temporary one")
    parser.add_argument("flags", nargs="*", metavar="-- FLAG", help="more flags of the suite")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _run(binary: str, request: Request, kept: Path) -> Run:
    run, begin = Run(), time.monotonic()
    with conformance_lab(kept) as lab, running(binary, lab, request, run) as finished:
        print(f"lab ready; KUBECONFIG={lab.environment['KUBECONFIG']}", flush=True)
        for each in finished:
            _show(each, len(run.finished), time.monotonic() - begin)
    return run


def _show(finished: Finished, count: int, at_s: float) -> None:
    print(f"{at_s:6.1f} s {count:4}  {finished.outcome:4}  {finished.name} ({finished.seconds:.1f} s)", flush=True)


def _keep(run: Run, kept: Path) -> None:
    for name, lines in run.printed.items():
        (kept / f"{name or 'suite'}.log").write_text("".join(lines))


def _verdict(run: Run, kept: Path) -> int:
    failed = run.names("fail")
    for path in sorted(run.failures):
        print(f"failed: {path}")
    print(f"{len(run.names('pass'))} passed, {len(failed)} failed, {len(run.names('skip'))} skipped; logs in {kept}")
    if ROOT in run.failures and not failed:
        print("the suite itself failed:\n" + _last_words(run))
        return 2
    if not run.finished:
        print("the suite did not run:\n" + _last_words(run))
        return 2
    return 1 if failed else 0


def _last_words(run: Run) -> str:
    """The suite cleans up after an error; what it says of that is left out."""
    return "".join([line for line in run.printed.get("", []) if ": Deleting " not in line][-20:])


if __name__ == "__main__":
    raise SystemExit(main())
