"""Servers of several kinds: batches, gaps, notice and shared cores, as the measured server has them."""

import math

import numpy as np
import polars as pl
import pytest
from simpy import Environment

from model.arrivals import Citizen
from model.centre import Centre, CentreSpec
from model.errands import Errand
from model.events import EventLog, Source
from model.periods import Period, gap_of
from model.processor_sharing import Sharing
from model.servers import Kind
from model.stages import Stage
from tests.antrean.calibration.queues import shared_cores

NORMAL = Period(-math.inf, "5.4", "", 1.0)
WORKERS = Kind("workers", (Stage.VALIDATION, Stage.PERSONALISATION), servers=1, batch=3, gap_s=1.0)
MATCHER = Kind("matcher", (Stage.MATCHING,), servers=1, batch=32, gap_s=0.5, fixed_s=1.0, per_record_s=2.0)
SPEC = CentreSpec(
    slots=2,
    submission_s=1.0,
    stage_s={Stage.VALIDATION: 2.0, Stage.MATCHING: 3.0, Stage.PERSONALISATION: 5.0},
    notice_s={},
    variation=0.0,
    periods=(NORMAL,),
    kinds=(WORKERS, MATCHER),
)


def played(spec: CentreSpec, arrivals: list[tuple[float, Citizen]]) -> pl.DataFrame:
    env, log = Environment(), EventLog(Source.SIMULATION)
    centre = Centre(env, spec, log)
    for moment_s, citizen in arrivals:
        if moment_s > env.now:
            env.run(until=moment_s)
        env.process(centre.process(citizen))
    env.run()
    return log.frame()


def record(name: str, *deviates: float) -> Citizen:
    return Citizen(name, "35.07", 0.0, 300.0, None, deviates or (0.0, 0.0, 0.0))


def of(events: pl.DataFrame, stage: Stage) -> list[tuple[str, float, float, float]]:
    columns = ("citizen", "claimed_s", "started_s", "finished_s")
    return events.filter(pl.col("stage") == stage).select(columns).rows()


def test_a_batch_is_worked_on_one_by_one_and_moves_on_as_one() -> None:
    events = played(SPEC, [(0.0, record("a")), (0.1, record("b")), (0.2, record("c"))])
    # The worker takes the first alone, then, after the gap, the two that have come meanwhile.
    assert of(events, Stage.VALIDATION) == [("a", 0, 0, 2), ("b", 3, 3, 5), ("c", 3, 5, 7)]
    # The matcher sees "b" only with the batch, though it was done at 5; entered counts from then.
    matched = events.filter((pl.col("stage") == Stage.MATCHING) & (pl.col("citizen") == "b"))
    assert matched.select("entered_s", "claimed_s").row(0) == (5.0, 7.0)


def test_the_matchers_batch_is_one_service_that_each_record_is_charged_a_share_of() -> None:
    events = played(SPEC, [(0.0, record("a")), (0.1, record("b")), (0.2, record("c"))])
    assert of(events, Stage.MATCHING) == [("a", 2, 2, 5), ("b", 7, 7, 9.5), ("c", 7, 9.5, 12)]


def test_the_oldest_record_goes_first_whatever_its_stage() -> None:
    alone = SPEC._replace(kinds=(WORKERS._replace(batch=1), MATCHER))
    events = played(alone, [(0.0, record("a")), (0.1, record("b")), (0.2, record("c")), (0.3, record("d"))])
    served = events.filter(pl.col("stage") != Stage.MATCHING).sort("started_s").select("citizen", "stage").rows()
    # "a" is matched from 2 to 5, while the worker validates "b"; then it goes before "c", who came first of those new.
    assert served[:3] == [("a", "validation"), ("b", "validation"), ("a", "personalisation")]


def test_a_server_that_had_nothing_to_do_takes_notice_and_claims_all_that_wait_then() -> None:
    events = played(SPEC._replace(notice_s={Stage.VALIDATION: 0.5}), [(0.0, record("a")), (0.1, record("b"))])
    assert of(events, Stage.VALIDATION) == [("a", 0.5, 0.5, 2.5), ("b", 0.5, 2.5, 4.5)]


def test_a_second_server_is_woken_when_one_batch_cannot_take_all() -> None:
    two = SPEC._replace(kinds=(WORKERS._replace(servers=2, batch=1), MATCHER), notice_s={Stage.VALIDATION: 0.5})
    events = played(two, [(0.0, record("a")), (0.1, record("b"))])
    assert of(events, Stage.VALIDATION) == [("a", 0.5, 0.5, 2.5), ("b", 0.6, 0.6, 2.6)]


def test_a_phase_slows_stages_and_gaps_by_their_own_factors() -> None:
    slowdowns = (("validation", 2.0), (gap_of("workers"), 4.0))
    phase = Period(-math.inf, "5.4", "index", 10.0, slowdowns=slowdowns)
    events = played(SPEC._replace(periods=(phase,)), [(0.0, record("a")), (0.1, record("b"))])
    assert of(events, Stage.VALIDATION) == [("a", 0, 0, 4), ("b", 8, 8, 12)]
    assert of(events, Stage.MATCHING)[0] == ("a", 4, 4, 34)


def test_processes_on_shared_cores_do_what_an_independent_simulation_of_them_does() -> None:
    workers, cores, slope, mean_s, count = 3, 1.4, 0.45, 0.03, 2000
    expected = shared_cores(workers, cores, slope, arrivals_per_s=50.0, mean_s=mean_s, count=count, seed=5)
    deviates = np.random.default_rng(5).standard_normal(count)
    spec = SPEC._replace(
        kinds=(Kind("workers", (Stage.PERSONALISATION,), workers),),
        stage_s={**SPEC.stage_s, Stage.PERSONALISATION: mean_s},
        variation=0.4,
        sharing=Sharing(cores, slope),
    )
    came = zip(expected["entered_s"].to_list(), expected["record"].to_list(), deviates.tolist(), strict=True)
    arrivals = [
        (moment_s, record(name, 0.0, 0.0, deviate)._replace(errand=Errand.REPLACEMENT))
        for moment_s, name, deviate in came
    ]
    found = played(spec, arrivals).sort("started_s")
    wanted = expected.sort("started_s")
    assert found["citizen"].to_list() == wanted["record"].to_list()
    for column in ("started_s", "finished_s"):
        assert found[column].to_numpy() == pytest.approx(wanted[column].to_numpy(), abs=1e-5)
    assert float((wanted["finished_s"] - wanted["started_s"]).to_numpy().mean()) > 1.3 * mean_s
