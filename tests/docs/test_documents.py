"""The documents say what the code says: packages, dependencies, commands, links, and the limits we set ourselves."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

from gatelab.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "gatelab").rglob("*.py"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_has_a_row_in_the_architecture() -> None:
    table = (ROOT / "ARCHITECTURE.md").read_text()
    packages = {path.parent.name for path in (ROOT / "src" / "gatelab").glob("*/__init__.py")}
    assert packages
    assert {package for package in packages if f"`{package}/`" not in table} == set()


def test_every_package_says_what_it_is() -> None:
    silent = [path for path in SOURCES if path.name == "__init__.py" and not path.read_text().startswith('"""')]
    assert silent == []


def test_every_dependency_has_a_row_with_its_reason() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    rows = {
        name.strip() for line in page.splitlines() if line.startswith("|") for name in line.split("|")[1].split(",")
    }
    wanted = {re.split(r"[<>=;! ]", each)[0] for each in PYPROJECT["project"]["dependencies"]}
    assert wanted - rows == set()


IMPORT_NAMES = {
    "cel": "common-expression-language",
    "dns": "dnspython",
    "envoy": "xds-protos",
    "xds": "xds-protos",
    "google": "protobuf",
    "grpc": "grpcio",
    "grpc_tools": "grpcio-tools",
    "prometheus_client": "prometheus-client",
    "re2": "google-re2",
    "vl_convert": "vl-convert-python",
    "yaml": "pyyaml",
}
"""Where the name that is imported is not that of the package."""


def test_everything_imported_is_a_dependency_of_ours() -> None:
    """What comes along with something else may go with it too."""
    declared = {re.split(r"[<>=;! ]", each)[0] for each in PYPROJECT["project"]["dependencies"]}
    trees = [ast.parse(path.read_text()) for path in SOURCES]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {(node.module or "").split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    foreign = names - set(sys.stdlib_module_names) - {"gatelab"}
    assert foreign
    assert {IMPORT_NAMES.get(name, name) for name in foreign} - declared == set()


def test_the_lock_names_every_dependency_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {line.split("==")[0].lower() for line in lock.splitlines()}
    wanted = {re.split(r"[<>=;! ]", each)[0].lower() for each in PYPROJECT["project"]["dependencies"]}
    assert wanted - pinned == set()
    assert "://" not in lock


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_documents_exist(document: Path) -> None:
    commands = re.findall(r"^ {4}(?:\$ |export \w+=\$\()?gatelab ([a-z0-9]+)", document.read_text(), flags=re.MULTILINE)
    assert [command for command in commands if command not in COMMANDS] == []


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [command for command in COMMANDS if f"gatelab {command}" not in readme] == []


@pytest.mark.parametrize("target", ["setup", "demo", "test", "check", "bench"])
def test_make_targets_are_documented(target: str) -> None:
    assert re.search(rf"^{target}:.*##", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert f"make {target}" in (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()


def test_no_source_file_is_too_long() -> None:
    long = {str(path.relative_to(ROOT)): n for path in SOURCES if (n := len(path.read_text().splitlines())) > 400}
    assert long == {}


def test_no_name_that_explains_nothing() -> None:
    empty = re.compile(r"(^|_)(utils?|helpers?|managers?|base|common|misc)(_|$)")
    assert [path for path in SOURCES if empty.search(path.stem) or empty.search(path.parent.name)] == []
