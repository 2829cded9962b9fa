"""Reports as JUnit's XML, for GitLab, Jenkins and the actions that read it.

The form is that of the common reading (https://github.com/testmoapp/junitxml): a suite for each cell, a case for each
check; what is no pass is a failure, and what could not be run an error.
"""

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from gatelab.experiment.figures import FIGURES, of_report
from gatelab.experiment.matrix.report import CellReport, Comparison, MatrixReport
from gatelab.experiment.report import Check, Report
from gatelab.reports.matrix_tables import changes

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to say."""


def document(report: Report | MatrixReport) -> str:
    """The whole file."""
    root = Element("testsuites", name=_xml(report.experiment))
    if isinstance(report, MatrixReport):
        for cell in report.cells:
            _cell(root, report, cell)
        if report.comparison is not None:
            _comparison(root, report.experiment, report.comparison)
    else:
        suite = _suite(root, report.experiment, of_report(report))
        for check in report.checks:
            _check(suite, report.experiment, check)
    for suite in root:
        _count(suite, [suite])
    _count(root, list(root))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _cell(root: Element, report: MatrixReport, cell: CellReport) -> None:
    name = f"{report.experiment}: {cell.name}"
    suite = _suite(root, name, {figure: found.median for figure, found in cell.figures.items()})
    for check in cell.checks:
        _check(suite, name, check)
    missing = cell.reason or (None if report.complete else "the run was interrupted")
    case = _case(suite, name, "run")
    if cell.repetitions < report.repetitions and missing is not None:
        said = f"{cell.repetitions} of {report.repetitions} repetitions: {missing}"
        SubElement(case, "error", message=_xml(said), type="could not run").text = _xml(said)


def _comparison(root: Element, experiment: str, comparison: Comparison) -> None:
    name = f"{experiment}: baseline"
    suite = _suite(root, name, {"tolerance": comparison.tolerance, "level": comparison.level})
    for cell in dict.fromkeys(change.cell for change in comparison.changes):
        worse = [each for each in comparison.changes if each.cell == cell and each.result == "worse"]
        sentence = "; ".join(f"{row[1]} was {row[2]}, is {row[3]}" for row in changes(worse))
        _check(suite, name, Check(name=cell, result="fail" if worse else "pass", sentence=sentence))
    _check(suite, name, Check(name="comparison", result=comparison.result, sentence=comparison.sentence))
    if comparison.notes:
        SubElement(suite, "system-out").text = _xml("\n".join(comparison.notes))


def _suite(root: Element, name: str, properties: Mapping[str, float]) -> Element:
    suite = SubElement(root, "testsuite", name=_xml(name))
    if properties:
        group = SubElement(suite, "properties")
        for key, value in properties.items():
            unit = FIGURES[key].unit if key in FIGURES else "number"
            name, shown = (f"{key}_ms", value / 1e6) if unit == "duration" else (key, value)
            SubElement(group, "property", name=_xml(name), value=f"{shown:.12g}")
    return suite


def _check(suite: Element, of: str, check: Check) -> None:
    case = _case(suite, of, check.name)
    if check.result == "pass":
        return
    failure = SubElement(case, "failure", message=_xml(check.sentence), type=check.result)
    failure.text = _xml(check.sentence)


def _case(suite: Element, of: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=_xml(of), name=_xml(name))


def _count(element: Element, suites: Sequence[Element]) -> None:
    for attribute, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
        element.set(attribute, str(sum(len(suite.findall(tag)) for suite in suites)))
    element.set("skipped", "0")


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)
