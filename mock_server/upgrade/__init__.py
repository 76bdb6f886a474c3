"""The upgrade from 5.4 to 5.5, on the live database: a plan's phases, the backfill, and its progress."""
