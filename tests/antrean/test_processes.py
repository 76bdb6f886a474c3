import json
import os
import sys
import time
from pathlib import Path
from typing import NoReturn

import psutil
import pytest

from antrean.processes import KILLED, Process, ProcessError, Processes
from tests.alive import gone

READY_THEN_WAIT = "import json, time; print(json.dumps({'ready': True}), flush=True); time.sleep(600)"


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_expect_waits_for_what_a_process_says(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        process = processes.start("talker", python("print('not json'); print('{\"port\": 8123}', flush=True)"))
        assert process.expect("port", within_s=10) == 8123


def test_a_process_that_ends_too_soon_is_an_error_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        process = processes.start("loser", python("import sys; sys.exit('no database here')"))
        with pytest.raises(ProcessError, match=r"loser ended before it was ready(.|\n)*no database here"):
            process.expect("ready", within_s=10)


def test_a_silent_process_is_an_error_after_the_time_allowed(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        process = processes.start("mute", python("import time; time.sleep(600)"))
        with pytest.raises(ProcessError, match="mute did not say 'ready' within"):
            process.expect("ready", within_s=0.3)


def test_leaving_the_block_ends_every_process_and_its_children(tmp_path: Path) -> None:
    parent = (
        "import json, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(json.dumps({'child': child.pid}), flush=True)\n"
        "time.sleep(600)"
    )
    with Processes(tmp_path) as processes:
        child = processes.start("parent", python(parent)).expect("child", within_s=10)
        other = processes.start("other", python("import os; print('{\"pid\": %d}' % os.getpid(), flush=True); input()"))
        pid = other.expect("pid", within_s=10)
        assert psutil.pid_exists(child)
    assert gone(child)
    assert gone(pid)


def test_a_process_that_ignores_the_request_to_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antrean.processes.STOP_WITHIN_S", 0.5)
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + READY_THEN_WAIT
    process = Process("stubborn", python(stubborn), tmp_path / "log")
    process.expect("ready", within_s=10)
    process.stop()
    assert not process.running


def test_ctrl_c_in_the_terminal_does_not_reach_the_children(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        process = processes.start(
            "child", python("import os; print('{\"group\": %d}' % os.getpgid(0), flush=True); input()")
        )
        assert process.expect("group", within_s=10) != os.getpgid(0)


def test_check_complains_of_a_lasting_process_that_ended_and_not_of_one_that_may(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("job", python(""), may_end=True).wait(10)
        processes.check()
        processes.start("web", python("")).wait(10)
        with pytest.raises(ProcessError, match="web ended unexpectedly"):
            processes.check()


def check_for_ever(processes: Processes) -> NoReturn:
    while True:
        processes.check()
        time.sleep(0.001)


DIE = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


def test_a_killed_process_is_started_again_so_often_and_the_logs_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antrean.processes.REVIVE_AFTER_S", 0.0)
    monkeypatch.setattr("antrean.processes.MOST_REVIVALS", 3)
    lives = tmp_path / "lives"
    with Processes(tmp_path / "logs") as processes:
        program = f"open({str(lives)!r}, 'a').write('x'); {DIE}"
        processes.start("mortal", python(program), revive=True)
        with pytest.raises(ProcessError, match="mortal ended unexpectedly"):
            check_for_ever(processes)
    told = [json.loads(line) for line in (tmp_path / "logs" / KILLED).read_text().splitlines()]
    assert [one["process"] for one in told] == ["mortal"] * 3
    assert len(lives.read_text()) == 4


@pytest.mark.parametrize(("program", "revive"), [(DIE, False), ("raise SystemExit(1)", True)])
def test_a_process_that_is_not_to_be_revived_or_fails_by_itself_stays_dead(
    tmp_path: Path, program: str, revive: bool
) -> None:
    with Processes(tmp_path) as processes:
        processes.start("mortal", python(program), revive=revive).wait(10)
        with pytest.raises(ProcessError, match="mortal ended unexpectedly"):
            processes.check()
    assert not (tmp_path / KILLED).exists()
