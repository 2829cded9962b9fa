"""The example's manifests applied again, by kubectl, while the lab's controllers write to the same objects."""

from pathlib import Path

import pytest
import yaml

from running_lab import Lab, manifest_folders

pytestmark = pytest.mark.lab

_DEFAULTS_IN_LISTS = {"gateway", "grpcroute"}
"""Their schemas put defaults into items of lists. kubectl compares such lists of custom resources as a whole with what
the manifest says, and says `configured` although its patch changes nothing (kubernetes/kubernetes#66450).
"""


def applied(lab: Lab, *arguments: str) -> dict[str, str]:
    """What kubectl says of each object; its kind is the key's first part."""
    lines = lab.kubectl("apply", *arguments).stdout.splitlines()
    return {name.partition(".")[0] + "/" + name.partition("/")[2]: said for name, said in map(str.split, lines)}


def versions(lab: Lab, folder: Path) -> dict[str, str]:
    listed = lab.get("-f", str(folder))["items"]
    return {f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["resourceVersion"] for each in listed}


@pytest.mark.parametrize("folder", manifest_folders(), ids=str)
def test_what_is_applied_again_is_unchanged(lab: Lab, folder: Path) -> None:
    lab.apply_example(folder)
    lab.kubectl("-n", "hello-grpc", "wait", "certificate/hello-grpc", "--for=condition=Ready", "--timeout=30s")
    before = versions(lab, folder)
    for _ in range(2):
        said = applied(lab, "-f", str(folder))
        again = {name for name, each in said.items() if each != "unchanged"}
        assert {name.partition("/")[0] for name in again} <= _DEFAULTS_IN_LISTS
    assert versions(lab, folder) == before


def test_with_the_defaults_written_out_kubectl_says_unchanged(lab: Lab, state_folder: Path) -> None:
    lab.apply_example()
    complete = state_folder / "complete.yaml"
    objects = lab.get("-n", "hello-grpc", "gateway,grpcroute")["items"]
    complete.write_text(yaml.safe_dump_all([_as_a_manifest(each) for each in objects]))
    applied(lab, "-f", str(complete))
    assert set(applied(lab, "-f", str(complete)).values()) == {"unchanged"}


def _as_a_manifest(obj: dict[str, object]) -> dict[str, object]:
    metadata = obj["metadata"]
    assert isinstance(metadata, dict)
    kept = {field: metadata[field] for field in ("name", "namespace")}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": kept, "spec": obj["spec"]}
