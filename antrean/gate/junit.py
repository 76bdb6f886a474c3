"""Findings as JUnit XML: a test case a measure; it fails when it has regressed, is skipped when it cannot be told."""

from xml.etree import ElementTree

from antrean.gate.decision import Verdict
from antrean.gate.findings import COLUMNS, Findings


def junit(findings: Findings, name: str) -> str:
    """Return the XML of one test suite, called `name`."""
    verdicts = [line.verdict for line in findings.lines]
    counts = {"failures": verdicts.count(Verdict.REGRESSED), "skipped": verdicts.count(Verdict.CANNOT_TELL)}
    suite = ElementTree.Element("testsuite", name=name, tests=str(len(verdicts)), errors="0")
    suite.set("time", f"{findings.took_s:.3f}")
    for attribute, count in counts.items():
        suite.set(attribute, str(count))
    for line, cells in zip(findings.lines, findings.cells(), strict=True):
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=line.measure.name)
        told = ", ".join(f"{column} {cell}" for column, cell in zip(COLUMNS[1:], cells[1:], strict=True))
        if line.verdict is Verdict.REGRESSED:
            ElementTree.SubElement(case, "failure", message=told).text = findings.sentence
        elif line.verdict is Verdict.CANNOT_TELL:
            ElementTree.SubElement(case, "skipped", message=told)
        else:
            ElementTree.SubElement(case, "system-out").text = told
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"
