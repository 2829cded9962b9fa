"""`gatelab completion`: the shell code that completes commands and options."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print completion code for SHELL.

    \b
      source <(gatelab completion bash)    # zsh too, after compinit
      gatelab completion fish | source
    """
    from gatelab.cli.main import main

    completer = get_completion_class(shell)
    assert completer is not None
    click.echo(completer(main, {}, "gatelab", "_GATELAB_COMPLETE").source())
