"""Visits: what a calibration is made from, the same rows whether a run or a foreign server's log has them.

A visit is a record's stay in one stage. Times are wall seconds, that is: not compressed. What was not seen is null:
`claimed_s` and `server` in foreign logs, `started_s` where it must be recovered (see queue_mining.py), `finished_s`
where the observation ended first.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl

from antrean.calibration import delays
from antrean.play import PLAN
from antrean.runs import Run
from loadtests.plan import LoadPlan
from model import scenario_file
from model.events import Source
from model.scenario import Scenario
from model.stages import CENTRAL_STAGES, Stage, Status

SCHEMA: dict[str, pl.DataType] = {
    "session": pl.String(),
    "record": pl.String(),
    "stage": pl.String(),
    "server": pl.String(),
    "entered_s": pl.Float64(),
    "claimed_s": pl.Float64(),
    "started_s": pl.Float64(),
    "finished_s": pl.Float64(),
    "version": pl.String(),
    "phase": pl.String(),
}
"""`session` names the stretch of observation, such as a run's part: only visits of one session meet each other."""

WEB = frozenset({Stage.SUBMISSION.value, Stage.HANDOVER.value})
"""Stages that are requests to the web server."""
MEASURED = "lab-*"
"""Parts of a run in which a server was measured."""
_NEXT = {
    Stage.SUBMISSION: (Status.RECEIVED_AT_CENTRAL, Stage.VALIDATION),
    Stage.VALIDATION: (Status.RECEIVED_AT_CENTRAL, Stage.MATCHING),
    Stage.MATCHING: (Status.PRINT_READY_RECORD, Stage.PERSONALISATION),
}
"""Which status leads on from a stage, and where to."""


def measured_parts(run: Run, only: Collection[str] | None = None) -> list[tuple[str, Scenario]]:
    """Return a run's measured parts, all or only some, and the scenario that each has played.

    Raises:
        ValueError: the folder holds no such part.
    """
    folders = sorted(path.parent for path in run.folder.glob(f"{MEASURED}/events.parquet"))
    parts = [
        (folder.name, scenario_file.load(str(_scenario_of(run, folder.name))))
        for folder in folders
        if only is None or folder.name in only
    ]
    if not parts:
        raise ValueError(
            f"{run.folder} holds no measured day ({', '.join(only or [MEASURED])}: events.parquet); name a run's "
            "folder, results/<scenario>/<run>, as `antrean run` makes it"
        )
    return parts


def replication_of(run: Run, part: str) -> int:
    """Return whose citizens came on a measured day: those of this replication of its scenario."""
    plan = run.folder / part / "load" / PLAN
    return LoadPlan.read(plan).replication if plan.exists() else 0


def of_run(run: Run, only: Mapping[str, float] | None = None) -> pl.DataFrame:
    """Return the visits of a run's measured parts; a part is a session.

    Args:
        run: its folder.
        only: which parts, and until which moment (scenario seconds) each is looked at; left out, all of all.

    Raises:
        ValueError: there is no measured part, or one without any visit to a central stage.
    """
    frames = []
    for part, scenario in measured_parts(run, only):
        frame = of_events(_seen(run, part, only), session_of(run, part), scenario.load.speedup)
        seen = set(frame.filter(pl.col("finished_s").is_not_null())["stage"])
        missing = [stage.value for stage in CENTRAL_STAGES if stage.value not in seen]
        if missing:
            raise ValueError(
                f"{run.folder}/{part} has no visit to {', '.join(missing)}: the day was stopped too early, or its "
                "server keeps no events; calibrate from another run, or from the server's log (--log)"
            )
        frames.append(frame)
    return pl.concat(frames)


def delays_of_run(run: Run, only: Mapping[str, float] | None = None) -> pl.DataFrame:
    """Return what offices have waited for in a run's measured parts, beside their requests; see delays.py.

    `only` as in `of_run`.
    """
    return pl.concat(
        delays.of_events(_seen(run, part, only), scenario, session_of(run, part))
        for part, scenario in measured_parts(run, only)
    )


