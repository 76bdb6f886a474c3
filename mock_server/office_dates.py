"""The date in an office: what has expired there, and what is still to come."""

from datetime import date, datetime, timedelta, timezone

from model.offices import zone_of


def today_at(office: str) -> date:
    """Return today's date by the clock on an office's wall; a code that the nation does not list follows Jakarta."""
    return datetime.now(timezone(timedelta(seconds=zone_of(office).utc_offset_s))).date()
