"""The matcher process: holds everybody's template in memory and searches new records in it, a batch at a time.

Only one is active; a second waits for the first one's end. Its lock and its work are on one database connection, so
that it cannot lose the one and go on with the other.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import cache

from sqlalchemy import Connection, Engine

from mock_server import claims, faults, register
from mock_server.adapters.gallery import MemoryGallery
from mock_server.bell import Bell
from mock_server.claims import Candidate, Finished, System
from mock_server.database import AnyRow, Lock, engine_of, try_lock
from mock_server.outages import keep_at
from mock_server.pipeline import versions
from mock_server.pipeline.matching import Probe, Thresholds, Verdict, match
from mock_server.pipeline.ports import Templates
from mock_server.register import Resident
from mock_server.settings import Settings
from model.stages import Stage, Status

log = logging.getLogger(__name__)

NAME = "matcher"
_LOCK_POLL_S = 0.1


class Matcher:
    """The gallery of one version, and the connection on which its records are claimed."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._batch = settings.matcher_batch
        self._thresholds = Thresholds(settings.similar, settings.duplicate)
        self._loaded: System | None = None
        self._gallery = MemoryGallery()

    def load(self) -> None:
        """Read the gallery for the system's version."""
        with self._connection.begin():
            self._load(claims.read_system(self._connection))

    def match_batch(self) -> int:
        """Do one batch, in one transaction; returns how many records were in it."""
        with self._connection.begin():
            candidates = claims.claim_candidates(self._connection, self._batch)
            if not candidates:
                return 0
            software = claims.read_system(self._connection)
            if self._loaded is None or software.release != self._loaded.release:
                self._load(software)
            started_s = time.time()
            probes = _probes(candidates, software)
            references = [candidate.visit.reference for candidate in candidates]
            failed = faults.struck(faults.read(self._connection), Stage.MATCHING, references)
            # Those that fail are not searched: nobody may resemble a person who is then not enrolled.
            searched = iter(self._judge([p for p, name in zip(probes, references, strict=True) if name not in failed]))
            verdicts = [_failure(failed[name]) if name in failed else next(searched) for name in references]
            finished = _finished(candidates, verdicts, started_s, time.time())
            accepted = [index for index, verdict in enumerate(verdicts) if verdict.status == Status.PRINT_READY_RECORD]
            newcomers = [_resident(candidates[index], probes[index], software) for index in accepted]
            register.enroll(self._connection, newcomers, software.version, time.time())
            claims.finish(self._connection, software, finished)
        # Only now are they enrolled for certain.
        for index in accepted:
            self._gallery.add(probes[index].partition, probes[index].nik, probes[index].template)
        return len(candidates)

    def _judge(self, probes: Sequence[Probe]) -> list[Verdict]:
        enrolled = register.enrolled_among(self._connection, {probe.nik for probe in probes})
        try:
            return match(probes, self._gallery, self._thresholds, enrolled)
        except Exception as error:
            log.exception("the search failed for a batch of %d", len(probes))
            return [_failure(str(error))] * len(probes)

    def _load(self, software: System) -> None:
        """Read the residents of the offices whose version has changed, which are all of them at first."""
        began_s = time.monotonic()
        before, self._loaded = self._loaded, None
        counts = register.count_by_office(self._connection)
        changed = [
            office for office in counts if before is None or before.version_of(office) != software.version_of(office)
        ]
        if before is None or len(changed) == len(counts):
            self._gallery = MemoryGallery()
        for office in changed:
            self._gallery.drop(office)
            self._gallery.reserve(versions.partition(software.version_of(office), office), counts[office])
        for rows in register.read_templates(self._connection, changed, bool(software.upgraded_zones)):
            _add_rows(self._gallery, software, rows)
        # Only now: a load that broke off is begun anew, and in full.
        self._loaded = software
        log.info(
            "gallery of %d for version %s%s in %.1f s",
            len(self._gallery),
            software.version,
            "".join(f", {zone} ahead" for zone in sorted(software.upgraded_zones)),
            time.monotonic() - began_s,
        )


