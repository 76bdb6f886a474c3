"""How much of what the cores could do the pipeline does: `make bench-server`.

The bound is cores / (CPU-seconds of the bare steps for one card). Bare steps and the pipeline are measured in turns
in one run, the pipeline with the bell and, as it was before, with a look every 20 ms. Beside the rate by the clock
stand the CPU-seconds that all processes spend on a card: another's load on the machine falsifies only the first.
"""

import cProfile
import json
import multiprocessing
import os
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from sqlalchemy import Engine, insert, text

from antrean.lab import worker_count
from antrean.postgres import embedded
from antrean.processes import Processes, python_module
from loadtests.people import Packet, People
from loadtests.walk_ins import walk_ins
from mock_server.adapters.gallery import MemoryGallery
from mock_server.adapters.renderer import CardRenderer
from mock_server.adapters.signer import EcdsaSigner, create_key
from mock_server.database import engine_of, libpq_url, sqlalchemy_url
from mock_server.migrations import VERSION_5_4, migrate
from mock_server.office_dates import today_at
from mock_server.pipeline import validation
from mock_server.pipeline.matching import Probe, Thresholds, match
from mock_server.pipeline.personalisation import Applicant, personalise
from mock_server.pipeline.versions import Version, unpack
from mock_server.seed import seed_offices, seed_residents
from mock_server.settings import Settings
from mock_server.tables import records
from mock_server.worker import make_worker, work_batch
from model import scenario_file
from model.stages import Stage, Status

OFFICE = "35.07"
RESIDENTS = 4_000
BACKLOG = 240
ROUNDS = 3
BARE = 60
SINGLE = 25
SINGLE_EVERY_S = 0.2
RESULT = Path(__file__).parent.parent / "results" / "benchmarks" / "server.json"
WAYS: dict[str, dict[str, Any]] = {"bell": {"listen": True}, "poll": {"listen": False, "poll_s": 0.02}}


@dataclass(frozen=True)
class Bare:
    """CPU-seconds of the bare steps for one card."""

    validation_s: float
    matching_s: float
    personalisation_s: float

    @property
    def card_s(self) -> float:
        """All steps together."""
        return self.validation_s + self.matching_s + self.personalisation_s


def bare_steps(packets: Sequence[Packet], gallery: MemoryGallery, settings: Settings) -> Bare:
    """Do the steps without database and processes; returns the CPU-seconds a card."""
    renderer, signer = CardRenderer(), EcdsaSigner.load(settings.signing_key_file)
    began_s = time.process_time()
    for packet in packets:
        validation.validate(
            validation.Packet(packet.biodata, packet.photo, packet.template, len(packet.biometrics)),
            settings.min_sharpness,
            today_at(OFFICE),
        )
    validated_s = time.process_time()
    _search(packets, gallery, settings)
    matched_s = time.process_time()
    for number, packet in enumerate(packets):
        applicant = Applicant(OFFICE, packet.biodata, packet.photo, packet.biometrics)
        personalise(applicant, f"{number:012d}", Version.V5_4, renderer, signer)
    spent_s = (validated_s - began_s, matched_s - validated_s, time.process_time() - matched_s)
    return Bare(*(seconds / len(packets) for seconds in spent_s))


def bare_rate(packets: Sequence[Packet], settings: Settings) -> float:
    """Return the cards a second that bare processes make by the clock, one a core, nothing shared.

    What else runs on the machine slows them as it slows the pipeline.
    """
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        # Once for nothing, so that the processes are there.
        list(pool.map(bare_cards, [packets[:4]] * cores, [settings] * cores))
        began_s = time.monotonic()
        list(pool.map(bare_cards, [packets[core::cores] for core in range(cores)], [settings] * cores))
        return len(packets) / (time.monotonic() - began_s)


def bare_cards(packets: Sequence[Packet], settings: Settings) -> None:
    """Validate and personalise: all steps but the search, half a percent of the work."""
    bare_steps(packets, MemoryGallery(), settings)


