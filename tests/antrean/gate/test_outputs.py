import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from antrean.gate.decision import ExitCode, Line, Measure, Verdict
from antrean.gate.findings import Findings, from_json
from antrean.gate.gate_report import SUMMARY_FILE, write_findings
from antrean.gate.table import print_findings
from antrean.runs import Run
from antrean.verdict import Bounds

SAMPLES = {"CPU per card (ms), a turn": {"A": [10.0, 11.0, 10.5], "B": [12.0, 12.5, 13.0]}}


def findings(verdict: Verdict) -> Findings:
    cost = Measure("cpu per card", "CPU per card", "ms", 1.02)
    level = Measure("p95 level", "p95 within 5 s", "ms", 1.0)
    lines = [
        Line(cost, 10.0, 12.0, Bounds(1.2, 1.15, 1.25), verdict, 12),
        Line(level, None, 900.0, Bounds(0.18, 0.1, 0.3), Verdict.SAME, 12),
    ]
    return Findings("April", "main (1234)", "HEAD <b>", 0.02, 12, 34.5, lines, ["a note"])


def test_findings_are_written_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SUMMARY_FILE, raising=False)
    found = findings(Verdict.REGRESSED)
    files = write_findings(Run(tmp_path), found, SAMPLES, "antrean duet")
    content = json.loads(files["findings"].read_text())
    assert (content["verdict"], content["exit_code"]) == ("regressed", ExitCode.REGRESSED)
    assert from_json(content) == found


@pytest.mark.parametrize(
    ("verdict", "tag"), [(Verdict.REGRESSED, "failure"), (Verdict.CANNOT_TELL, "skipped"), (Verdict.SAME, "system-out")]
)
def test_junit_has_a_case_a_measure(
    verdict: Verdict, tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SUMMARY_FILE, raising=False)
    files = write_findings(Run(tmp_path), findings(verdict), SAMPLES, "antrean duet")
    suite = ElementTree.parse(files["junit"]).getroot()[0]  # noqa: S314 - our own file
    assert [case.get("name") for case in suite] == ["cpu per card", "p95 level"]
    assert suite[0][0].tag == tag
    assert suite.get("failures") == str(int(verdict is Verdict.REGRESSED))


def test_markdown_is_added_to_the_jobs_summary_and_html_needs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    summary.write_text("before\n")
    monkeypatch.setenv(SUMMARY_FILE, str(summary))
    files = write_findings(Run(tmp_path), findings(Verdict.REGRESSED), SAMPLES, "antrean duet")
    text = summary.read_text()
    assert text.startswith("before\n## Regressed")
    assert "| CPU per card, ms | 10.0 | 12.0 | 1.200 [1.150, 1.250] | ≤ 1.02 | regressed |" in text
    page = files["report"].read_text()
    assert "data:image/png;base64," in page
    assert "HEAD &lt;b&gt;" in page
    assert "http" not in page


def test_the_table_fits_a_narrow_terminal(tmp_path: Path) -> None:
    console = Console(width=80, record=True)
    print_findings(console, findings(Verdict.REGRESSED), {"report": tmp_path / "report.html"}, "antrean history")
    said = console.export_text()
    assert "1.200 [1.150, 1.250]" in said
    assert "≤ 1.02" in said
    assert "Regressed: B is worse than the limits allow (CPU per card)." in said
