"""The date in an office: what has expired there, and what is still to come."""

from datetime import date, datetime, timedelta, timezone

from model.offices import Zone, all_offices


def today_at(office: str) -> date:
    """Return today's date by the clock on an office's wall; a code that the nation does not list follows Jakarta."""
    known = all_offices().get(office)
    zone = known.zone if known else Zone.WIB
    return datetime.now(timezone(timedelta(seconds=zone.utc_offset_s))).date()
