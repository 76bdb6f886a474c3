"""The record of a run: every visit as a StageEvent, the counts and latencies that follow, how far it has come.

Four files in the run's folder: `events.ndjson`, a line per visit, and `retries.txt`, a line per request that had to be
made again, both appended at least every second; `summary.json`, the counts and latencies; `progress.json`, for whoever
watches. The last two are replaced whole, so that a reader, or a kill at any moment, finds one that is complete.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from loadtests.latency import Durations, Latency
from loadtests.steps import asking
from model.arrivals import Citizen
from model.clock import Clock
from model.errands import NEEDS
from model.events import Exit, Source, StageEvent
from model.stages import Stage, Status

SCHEMA_VERSION = 1
LATE_MS = 20.0
"""A citizen put into the queue later than this is late; with the p99 above it, the run's latencies are not valid."""

EVENTS, RETRIES, SUMMARY, PROGRESS = "events.ndjson", "retries.txt", "summary.json", "progress.json"


class Record:
    """Writes down what the load side does; counts come from the visits written, so that the two agree."""

    def __init__(self, out: Path, clock: Clock) -> None:
        """Begin a record in the folder `out`, which is made; an older record there is overwritten."""
        out.mkdir(parents=True, exist_ok=True)
        self._out = out
        self._clock = clock
        self._file: BinaryIO = (out / EVENTS).open("wb")
        self._lines: list[bytes] = []
        self._retries_file: BinaryIO = (out / RETRIES).open("wb")
        self._retries_s: list[float] = []
        self._lag = Durations()
        self._failed_requests = Durations()
        # An empty histogram costs as much as a request: made once a step.
        self._steps: defaultdict[str, Latency] = defaultdict(Latency)
        self._failed: set[str] = set()
        self.arrivals = self.late = self.sending = self.submitted = 0
        self.retries = self.issued = self.refused = 0
        self._exits: Counter[Exit] = Counter()

    @property
    def failed(self) -> int:
        """Citizens whose packet was given up, and whom the centre has not served all the same."""
        return len(self._failed)

    @property
    def left(self) -> int:
        """Citizens whose patience ended."""
        return self._exits[Exit.LEFT]

    @property
    def sent_home(self) -> int:
        """How often somebody was sent home in the evening, to come back or not."""
        return self._exits[Exit.SENT_HOME] + self.sent_home_for_good

    @property
    def sent_home_for_good(self) -> int:
        """Citizens sent home in the evening who do not come back."""
        return self._exits[Exit.SENT_HOME_FOR_GOOD]

    @property
    def turned_away(self) -> int:
        """Citizens who came for what the centre's version does not offer yet."""
        return self._exits[Exit.TURNED_AWAY]

    @property
    def unfinished(self) -> int:
        """Citizens who have come and are not done: inside, or at home until another day."""
        gone = self.issued + self.refused + self.failed + self.left + self.turned_away + self.sent_home_for_good
        return self.arrivals - gone

    def gave_up_on(self, reference: str) -> bool:
        """Tell whether a citizen is one of those of `failed`."""
        return reference in self._failed

    def arrival(self, citizen: Citizen, now_s: float) -> None:
        """Write that a citizen was put into the queue at `now_s` (scenario seconds) instead of at the arrival meant."""
        lag_s = self._clock.compressed(now_s - citizen.arrival_s)
        self._lag.add(lag_s)
        self.arrivals += 1
        self.late += lag_s * 1e3 > LATE_MS
        self._row(citizen, Stage.ARRIVAL, (citizen.arrival_s, now_s, now_s, now_s), "door", Status.UNREGISTERED)

    def login(self, operator: str, office: str, times_s: tuple[float, float, float]) -> None:
        """Write that the centre let an operator in; `times_s` are when that was meant to begin, began, and ended."""
        meant_s, asked_s, done_s = times_s
        wall = self._clock.compressed
        self.measure(Stage.LOGIN, wall(done_s - meant_s), wall(done_s - asked_s))
        self._write(operator, office, Stage.LOGIN, (meant_s, asked_s, asked_s, done_s), "web", Status.UNREGISTERED)

    def refused_login(self, times_s: tuple[float, float, float]) -> None:
        """Count a login that the centre refused for good, with the times of `login`."""
        meant_s, asked_s, done_s = times_s
        wall = self._clock.compressed
        self._steps[Stage.LOGIN].fail(wall(done_s - meant_s), wall(done_s - asked_s))

    def capture(self, citizen: Citizen, claimed_s: float, captured_s: float, server: str) -> None:
        """Write that an operator took a citizen and had captured everything, or seen the papers, at `captured_s`."""
        times_s = (citizen.arrival_s, claimed_s, claimed_s, captured_s)
        captured = Status.BIO_CAPTURED if NEEDS[citizen.errand].capture else Status.PROCESSING
        self._visit(citizen, Stage.CAPTURE, Stage.CAPTURE, times_s, server, captured)

    def exit(self, citizen: Citizen, since_s: float, moment_s: float, why: Exit) -> None:
        """Write that a wait for a counter ended without one."""
        self._exits[why] += 1
        self._row(citizen, Stage.CAPTURE, (since_s, moment_s, moment_s, moment_s), why, Status.UNREGISTERED)

    def sent(self) -> None:
        """Count a packet or order whose first sending begins; `submission` or `gave_up` says how it ended."""
        self.sending += 1

    def failed_request(self, took_s: float, again: bool = True) -> None:
        """Count a request that failed after `took_s` of wall time, now, and whether it will be made again."""
        self._failed_requests.add(took_s)
        self.retries += again
        if again:
            self._retries_s.append(self._clock.to_scenario_s(time.time()))

    def submission(
        self,
        citizen: Citizen,
        ready_s: float,
        sent_s: float,
        receipt_s: float,
        server: str,
        through_s: float | None = None,
    ) -> None:
        """Write that the centre acknowledged what was ready at `ready_s` and first sent at `sent_s`.

        With `through_s`, the office's line needed until then; from then on it is the server's own time.
        """
        self.sending -= 1
        self.submitted += 1
        times_s = (ready_s, sent_s, sent_s if through_s is None else through_s, receipt_s)
        self._visit(citizen, Stage.SUBMISSION, asking(citizen.errand), times_s, server, Status.RECEIVED_AT_CENTRAL)

    def gave_up(self, citizen: Citizen, ready_s: float, sent_s: float, end_s: float, server: str) -> None:
        """Write that sending was given up at `end_s`: the citizen goes home, and it is unknown whether it came."""
        self.sending -= 1
        self._failed.add(citizen.name)
        times_s = (ready_s, sent_s, sent_s, end_s)
        wall = self._clock.compressed
        self.measure_failure(asking(citizen.errand), wall(end_s - ready_s), wall(end_s - sent_s))
        self._row(citizen, Stage.SUBMISSION, times_s, server, Status.SENT_FOR_ENROLLMENT)

    def handover(
        self, citizen: Citizen, since_s: float, seen_s: float, end_s: float, server: str, status: Status
    ) -> None:
        """Write that the window saw at `seen_s` what the centre decided, and had told the citizen at `end_s`."""
        self._failed.discard(citizen.name)
        since_s = min(since_s, seen_s)
        if status is Status.CARD_ISSUED:
            self.issued += 1
            wall = self._clock.compressed
            # Who does not wait there for the card has not waited before coming for it.
            waits_since_s = since_s if citizen.waits else seen_s
            self.measure(Stage.HANDOVER, wall(end_s - waits_since_s), wall(end_s - seen_s))
        else:
            self.refused += 1
        self._row(citizen, Stage.HANDOVER, (since_s, seen_s, seen_s, end_s), server, status)

    def measure(self, step: str, intended_s: float, actual_s: float) -> None:
        """Count a step's duration in seconds of wall time, from its intended and from its actual start."""
        self._steps[step].add(intended_s, actual_s)

    def measure_failure(self, step: str, intended_s: float, actual_s: float) -> None:
        """Count the duration of a step that came to nothing, apart from the others."""
        self._steps[step].fail(intended_s, actual_s)

    def flush(self) -> None:
        """Append the visits and retries since the last call to their files."""
        lines, self._lines = self._lines, []
        self._file.write(b"".join(lines))
        self._file.flush()
        retries_s, self._retries_s = self._retries_s, []
        self._retries_file.write(b"".join(b"%.3f\n" % moment_s for moment_s in retries_s))
        self._retries_file.flush()

    def write_progress(self, now_s: float, waiting: int) -> None:
        """Replace the progress: how far the run has come at `now_s`, with `waiting` citizens at the counters."""
        counts = {name: getattr(self, name) for name in ("arrivals", "submitted", "issued", "refused", "failed")}
        self._replace(PROGRESS, {"scenario_s": now_s, "waiting": waiting, **counts})

    def write_summary(self, **more: object) -> None:
        """Replace the summary; `more` adds what only the run's mode knows."""
        lag = self._lag.percentiles()
        summary = {
            "schema_version": SCHEMA_VERSION,
            "arrivals": self.arrivals,
            "submitted": self.submitted,
            "issued": self.issued,
            "refused": self.refused,
            "turned_away": self.turned_away,
            "failed": self.failed,
            "unanswered": self.sending,
            "retries": self.retries,
            "late": self.late,
            "dispatch_lag": lag,
            "valid_for_latency": lag["p99_ms"] <= LATE_MS,
            "failed_requests": self._failed_requests.percentiles(),
            "steps": {step: latency.percentiles() for step, latency in self._steps.items()},
        }
        self._replace(SUMMARY, summary | more)

    def close(self) -> None:
        """Append what is left and close the files."""
        self.flush()
        self._file.close()
        self._retries_file.close()

    def _visit(
        self,
        citizen: Citizen,
        stage: Stage,
        step: str,
        times_s: tuple[float, float, float, float],
        server: str,
        outcome: Status,
    ) -> None:
        entered_s, _, started_s, finished_s = times_s
        wall = self._clock.compressed
        self.measure(step, wall(finished_s - entered_s), wall(finished_s - started_s))
        self._row(citizen, stage, times_s, server, outcome)

    def _row(
        self,
        citizen: Citizen,
        stage: Stage,
        times_s: tuple[float, float, float, float],
        server: str,
        outcome: Status,
    ) -> None:
        self._write(citizen.name, citizen.office, stage, times_s, server, outcome)

    def _write(
        self,
        name: str,
        office: str,
        stage: Stage,
        times_s: tuple[float, float, float, float],
        server: str,
        outcome: Status,
    ) -> None:
        event = StageEvent(name, office, stage, *times_s, server, outcome, Source.LOAD, "", "")
        self._lines.append(json.dumps(event._asdict()).encode() + b"\n")

    def _replace(self, name: str, content: dict[str, Any]) -> None:
        part = self._out / f"{name}.part"
        part.write_text(json.dumps(content, indent=1), encoding="utf-8")
        part.replace(self._out / name)


def read_events(out: Path) -> Iterator[StageEvent]:
    """Read the visits that a run has written to its folder so far; a last line cut off by a kill is left out."""
    if (out / EVENTS).exists():
        yield from read_visits(out / EVENTS)


def read_visits(path: Path) -> Iterator[StageEvent]:
    """Read a file of visits, a JSON line each; a last line without an end is left out."""
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            row = json.loads(line)
            row |= {"stage": Stage(row["stage"]), "outcome": Status(row["outcome"]), "source": Source(row["source"])}
            yield StageEvent(**row)


def read_retries_s(out: Path) -> list[float]:
    """Read when a run had to make requests again, in scenario seconds; a last line cut off by a kill is left out."""
    if not (out / RETRIES).exists():
        return []
    lines = (out / RETRIES).read_bytes().splitlines(keepends=True)
    return [float(line) for line in lines if line.endswith(b"\n")]
