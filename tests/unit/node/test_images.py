"""Which program stands for an image."""

import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gatelab.cli.main import main
from gatelab.node.errors import LabError
from gatelab.node.images import Catalogue, UnknownImage, normalised


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "images.yaml"


@pytest.fixture
def catalogue(file: Path) -> Catalogue:
    return Catalogue(file, envoy=lambda: Path("/opt/envoy"))


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("docker.io/busybox:1", "docker.io/library/busybox:1"),
        ("index.docker.io/library/busybox:1", "docker.io/library/busybox:1"),
        ("a/b:1", "docker.io/a/b:1"),
        ("ghcr.io/a/b", "ghcr.io/a/b:latest"),
        ("localhost/b", "localhost/b:latest"),
        ("localhost:5000/b", "localhost:5000/b:latest"),
        ("a/b@sha256:abc", "docker.io/a/b@sha256:abc"),
    ],
)
def test_names_are_completed(image: str, full: str) -> None:
    assert normalised(image) == full


def test_the_experiments_image_is_built_in(catalogue: Catalogue) -> None:
    image = catalogue.find("bittrance/hello-world:tonic-hello-grpc")
    assert image.command == (sys.executable, "-m", "gatelab.backends.hello")
    assert image.built_in
    with pytest.raises(UnknownImage):
        catalogue.find("bittrance/hello-world:other")


@pytest.mark.parametrize("name", ["envoyproxy/envoy:v1.40.0", "docker.io/envoyproxy/envoy:distroless-v1.40.0"])
def test_every_tag_of_envoy_is_the_wheels(catalogue: Catalogue, name: str) -> None:
    assert catalogue.find(name).command == ("/opt/envoy",)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("gatelab/echo", "echo"),
        ("registry.k8s.io/gateway-api/echo-basic:v1.5.1", "echo"),
        ("registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0", "echo"),
        ("registry.k8s.io/coredns/coredns:v1.12.2", "coredns"),
    ],
)
def test_every_tag_of_the_conformance_tests_images_is_ours(catalogue: Catalogue, name: str, module: str) -> None:
    image = catalogue.find(name)
    assert (image.command[1:], image.built_in) == (("-m", f"gatelab.backends.{module}"), True)


def test_users_add_theirs_and_exact_names_come_first(catalogue: Catalogue, file: Path) -> None:
    one = "me/server:1: {command: [one], env: {A: b}, workdir: here}"
    file.write_text(f"images:\n  me/server:*: {{command: [any]}}\n  {one}\n")
    assert catalogue.find("docker.io/me/server:2").command == ("any",)
    exact = catalogue.find("me/server:1")
    assert (exact.command, exact.env, exact.workdir, exact.built_in) == (
        ("one",),
        {"A": "b"},
        str(file.parent / "here"),
        False,
    )


def test_an_unknown_image_says_which_command_adds_it_and_is_found_after_it(catalogue: Catalogue, file: Path) -> None:
    with pytest.raises(UnknownImage, match=r"ARGUMENT…` .* is read again when it changes") as caught:
        catalogue.find("me/server:1")
    assert f"--file {file}" in str(caught.value)
    program, *arguments = shlex.split(str(caught.value).split("`")[1].partition(" PROGRAM")[0])[1:]
    added = CliRunner().invoke(main, [program, *arguments, "sh", "-c", "true"])
    assert added.exit_code == 0, added.stderr
    assert catalogue.find("me/server:1").command == ("sh", "-c", "true")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("images: {me/server: {command: run}}", "Expected `array`"),
        ("images: {me/server: {comand: [run]}}", "comand"),
        ("images: {me/server: {}}", 'image "me/server" needs a command'),
        ("me/server:1: {command: [run]}", "me/server:1"),
        ("- a", "not a catalogue of images"),
        ("{", "not a catalogue of images"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_the_reason(
    catalogue: Catalogue, file: Path, text: str, message: str
) -> None:
    file.write_text(text)
    with pytest.raises(LabError) as caught:
        catalogue.find("me/server:1")
    assert str(file) in str(caught.value)
    assert message in str(caught.value)
