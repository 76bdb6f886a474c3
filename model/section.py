"""What the scenario's tables share: their strictness, and the kinds of value that several of them take."""

import difflib
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from model.offices import all_offices
from model.units import Seconds

Share = Annotated[float, Field(ge=0, le=1)]
PositiveSeconds = Annotated[Seconds, Field(gt=0)]


def _known_office(code: str) -> str:
    if code not in all_offices():
        close = difflib.get_close_matches(code, all_offices(), n=1)
        hint = f"; did you mean {close[0]} ({all_offices()[close[0]].name})?" if close else ""
        raise ValueError(f"there is no office {code!r}{hint} (codes are in model/data/offices.csv)")
    return code


def _each_once(codes: list[str]) -> list[str]:
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise ValueError(f"names {', '.join(twice)} more than once; an office takes part once")
    return codes


OfficeCode = Annotated[str, AfterValidator(_known_office)]
OfficeCodes = Annotated[list[OfficeCode], Field(min_length=1), AfterValidator(_each_once)]
AllOrSome = Annotated[
    Annotated[Literal["all"], Tag("[all]")] | Annotated[OfficeCodes, Tag("[codes]")],
    Discriminator(lambda value: "[codes]" if isinstance(value, list) else "[all]"),
]
"""The word "all" or a list of codes; what is wrong with a list is told of its codes, not of the word."""


class Section(BaseModel):
    """A table of the scenario file: unknown keys are errors, so are values of another type; values never change."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def _has_utc_offset(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"has no UTC offset; write it as {moment.isoformat()}+07:00")
    return moment


Moment = Annotated[datetime, AfterValidator(_has_utc_offset)]


class Lasting(Section):
    """What lasts from a moment until another."""

    start: Moment
    """When it begins, with its UTC offset."""
    end: Moment
    """When it is over, with its UTC offset."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Lasting":
        if self.end <= self.start:
            raise ValueError("end must come after start")
        return self


KIND = "kind"
"""The key that tells the tables of a list apart where they are of several kinds."""


def sections_in(annotation: Any) -> dict[str | None, type[BaseModel]]:
    """Return the sections that a field of this type holds: by their kinds, or by None where there is but one."""
    sections = list(dict.fromkeys(_sections(annotation)))
    if len(sections) < 2:
        return dict.fromkeys([None], *sections) if sections else {}
    return {get_args(section.model_fields[KIND].annotation)[0]: section for section in sections}


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)
