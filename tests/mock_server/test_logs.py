"""Logs are lines of JSON."""

import json
import logging
import subprocess
import sys

import pytest

from mock_server.logs import JsonLines
from mock_server.settings import Settings
from tests.mock_server.centre import serving
from tests.mock_server.commands import environment


def test_a_line_says_when_how_grave_who_and_what() -> None:
    record = logging.makeLogRecord(
        {"name": "mock_server.worker", "levelno": 30, "levelname": "WARNING", "msg": "%s again", "args": ("once",),
         "created": 12.3456, "process": 7, "records": 3, "at": object}
    )  # fmt: skip
    line = json.loads(JsonLines("worker").format(record))
    assert line == {
        "time_s": 12.346, "level": "warning", "process": "worker", "pid": 7, "logger": "mock_server.worker",
        "event": "once again", "records": 3, "at": "<class 'object'>",
    }  # fmt: skip


def test_an_error_stays_on_its_line() -> None:
    try:
        raise ValueError("no\nink")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    line = JsonLines("worker").format(record)
    assert "\n" not in line
    assert "ValueError: no\nink" in json.loads(line)["error"]


def test_a_process_logs_so_on_stderr(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/nowhere"})
    with subprocess.Popen(
        [sys.executable, "-m", "mock_server", "worker"], env=environment(nowhere), stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True,
    ) as worker:  # fmt: skip
        assert worker.stderr is not None
        line = json.loads(worker.stderr.readline())
        worker.terminate()
        assert worker.wait(10) == 0
    assert (line["level"], line["process"], line["pid"]) == ("warning", "worker", worker.pid)
    assert line["event"] == "the database does not answer; again in 0.1 s"


@pytest.mark.parametrize("asked", [True, False])
def test_requests_are_logged_if_asked(settings: Settings, asked: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="mock_server.metrics")
    with serving(settings.model_copy(update={"request_log": asked})) as client:
        client.get("/v1/records/A-1")
    lines = [vars(record) for record in caplog.records if record.getMessage() == "request"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == (
        [("GET", "/v1/records/A-1", 404)] if asked else []
    )
