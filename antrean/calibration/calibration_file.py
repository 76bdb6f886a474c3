"""calibration.toml: what a calibration found, readable for people and read back strictly.

Every duration is in wall seconds. `[value, low, high]` is an estimate with its 95% interval. docs/calibration.md says
how each figure is found.
"""

import difflib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from antrean.calibration.concurrency import Law, LawName
from antrean.calibration.service_time import Family
from model.section import Section

SCHEMA_VERSION = 1


class CalibrationError(ValueError):
    """The calibration file cannot be used; the message lists everything that is wrong with it, each with its key."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__("\n".join([f"{path} cannot be used:", *(f"  {line}" for line in problems)]))


def _as_tuple(value: object) -> object:
    """TOML knows lists only; what is read never changes."""
    return tuple(value) if isinstance(value, list) else value


def _three(value: object) -> tuple[float, float, float]:
    numbers = isinstance(value, list | tuple) and all(isinstance(item, int | float) for item in value)
    if not isinstance(value, list | tuple) or not numbers or len(value) != 3:
        raise ValueError(f"{value!r} is no estimate; write it as [value, low, high]")
    estimate, low, high = (float(item) for item in value)
    if low > high:
        raise ValueError(f"{value!r} is no estimate: low is above high; write it as [value, low, high]")
    return estimate, low, high


Estimate = Annotated[tuple[float, float, float], BeforeValidator(_three)]
"""Value, and the ends of its 95% interval."""
Numbers = Annotated[tuple[float, ...], BeforeValidator(_as_tuple)]


class Origin(Section):
    """`[origin]`: what the calibration was made from."""

    kind: Literal["runs", "log"]
    """Runs of `antrean run`, or another server's log."""
    names: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
    """The runs' folders, or the log's file."""
    seed: Annotated[int, Field(ge=0)]
    """Of the resampling."""
    workers: Annotated[int, Field(ge=0)]
    """Worker processes that the server had; 0 where a log's stages have servers of their own."""
    most_per_s: Annotated[float, Field(ge=0)]
    """The most visits a second that a stage finished over ten seconds: beyond it is extrapolation."""
    residents: Annotated[int, Field(ge=0)] = 0
    """Residents in the server's gallery; 0 where it is not known."""
    capacity_per_s: Numbers = ()
    """What the runs' own capacity searches found, each: to compare with, not used."""


class Concurrency(Section):
    """`[concurrency]`: n services at once slow each other by `1 + slope * max(0, n - cores)`."""

    law: LawName
    """`sharing`: processor sharing, slope = 1/cores; `linear`: both free; `none`: no slowing was found."""
    cores: Estimate
    """Services that go on at once without slowing each other."""
    slope: Estimate
    """What each further one adds."""
    most: Annotated[int, Field(ge=0)]
    """The most that were seen in service at once: beyond it is extrapolation."""

    def as_law(self) -> Law:
        """Return the law as it was estimated."""
        return Law(self.law, self.cores[0], self.slope[0])


class Service(Section):
    """`[stages.NAME]`: how long a stage works on a record that has the server to itself."""

    visits: Annotated[int, Field(ge=1)]
    """Finished visits that were seen."""
    unfinished: Annotated[int, Field(ge=0)]
    """Visits that were in service when the observation ended."""
    servers: Annotated[int, Field(ge=1)]
    """Processes, counters or machines that served."""
    starts: Literal["seen", "recovered"]
    """`recovered`: nobody wrote down when work began; found by queue mining."""
    mean_s: Estimate
    cv: Estimate
    """Coefficient of variation."""
    distribution: Family
    """The one with the least BIC."""
    parameters: Numbers
    """Shape and scale (scipy's); for `empirical` its quantiles at 0, 2.5, ..., 100%."""
    bic: dict[str, float]
    """Schwarz's criterion of each candidate, less is better."""
    aic: dict[str, float]
    """Akaike's."""


class Batching(Section):
    """`[batching.NAME]`: what a claim costs its server; NAME is the server's kind."""

    batches: Annotated[int, Field(ge=1)]
    mean_size: Annotated[float, Field(ge=1)]
    largest: Annotated[int, Field(ge=1)]
    gap_s: Estimate
    """Between two batches with work waiting: the commit and the next claim."""
    fixed_s: Estimate | None = None
    """The work of a batch beside its records; where a batch is worked on as a whole."""
    per_record_s: Estimate | None = None
    """The work that each record adds to it."""


class Phase(Section):
    """`[[phases]]`: how many times longer work takes than before the upgrade (ratio of geometric means)."""

    version: str
    phase: str
    """The upgrade's phase; "" for the new version alone."""
    visits: Annotated[int, Field(ge=1)]
    slowdown: Estimate
    """Over the stages, weighted by their work."""
    stages: dict[str, Estimate]
    """Each stage of which enough was seen."""


class Standstill(Section):
    """`[[standstills]]`: how long nothing was matched while the matcher changed versions."""

    session: str
    version: str
    still_s: Annotated[float, Field(ge=0)]


