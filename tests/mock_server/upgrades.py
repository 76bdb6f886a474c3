"""Rows of an upgrade, for tests that want to see it told."""

from typing import Any

from sqlalchemy import Connection, insert, text

from mock_server.tables import upgrade_phases, upgrades


def put_upgrade(connection: Connection, *phases: dict[str, Any], **columns: Any) -> int:
    """Put an upgrade into the tables, running since moment 0, and its phases in order; returns its number."""
    row = {"from_version": "5.4", "to_version": "5.5", "plan": "online", "batch": 500, "pause_s": 0.0}
    row |= {"parallelism": 2, "windows": [], "start_at": 0.0, "asked_at": 0.0, "started_at": 0.0, "state": "running"}
    statement = insert(upgrades).values(row | columns).returning(upgrades.c.id)
    number: int = connection.execute(statement).scalar_one()
    for position, phase in enumerate(phases):
        values = {"upgrade": number, "position": position, "started_at": 0.0} | phase
        connection.execute(insert(upgrade_phases).values(values))
    running = [phase["phase"] for phase in phases if phase.get("finished_at") is None]
    connection.execute(text("UPDATE system SET phase = :phase"), {"phase": running[-1] if running else ""})
    return number
