"""Where an experiment's report goes, and in which formats: `--format`, `--output`, `--report`; and `--quiet`."""

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatelab.cli.terminal import columns

if TYPE_CHECKING:
    from gatelab.experiment.matrix.report import MatrixReport
    from gatelab.experiment.report import Report

FORMATS = ("text", "json", "markdown", "junit", "html")


@dataclass(frozen=True, slots=True)
class Outputs:
    """One report for stdout, or for `file`; and `more`, a format and a file each."""

    format_: str = "text"
    file: Path | None = None
    more: tuple[tuple[str, Path], ...] = ()
    quiet: bool = False
    """Whether progress is not shown."""

    def write(self, report: "Report | MatrixReport") -> None:
        """All of them. Raises click.ClickException naming the files that cannot be written, after the others."""
        if self.file is None:
            click.echo(written(report, self.format_, columns()).removesuffix("\n"))
        failed = [
            f"{file} cannot be written: {reason}"
            for format_, file in ((self.format_, self.file), *self.more)
            if file is not None and (reason := _save(file, written(report, format_)))
        ]
        if failed:
            raise click.ClickException("; ".join(failed))


def written(report: "Report | MatrixReport", format_: str, width: int | None = None) -> str:
    """The report in one of FORMATS; as text in so many columns, or as many as it likes."""
    if format_ == "json":
        import msgspec

        return msgspec.json.encode(report).decode() + "\n"
    if format_ == "markdown":
        from gatelab.reports import markdown

        return markdown.document(report)
    if format_ == "junit":
        from gatelab.reports import junit

        return junit.document(report)
    return _page(report) if format_ == "html" else _text(report, width)


def _page(report: "Report | MatrixReport") -> str:
    from gatelab.experiment.matrix.report import MatrixReport

    if isinstance(report, MatrixReport):
        from gatelab.reports.matrix_page import page as matrix_page

        return matrix_page(report)
    from gatelab.reports.html import page

    return page(report)


def _text(report: "Report | MatrixReport", width: int | None) -> str:
    from gatelab.cli.experiment.output import WIDTH, text_of
    from gatelab.experiment.matrix.report import MatrixReport

    if isinstance(report, MatrixReport):
        from gatelab.cli.experiment.matrix_output import matrix_text

        return matrix_text(report, width=width or WIDTH)
    return text_of(report, width=width or WIDTH)


def _save(file: Path, text: str) -> str:
    """Why it could not be; "" when it could."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def writable(file: Path) -> Path:
    """A file to write later. Raises click.UsageError now: after a long run is too late to learn of a wrong path."""
    try:
        reason = _obstacle(file)
    except OSError as error:  # such as a name that is too long
        reason = f"cannot be written: {error.strerror}"
    if reason:
        raise click.UsageError(f"{file}: {reason}")
    return file


def _obstacle(file: Path) -> str:
    """What stands in the way, without touching the file: an empty one would stay behind where the run fails."""
    if file.is_dir():
        return "is a folder: name a file in it"
    if file.exists():
        return "" if os.access(file, os.W_OK) else "cannot be written: no permission"
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    return "" if os.access(file.parent, os.W_OK) else f"the folder {file.parent} cannot be written to"


def output_options(command: Callable[..., object]) -> Callable[..., object]:
    """Adds the options, and hands them to the command as `outputs`."""

    @functools.wraps(command)
    def with_outputs(
        *, format_: str, output: Path | None, reports: tuple[str, ...], quiet: bool, **others: Any
    ) -> object:
        file = writable(output) if output is not None else None
        outputs = Outputs(format_, file, tuple(_target(each) for each in reports), quiet)
        _check_different([each for each in (file, *(target for _, target in outputs.more)) if each is not None])
        return command(outputs=outputs, **others)

    a_file = click.Path(dir_okay=False, path_type=Path)
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Show no progress."),
        click.option(
            "--report", "reports", multiple=True, metavar="FORMAT=FILE", help="One more report; again for more."
        ),
        click.option("--output", type=a_file, help="Write the report there instead of to stdout."),
        click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True),
    ):
        with_outputs = option(with_outputs)
    return with_outputs


def _check_different(files: Sequence[Path]) -> None:
    """Of two reports to one file only the last would be left. Devices take many."""
    for file in files:
        if files.count(file) > 1 and (file.is_file() or not file.exists()):
            raise click.UsageError(f"{file}: two reports are to be written there")


def _target(text: str) -> tuple[str, Path]:
    format_, sign, file = text.partition("=")
    if format_ not in FORMATS or not sign or not file:
        formats = ", ".join(FORMATS)
        raise click.UsageError(f"--report {text!r} is not FORMAT=FILE, such as junit=out.xml; formats are {formats}")
    return format_, writable(Path(file))
