"""A worker process: validates packets and personalises cards, a batch of records at a time."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy import Engine

from mock_server import claims, faults, parking, register, restarts
from mock_server.adapters.renderer import CardRenderer
from mock_server.adapters.signer import EcdsaSigner
from mock_server.bell import Bell
from mock_server.claims import Finished, Task, Visit
from mock_server.database import engine_of
from mock_server.deliberate_cost import DeliberateCost
from mock_server.office_dates import today_at
from mock_server.outages import keep_at
from mock_server.parking import Parking
from mock_server.pipeline.personalisation import Applicant, Card, personalise
from mock_server.pipeline.ports import Renderer, Signer
from mock_server.pipeline.validation import Packet, caution, validate
from mock_server.pipeline.versions import Version
from mock_server.settings import Settings
from model.offices import Zone
from model.stages import Stage, Status

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Worker:
    """A worker and its tools."""

    name: str
    batch: int
    min_sharpness: float
    renderer: Renderer
    signer: Signer
    personalisation_cost: DeliberateCost = field(default_factory=lambda: DeliberateCost(0.0))
    parking: Parking = field(default_factory=Parking)


@dataclass(frozen=True)
class Result:
    """What a step made of a record."""

    outcome: Status
    next_stage: Stage | None
    reasons: list[str] | None = None
    warnings: list[str] | None = None
    card: Card | None = None


def make_worker(settings: Settings, name: str) -> Worker:
    """Make a worker with the real tools."""
    return Worker(
        name,
        settings.worker_batch,
        settings.min_sharpness,
        CardRenderer(),
        EcdsaSigner.load(settings.signing_key_file),
        DeliberateCost(settings.deliberate_cost_share),
    )


def run(settings: Settings, name: str, stop: Callable[[], bool], ready: Callable[[], None]) -> bool:
    """Work until told to stop; the batch in hand is finished first, and an outage of the database waited out.

    Returns True when it has ended for a change of the version, and is to be started again: a new version of the
    program comes with new processes.
    """
    worker = make_worker(settings, name)
    outdated = False

    def work() -> None:
        nonlocal outdated
        outdated = _work(engine, worker, settings, stop)

    with engine_of(settings.database_url) as engine:
        ready()
        keep_at(work, stop)
    return outdated and not stop()


def _work(engine: Engine, worker: Worker, settings: Settings, stop: Callable[[], bool]) -> bool:
    # Whatever was put back in a transaction that an outage broke off was not.
    worker = replace(worker, parking=Parking())
    with engine.begin() as connection:
        restarts.end_turn(connection)
    started_for = look_around(engine, worker)
    with Bell(settings, Stage.VALIDATION, Stage.PERSONALISATION) as bell:
        while not stop():
            if look_around(engine, worker) != started_for and _may_restart(engine):
                return True
            if not work_batch(engine, worker):
                bell.wait(settings.poll_s, stop)
    return False


def _may_restart(engine: Engine) -> bool:
    with engine.begin() as connection:
        return restarts.take_turn(connection)


def look_around(engine: Engine, worker: Worker) -> tuple[Version, frozenset[Zone]]:
    """Do between batches what faults say: die, or put back the records of those that are over; tells the release."""
    with engine.begin() as connection:
        present = faults.read(connection)
        faults.die_if_killed(present, worker.name)
        worker.parking.put_back(connection, present)
        return claims.peek_system(connection).release


def work_batch(engine: Engine, worker: Worker) -> int:
    """Do one batch, in one transaction; returns how many records were in it."""
    with engine.begin() as connection:
        tasks = claims.claim_tasks(connection, worker.batch)
        if not tasks:
            return 0
        software = claims.read_system(connection)
        present = faults.read(connection)
        worker.parking.saw(present)
        to_make = sum(task.visit.stage == Stage.PERSONALISATION for task in tasks)
        numbers = iter(register.next_card_numbers(connection, to_make))
        finished: list[Finished] = []
        made: list[tuple[str, str, Card]] = []
        for task in tasks:
            started_s = time.time()
            try:
                faults.strike(present, task.visit.stage, task.visit.reference)
                result = _step(task, worker, numbers.__next__, software.version_of(task.visit.office))
            except Exception as error:
                # A fault in a part must not stop the others' cards, nor come back with this record for ever.
                log.exception("%s of %s failed", task.visit.stage, task.visit.reference)
                parking.park(connection, task.visit, str(error))
                continue
            finished.append(_finished(task.visit, started_s, result, worker.name))
            if result.card is not None:
                made.append((task.visit.reference, task.biodata["nik"], result.card))
        claims.finish(connection, software, finished)
        register.add_cards(connection, made, time.time())
    return len(tasks)


def _step(task: Task, worker: Worker, number: Callable[[], str], version: Version) -> Result:
    if task.visit.stage == Stage.VALIDATION:
        return _validate(task, worker.min_sharpness)
    applicant = Applicant(task.visit.office, task.biodata, task.photo, task.biometrics or b"", task.permit)
    with worker.personalisation_cost:
        card = personalise(applicant, number(), version, worker.renderer, worker.signer)
    return Result(Status.SENT_FOR_CARD_PRINTING, Stage.PRINTING, card=card)


def _validate(task: Task, min_sharpness: float) -> Result:
    packet = Packet(task.biodata, task.photo, task.template, task.biometrics_bytes, task.permit)
    if reasons := validate(packet, min_sharpness, today_at(task.visit.office)):
        return Result(Status.ENROLL_FAILURE_AT_CENTRAL, None, reasons)
    return Result(Status.RECEIVED_AT_CENTRAL, Stage.MATCHING, warnings=caution(packet) or None)


def _finished(visit: Visit, started_s: float, result: Result, server: str) -> Finished:
    return Finished(
        visit,
        started_s,
        time.time(),
        result.outcome,
        result.next_stage,
        server,
        reasons=result.reasons,
        warnings=result.warnings,
    )