def _seen(run: Run, part: str, only: Mapping[str, float] | None) -> pl.DataFrame:
    """A part's events until the moment up to which it is looked at."""
    events = run.load_events(part)
    return events if only is None else events.filter(pl.col("finished_s") <= only[part])


def session_of(run: Run, part: str) -> str:
    """Return what a measured part is called as a session."""
    return f"{run.folder.name}/{part}"


def of_events(events: pl.DataFrame, session: str, speedup: float) -> pl.DataFrame:
    """Return the visits to the centre that StageEvents tell, and those that had not finished when they ended.

    Of the offices' requests those that the centre granted are in it: submissions and hand-overs.
    """
    by_server = pl.col("stage").cast(pl.String).is_in([stage.value for stage in CENTRAL_STAGES]) & (
        pl.col("source") != Source.LOAD
    )
    submitted = (pl.col("stage") == Stage.SUBMISSION) & (pl.col("outcome") == Status.RECEIVED_AT_CENTRAL)
    handed = (pl.col("stage") == Stage.HANDOVER) & (pl.col("outcome") == Status.CARD_ISSUED)
    seen = _one_after_the_other(events.filter(by_server | submitted | handed)).with_columns(
        (pl.col(f"{moment}_s") / speedup for moment in ("entered", "claimed", "started", "finished")),
        session=pl.lit(session),
        record=pl.col("citizen"),
        stage=pl.col("stage").cast(pl.String),
    )
    rows = [seen.select(list(SCHEMA)), *(_unfinished(seen, stage) for stage in _NEXT)]
    visits = pl.concat([frame.cast(SCHEMA) for frame in rows])  # type: ignore[arg-type] # polars takes a dict of types
    return _with_the_servers_phase(visits)


def _one_after_the_other(events: pl.DataFrame) -> pl.DataFrame:
    """Let a hand-over begin when the clerk is done with the one before: those seen in one look wait for each other."""
    is_handover = pl.col("stage") == Stage.HANDOVER
    before = pl.col("finished_s").shift(1).over("server", "claimed_s", order_by="finished_s")
    handed = events.filter(is_handover).with_columns(started_s=pl.max_horizontal("started_s", before))
    return pl.concat([events.filter(~is_handover), handed])


def _with_the_servers_phase(visits: pl.DataFrame) -> pl.DataFrame:
    """Give requests the version and phase of the server's last visit before them: the load side cannot know."""
    by_server = ~pl.col("stage").is_in(list(WEB))
    known = visits.filter(by_server & pl.col("started_s").is_not_null()).select("started_s", "version", "phase")
    requests = visits.filter(~by_server).drop("version", "phase").sort("started_s")
    told = requests.join_asof(known.sort("started_s"), on="started_s")
    first = known.sort("started_s").head(1)
    told = told.with_columns(
        pl.col(name).fill_null(first[name].first() if not first.is_empty() else "") for name in ("version", "phase")
    )
    return pl.concat([told.select(list(SCHEMA)), visits.filter(by_server)])


def _unfinished(seen: pl.DataFrame, stage: Stage) -> pl.DataFrame:
    """Records that went on from a stage and were not seen to leave the next one."""
    status, following = _NEXT[stage]
    went_on = seen.filter((pl.col("stage") == stage.value) & (pl.col("outcome") == status))
    left = went_on.join(seen.filter(pl.col("stage") == following.value), on="record", how="anti")
    return left.with_columns(
        (pl.lit(None).alias(name) for name in ("server", "claimed_s", "started_s", "finished_s")),
        stage=pl.lit(following.value),
        entered_s=pl.col("finished_s"),
    ).select(list(SCHEMA))


def _scenario_of(run: Run, part: str) -> Path:
    """Return a part's own scenario file, or the lab's, which it played."""
    own = run.folder / f"{part}.toml"
    return own if own.exists() else run.folder / "lab.toml"
