"""The 514 offices of the nation: their codes, zones and weights, from the project's own copy of the figures."""

import csv
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from model.units import HOUR_S


class Zone(StrEnum):
    """One of Indonesia's three time zones."""

    WIB = "WIB"
    WITA = "WITA"
    WIT = "WIT"

    @property
    def utc_offset_s(self) -> float:
        """Seconds that the zone's clock is ahead of UTC."""
        return {Zone.WIB: 7, Zone.WITA: 8, Zone.WIT: 9}[self] * HOUR_S


EAST_TO_WEST = (Zone.WIT, Zone.WITA, Zone.WIB)
"""The order in which a rolling upgrade takes the zones."""


class Office(NamedTuple):
    """A regency's or city's population office (kabupaten/kota)."""

    code: str
    name: str
    province: str
    zone: Zone
    population_thousands: int
    kecamatan: int
    """Districts below it."""


def zone_of(code: str) -> Zone:
    """Return the zone of an office, the one of most offices if the code is unknown: a region may have been renamed."""
    office = all_offices().get(code)
    return office.zone if office else Zone.WIB


def evenly(codes: Sequence[str], count: int) -> list[str]:
    """Return so many of the codes, the same distance apart: sorted ones give a fair share of provinces and zones."""
    return [codes[(2 * number + 1) * len(codes) // (2 * count)] for number in range(count)]


@cache
def all_offices() -> dict[str, Office]:
    """Return the nation's 514 offices by code, in the order of their codes.

    Source: the population figures of the 2025 decree on region codes; see docs/domain.md.
    """
    lines = (files("model") / "data" / "offices.csv").read_text(encoding="utf-8").splitlines()
    return {
        row["code"]: Office(
            row["code"],
            row["name"],
            row["province"],
            Zone(row["zone"]),
            int(row["population_thousands"]),
            int(row["kecamatan"]),
        )
        for row in csv.DictReader(lines)
    }
