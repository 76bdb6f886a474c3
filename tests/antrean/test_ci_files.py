"""The ready files for CI: they can be read, and the very commands that they name run, in a small form."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml  # type: ignore[import-untyped] # has no types

ROOT = Path(__file__).parents[2]
CI = ROOT / "docs" / "ci"
LONGEST = "1 s"
"""Eight rounds, the fewest, whatever they say."""


def read(name: str) -> Any:
    return yaml.safe_load((CI / name).read_text(encoding="utf-8"))


def run(script: str, results: Path, **more: str) -> int:
    """Run a script as the CI's shell does; its `antrean` is this tree's, and both versions are the tree as it is."""
    tools = results / "bin"
    tools.mkdir(parents=True)
    antrean = tools / "antrean"
    python = shlex.quote(sys.executable)
    antrean.write_text(f'#!/bin/sh\nexec {python} -m antrean "$@" --history {results}/history.parquet\n')
    antrean.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "BASE": ".",
        "LONGEST": LONGEST,
        "RESULTS": str(results),
        **more,
    }
    script = script.replace("--b-ref HEAD", "--b-ref .")
    return subprocess.run(["/bin/bash", "-e", "-c", script], cwd=ROOT, env=environment, check=False).returncode


def only(results: Path, name: str) -> Path:
    (found,) = results.glob(f"*/duet-*/{name}")
    return found


def test_github_actions_compares_and_tells_the_job_summary(tmp_path: Path) -> None:
    job = read("github-actions.yml")["jobs"]["gate"]
    steps = {step.get("name", step.get("uses")): step for step in job["steps"]}
    assert set(job["env"]) == {"BASE", "LONGEST", "RESULTS"}
    summary = tmp_path / "summary.md"
    # One second is hardly enough to tell, and the step lets that pass; the same build is not slower than itself.
    assert run(steps["Compare"]["run"], tmp_path / "results", GITHUB_STEP_SUMMARY=str(summary)) == 0
    assert "| CPU per card, ms |" in summary.read_text(encoding="utf-8")
    assert Path(steps["actions/upload-artifact@v4"]["with"]["path"]).parts[0] == job["env"]["RESULTS"]
    report = only(tmp_path / "results", "report.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in report
    assert "http" not in report.replace("http-equiv", "")


def test_gitlab_compares_and_finds_its_junit_report(tmp_path: Path) -> None:
    job = read("gitlab-ci.yml")["gate"]
    code = run("\n".join(job["script"]), tmp_path / "results")
    assert code in (0, job["allow_failure"]["exit_codes"])
    junit = ElementTree.parse(only(tmp_path / "results", "junit.xml")).getroot()  # noqa: S314 - our own file
    names = {case.get("name") for case in junit.iter("testcase")}
    assert {"cpu per card", "throughput", "median", "p95"} <= names
    pattern = job["artifacts"]["reports"]["junit"].removeprefix(f"{job['variables']['RESULTS']}/")
    assert list((tmp_path / "results").glob(pattern))


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_make_install_is_all_that_they_install(name: str) -> None:
    text = (CI / name).read_text(encoding="utf-8")
    assert "make install" in text
    assert ".venv/bin" in text