def run(settings: Settings, stop: Callable[[], bool], ready: Callable[[], None]) -> None:
    """Match until told to stop; the batch in hand is finished first, and an outage of the database waited out."""
    say_once = cache(ready)
    with engine_of(settings.database_url) as engine:
        keep_at(lambda: _match(engine, settings, stop, say_once), stop)


def _match(engine: Engine, settings: Settings, stop: Callable[[], bool], ready: Callable[[], None]) -> None:
    """Match on one connection; with a new one the gallery is new, for another matcher may have enrolled people."""
    with engine.connect() as connection, Bell(settings, Stage.MATCHING) as bell:
        while not try_lock(connection, Lock.MATCHER):
            if stop():
                return
            time.sleep(_LOCK_POLL_S)
        matcher = Matcher(connection, settings)
        matcher.load()
        ready()
        while not stop():
            if not matcher.match_batch():
                bell.wait(settings.poll_s, stop)


def _failure(why: str) -> Verdict:
    return Verdict(Status.SEARCH_FAILURE_AT_CENTRAL, reason=f"search: {why}")


def _add_rows(gallery: MemoryGallery, software: System, rows: Sequence[AnyRow]) -> None:
    by_partition: dict[str, list[AnyRow]] = {}
    for row in rows:
        by_partition.setdefault(versions.partition(software.version_of(row.office), row.office), []).append(row)
    for partition, members in by_partition.items():
        ahead = software.version_of(members[0].office) != software.version
        gallery.extend(partition, [row.nik for row in members], _ahead(members) if ahead else _present(members))


def _present(rows: Sequence[AnyRow]) -> Templates:
    return versions.unpack([row.template for row in rows])


def _ahead(rows: Sequence[AnyRow]) -> Templates:
    """Return the templates of residents whose office has the next version before the system."""
    templates = versions.unpack([row.next_template or row.template for row in rows])
    # Enrolled since they were brought over, or not reached yet.
    behind = [index for index, row in enumerate(rows) if row.next_template is None]
    if behind:
        templates = templates.copy()
        templates[behind] = versions.nationalise(templates[behind])
    return templates


def _probes(candidates: Sequence[Candidate], software: System) -> list[Probe]:
    raw = versions.unpack([candidate.template for candidate in candidates])
    by_version = {
        version: versions.encode(version, raw) for version in {software.version_of(c.visit.office) for c in candidates}
    }
    return [
        Probe(
            candidate.biodata["nik"],
            versions.partition(version, candidate.home),
            by_version[version][index],
            candidate.cleared,
        )
        for index, candidate in enumerate(candidates)
        for version in (software.version_of(candidate.visit.office),)
    ]


def _resident(candidate: Candidate, probe: Probe, software: System) -> Resident:
    template, following = versions.pack(probe.template), None
    if software.version_of(candidate.visit.office) != software.version:
        following = template
        template = versions.pack(versions.encode(software.version, versions.unpack([candidate.template]))[0])
    return Resident(
        probe.nik,
        candidate.visit.reference,
        candidate.home,
        candidate.biodata,
        template,
        candidate.permit,
        following,
    )


def _finished(
    candidates: Sequence[Candidate], verdicts: Sequence[Verdict], started_s: float, finished_s: float
) -> list[Finished]:
    """Charge each record an equal share of the batch's time, one after the other: the work was one product for all."""
    share_s = (finished_s - started_s) / len(candidates)
    return [
        Finished(
            candidate.visit,
            started_s + index * share_s,
            started_s + (index + 1) * share_s,
            _outcome(candidate, verdict),
            Stage.PERSONALISATION if verdict.status == Status.PRINT_READY_RECORD else None,
            NAME,
            [verdict.reason] if verdict.reason else None,
            verdict.resembles,
            verdict.cosine,
        )
        for index, (candidate, verdict) in enumerate(zip(candidates, verdicts, strict=True))
    ]


def _outcome(candidate: Candidate, verdict: Verdict) -> Status:
    """Return what becomes of a record; one that a supervisor has decided on goes back to her when the search fails."""
    if verdict.status == Status.SEARCH_FAILURE_AT_CENTRAL and candidate.visit.status == Status.ADJUDICATE_RECORD:
        return Status.ADJUDICATE_RECORD
    return verdict.status
