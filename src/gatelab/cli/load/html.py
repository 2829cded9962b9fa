"""The report of a load run as a page: ghz's sections, drawn by `gatelab.reports`."""

from collections.abc import Mapping
from typing import Any

from gatelab.cli.load.tables import csv_table
from gatelab.reports.load_html import load_page


def html_page(report: Mapping[str, Any]) -> str:
    """Everything of the report; calls by themselves behind two links."""
    return load_page(report, csv_table(report).lstrip())
