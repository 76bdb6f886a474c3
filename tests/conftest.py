"""What several test folders share: a PostgreSQL for the session."""

from collections.abc import Iterator

import pytest

from antrean.postgres import embedded


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Give the address of a PostgreSQL cluster of the session's own; make databases of your own in it."""
    with embedded() as url:
        yield url
