"""`gatelab images`: which programs stand for container images."""

import os
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from gatelab.cli.labs import chosen_lab, facts_of, fail, lab_option, place_of
from gatelab.node.errors import LabError

_file_option = click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The catalogue.  [default: the running lab's, else $XDG_CONFIG_HOME/gatelab/images.yaml]",
)


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    from gatelab.node.images import read_images

    try:
        known = read_images(_file(ctx.params.get("name") or chosen_lab(), ctx.params.get("file")))
    except LabError:
        return []
    return [name for name in known if name.startswith(incomplete)]


class _ListedByDefault(click.Group):
    """`gatelab images` and `gatelab images -o json` are `gatelab images list …`."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = super().shell_complete(ctx, incomplete)
        return found + (self.commands["list"].shell_complete(ctx, incomplete) if incomplete.startswith("-") else [])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else "list"
        if not args and ctx.resilient_parsing:  # the shell asks what may come here
            return super().parse_args(ctx, args)
        if first not in self.commands and first not in self.get_help_option_names(ctx):
            args = ["list", *args]
        return super().parse_args(ctx, args or ["list"])


@click.group(cls=_ListedByDefault)
def images() -> None:
    """List, add and remove programs that stand for container images.

    Nothing is pulled: a pod is a process, and this catalogue says of which program. A running lab reads the file again
    when it changes.
    """


@images.command("list", short_help="List the images that are known.")
@lab_option
@_file_option
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(name: str, file: Path | None, output: str) -> None:
    """List the images that are known, their programs, and whether those are there."""
    from gatelab.cli.images_run import listed, text_of

    try:
        click.echo(text_of(listed(_file(name, file)), _file(name, file), format_=output))
    except LabError as error:
        fail(error)


@images.command(context_settings={"allow_interspersed_args": True})
@lab_option
@_file_option
@click.option("--workdir", type=click.Path(file_okay=False, exists=True, path_type=Path), help="[default: this folder]")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="In the program's environment; may be repeated.")
@click.option("--replace", is_flag=True, help="Write over an entry that is there.")
@click.argument("image")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def add(
    name: str,
    file: Path | None,
    workdir: Path | None,
    env: tuple[str, ...],
    replace: bool,
    image: str,
    command: tuple[str, ...],
) -> None:
    """Say that IMAGE is COMMAND on this machine. IMAGE may end in :* for every tag.

    \b
      gatelab images add registry.example.com/shop/till:1.2 -- \\
          python -m till --port 8080

    COMMAND is what ENTRYPOINT is to an image: `args` of a container are added to it, `command` replaces it. It is
    started in --workdir and listens on $(GATELAB_POD_IP).
    """
    from gatelab.cli.images_run import entry_of
    from gatelab.node.images_file import add_image

    entry = entry_of(command, (workdir or Path.cwd()).absolute(), env)
    catalogue = _file(name, file)
    try:
        add_image(catalogue, image, entry, replace=replace)
    except LabError as error:
        fail(error)
    click.echo(f"{image} is written to {catalogue}", err=True)


@images.command()
@lab_option
@_file_option
@click.argument("image", shell_complete=_complete)
def remove(name: str, file: Path | None, image: str) -> None:
    """Forget what IMAGE is. Pods that run already run on."""
    from gatelab.node.images_file import remove_image

    catalogue = _file(name, file)
    try:
        remove_image(catalogue, image)
    except LabError as error:
        fail(error)
    click.echo(f"{image} is removed from {catalogue}", err=True)


def _file(name: str, file: Path | None) -> Path:
    """The file of the command line, else that which the lab was started with, else the default."""
    from gatelab.node.images import default_images_file

    if file is not None:
        return Path(os.path.abspath(file))  # noqa: PTH100 - a symbolic link stays what it is
    try:
        return Path(facts_of(place_of(name)).get("images") or default_images_file())
    except LabError:
        return default_images_file()