class Calibration(Section):
    """All that a calibration found."""

    schema_version: Literal[1]
    origin: Origin
    concurrency: Concurrency
    stages: dict[str, Service]
    batching: dict[str, Batching] = Field({})
    notice_s: dict[str, Estimate] = Field({})
    """How long a server with nothing to do takes to begin with a record, by stage: the commit before, notice, claim."""
    delays_s: dict[str, Estimate] = Field({})
    """What an office waits for beside its requests: `notice` until an idle printer begins with a card that is made,
    `card` is what a printer takes longer than it should, `tray` until a window sees a printed card, `look` its look."""
    phases: Annotated[tuple[Phase, ...], BeforeValidator(_as_tuple)] = ()
    standstills: Annotated[tuple[Standstill, ...], BeforeValidator(_as_tuple)] = ()
    draws: dict[str, Numbers]
    """Resampled estimates that belong together: the n-th of each is one draw. What a prediction draws from."""

    @model_validator(mode="after")
    def _draws_agree(self) -> "Calibration":
        lengths = {len(values) for values in self.draws.values()}
        if len(lengths) > 1:
            raise ValueError("draws: its lists have different lengths; each draw has a number in every one")
        needed = {"cores", "slope", *(f"{stage}.{what}" for stage in self.stages for what in ("mean_s", "cv"))}
        if missing := sorted(needed - set(self.draws)):
            raise ValueError(f"draws: {', '.join(missing)} are missing; run `antrean calibrate` again")
        return self

    @property
    def number_of_draws(self) -> int:
        """How many draws there are."""
        return len(self.draws["cores"])


def dump(calibration: Calibration) -> str:
    """Write a calibration as TOML, each key with its meaning."""
    lines = [f"# {line}".rstrip() for line in (__doc__ or "").strip().splitlines()]
    return "\n".join([*lines, *_table(calibration, ()), ""])


def load(path: Path) -> Calibration:
    """Read a calibration file.

    Raises:
        CalibrationError: it is not there, no TOML, or has keys that are unknown, missing or impossible; all at once.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CalibrationError(path, ["there is no such file; `antrean calibrate RUN` makes one"]) from None
    except tomllib.TOMLDecodeError as error:
        raise CalibrationError(path, [f"it is not valid TOML: {error}"]) from None
    try:
        return Calibration.model_validate(tables)
    except ValidationError as error:
        raise CalibrationError(path, [_problem(finding) for finding in error.errors()]) from None


def _problem(finding: Any) -> str:
    """Say one of pydantic's findings as `key: what is wrong; what would be right`."""
    key = ".".join(str(part) for part in finding["loc"])
    message = str(finding["msg"]).removeprefix("Value error, ")
    if finding["type"] == "missing":
        message = "is missing; run `antrean calibrate` again, or copy the key from another calibration file"
    elif finding["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(finding["loc"][-1]), _all_keys(), n=1)
        message = f"is not a key of a calibration; {f'did you mean {close[0]}?' if close else 'remove it'}"
    elif not str(finding["type"]).startswith("value_error"):
        message = f"{message[0].lower()}{message[1:]}, not {finding['input']!r}; see docs/calibration.md"
    return f"{key}: {message}" if key else message


def _all_keys() -> list[str]:
    sections = (Calibration, Origin, Concurrency, Service, Batching, Phase, Standstill)
    return sorted({name for section in sections for name in section.model_fields})


def _table(section: Section, path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a table: its values first, each under its meaning, then the tables within."""
    inner: list[tuple[str, Any]] = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if value is None or isinstance(value, Section) or _is_tables(value):
            inner.append((name, value))
            continue
        if field.description:
            yield f"# {' '.join(field.description.split())}"
        yield f"{name} = {_value(value)}"
    for name, value in inner:
        if isinstance(value, Section):
            yield from ("", f"# {(value.__doc__ or '').strip()}", f"[{_dotted(*path, name)}]")
            yield from _table(value, (*path, name))
        elif isinstance(value, dict) and value:
            yield from _named(value, (*path, name))
        elif value:
            for item in value:
                yield from ("", f"[[{_dotted(*path, name)}]]")
                yield from _table(item, (*path, name))


def _named(entries: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a table whose keys are names: of sections, or of values."""
    if all(isinstance(value, Section) for value in entries.values()):
        for name, value in entries.items():
            yield from ("", f"[{_dotted(*path, name)}]")
            yield from _table(value, (*path, name))
        return
    yield from ("", f"[{_dotted(*path)}]")
    for name, value in entries.items():
        yield f"{_dotted(name)} = {_value(value)}"


def _is_tables(value: object) -> bool:
    """Whether a value is written as tables; a few plain figures by name fit into the line."""
    if isinstance(value, dict):
        return not value or not all(isinstance(item, float) for item in value.values())
    return isinstance(value, tuple) and (not value or isinstance(value[0], Section))


def _dotted(*names: str) -> str:
    plain = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    return ".".join(name if name and set(name) <= plain else json.dumps(name) for name in names)


def _value(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_dotted(name)} = {_value(item)}' for name, item in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)
