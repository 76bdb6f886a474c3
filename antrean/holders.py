"""Holders: the residents of a lab's database whose card the load side may have replaced."""

import json
from pathlib import Path

import psycopg

HOLDERS = """
    SELECT residents.office, array_agg(residents.nik ORDER BY residents.nik)
    FROM residents JOIN cards ON cards.nik = residents.nik
    WHERE cards.status = 'ACTIVE' AND coalesce(residents.nationality, 'WNI') = 'WNI'
    GROUP BY residents.office ORDER BY residents.office
"""
"""Citizens with an active card, by home office. A foreign resident's card also asks for a permit that is still good."""


def write_holders(database_url: str, path: Path) -> None:
    """Write the residents as the load side reads them, JSON: {"35.07": ["3507...", ...]}."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(HOLDERS).fetchall()
    path.write_text(json.dumps(dict(rows)), encoding="utf-8")