def _search(packets: Sequence[Packet], gallery: MemoryGallery, settings: Settings) -> None:
    templates = unpack([packet.template for packet in packets])
    probes = [
        Probe(packet.biodata["nik"], OFFICE, template) for packet, template in zip(packets, templates, strict=True)
    ]
    thresholds = Thresholds(settings.similar, settings.duplicate)
    for start in range(0, len(probes), settings.matcher_batch):
        match(probes[start : start + settings.matcher_batch], gallery, thresholds, set())


def _gallery() -> MemoryGallery:
    faces = np.random.default_rng(1).standard_normal((RESIDENTS, 512)).astype(np.float32)
    gallery = MemoryGallery()
    gallery.extend(OFFICE, [str(number) for number in range(RESIDENTS)], faces / np.linalg.norm(faces, axis=1)[:, None])
    return gallery


@contextmanager
def pipeline(settings: Settings, logs: Path) -> Iterator[list[psutil.Process]]:
    """Run the workers and the matcher; yields their processes."""
    given = {f"ANTREAN_{name.upper()}": str(value) for name, value in settings.model_dump().items()}
    given |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with Processes(logs) as processes:
        roles = ["matcher", *(f"worker {number + 1}" for number in range(worker_count()))]
        started = [processes.start(role, python_module("mock_server", role.split()[0]), given) for role in roles]
        for process in started:
            process.expect("ready", 60)
        yield [child for child in psutil.Process().children() if "mock_server" in child.cmdline()]


def through(engine: Engine, packets: Sequence[Packet], within_s: float = 120) -> tuple[float, float]:
    """Put packets into the queue at once; returns when they were there and when the last card was made."""
    began_s = time.time()
    rows = [_row(packet, began_s) for packet in packets]
    with engine.begin() as connection:
        connection.execute(insert(records), rows)
    began_s, references = time.time(), [row["reference"] for row in rows]
    made = text("SELECT count(*), max(status_since) FROM records WHERE reference = ANY(:r) AND stage = 'printing'")
    while time.time() < began_s + within_s:
        with engine.connect() as connection:
            count, last_s = connection.execute(made, {"r": references}).one()
        if count == len(packets):
            return began_s, float(last_s)
        time.sleep(0.05)
    raise TimeoutError(f"{count} of {len(packets)} cards in {within_s:g} s")


def _row(packet: Packet, now: float) -> dict[str, Any]:
    return {
        "reference": packet.reference, "office": OFFICE, "nik": packet.biodata["nik"], "biodata": packet.biodata,
        "photo": packet.photo, "template": packet.template, "biometrics": packet.biometrics,
        "status": Status.RECEIVED_AT_CENTRAL, "status_since": now, "stage": Stage.VALIDATION,
        "stage_entered_at": now, "received_at": now,
    }  # fmt: skip


def measure_round(
    settings: Settings, engine: Engine, people: Iterator[Packet], logs: Path, postgres: psutil.Process
) -> dict[str, float]:
    """Run a backlog and then single packets through the pipeline."""
    with pipeline(settings, logs) as processes:
        through(engine, list(islice(people, 8)))
        before_s = _cpu_s(processes, postgres)
        began_s, ended_s = through(engine, list(islice(people, BACKLOG)))
        spent_s = _cpu_s(processes, postgres) - before_s
        latencies = []
        for packet in islice(people, SINGLE):
            time.sleep(SINGLE_EVERY_S)
            sent_s, made_s = through(engine, [packet])
            latencies.append(made_s - sent_s)
        idle_before_s = _cpu_s(processes, postgres)
        time.sleep(2)
        idle_s = (_cpu_s(processes, postgres) - idle_before_s) / 2
    return {
        "cards_per_s": BACKLOG / (ended_s - began_s),
        "cpu_s_per_card": spent_s / BACKLOG,
        "latency_median_s": statistics.median(latencies),
        "idle_cores": idle_s,
    }


def _cpu_s(processes: Sequence[psutil.Process], postgres: psutil.Process) -> float:
    """Sum the CPU-seconds of the pipeline's processes and their database connections, which all still live."""
    family = [*processes, *postgres.children()]
    total_s = 0.0
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total_s += times.user + times.system
    return total_s


def profile(settings: Settings, engine: Engine, packets: Sequence[Packet]) -> list[dict[str, object]]:
    """Profile a worker on a backlog of personalisations; returns the five largest costs by their own time."""
    now = time.time()
    ready = {"stage": Stage.PERSONALISATION, "status": Status.PRINT_READY_RECORD}
    with engine.begin() as connection:
        connection.execute(insert(records), [_row(packet, now) | ready for packet in packets])
    worker, profiler = make_worker(settings, "profiled"), cProfile.Profile()
    profiler.enable()
    while work_batch(engine, worker):
        pass
    profiler.disable()
    stats = pstats.Stats(profiler)
    found: dict[Any, Any] = vars(stats)["stats"]
    total_s: float = vars(stats)["total_tt"]
    largest = sorted(found.items(), key=lambda item: -item[1][2])[:5]
    return [
        {"function": _name(where), "ms_per_card": 1_000 * cost[2] / len(packets), "share": cost[2] / total_s}
        for where, cost in largest
    ]


def _name(where: tuple[str, int, str]) -> str:
    file, _, function = where
    return function if file == "~" else f"{'/'.join(Path(file).parts[-2:])}:{function}"


def main() -> None:
    """Measure, print and write results/benchmarks/server.json."""
    # What else runs here: on two cores, more than a few tenths and the rates by the clock say little.
    load_before = os.getloadavg()[0]
    scenario = scenario_file.load("april-2016")
    portraits, gallery = People(scenario), _gallery()
    people = (portraits.packet(citizen) for citizen in walk_ins(scenario, [OFFICE]))
    with tempfile.TemporaryDirectory() as folder, embedded() as url:
        key = Path(folder) / "key.pem"
        create_key(key)
        settings = Settings(database_url=libpq_url(sqlalchemy_url(url)), signing_key_file=key)
        with engine_of(url) as engine:
            with engine.connect() as connection:
                migrate(connection, VERSION_5_4)
                with connection.begin():
                    seed_offices(connection, {OFFICE: 2})
                    seed_residents(connection, RESIDENTS, 1, {OFFICE: 1}, EcdsaSigner.load(key))
                pid = connection.scalar(text("SELECT pg_backend_pid()"))
            postmaster = psutil.Process(pid).parent()
            assert postmaster is not None  # noqa: S101 - a backend has its postmaster
            bare: list[Bare] = []
            rates: list[float] = []
            rounds: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
            for _ in range(ROUNDS):
                rates.append(bare_rate(list(islice(people, BACKLOG)), settings))
                bare.append(bare_steps(list(islice(people, BARE)), gallery, settings))
                for way, changes in WAYS.items():
                    changed = settings.model_copy(update=changes)
                    rounds[way].append(measure_round(changed, engine, people, Path(folder) / way, postmaster))
                    print(way, rounds[way][-1], file=sys.stderr, flush=True)
            costs = profile(settings, engine, list(islice(people, BARE)))
    result = {"load_average_before": load_before} | summarise(bare, rates, rounds) | {"largest_costs": costs}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


def summarise(
    bare: Sequence[Bare], rates: Sequence[float], rounds: dict[str, list[dict[str, float]]]
) -> dict[str, Any]:
    """Bring the rounds together: medians, and the ratios to the bound."""
    cores = os.cpu_count() or 1
    bare_per_s = statistics.median(rates)
    card_s = statistics.median(one.card_s for one in bare)
    ways = {
        way: {name: statistics.median(one[name] for one in found) for name in found[0]} for way, found in rounds.items()
    }
    return {
        "cores": cores,
        "bare_ms_per_card": {
            "validation": 1_000 * statistics.median(one.validation_s for one in bare),
            "matching": 1_000 * statistics.median(one.matching_s for one in bare),
            "personalisation": 1_000 * statistics.median(one.personalisation_s for one in bare),
        },
        "bound_cards_per_s": cores / card_s,
        "bare_processes_cards_per_s": bare_per_s,
        "pipeline": {
            way: found
            | {
                "share_of_bound": found["cards_per_s"] * card_s / cores,
                "share_of_bare_processes": found["cards_per_s"] / bare_per_s,
                "share_of_cpu_in_steps": card_s / found["cpu_s_per_card"],
            }
            for way, found in ways.items()
        },
    }


if __name__ == "__main__":
    main()
