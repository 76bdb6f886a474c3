"""A database of its own for each test, copied from one that was migrated once."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from mock_server.access import Token
from mock_server.adapters.signer import create_key
from mock_server.database import engine_of, libpq_url, sqlalchemy_url
from mock_server.migrations import VERSION_5_4, migrate
from mock_server.seed import seed_offices
from mock_server.settings import Settings
from tests.mock_server.centre import Centre, serving
from tests.mock_server.keyholders import Showing
from tests.mock_server.packets import OFFICE, OTHER_OFFICE

_numbers = count(1)


def _create(cluster: str, name: str, template: str = "template1") -> str:
    """Make a database in the cluster and return its address."""
    with engine_of(cluster) as engine, engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    return libpq_url(sqlalchemy_url(cluster).set(database=name))


def _drop(cluster: str, name: str) -> None:
    with engine_of(cluster) as engine, engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def template_5_4(postgres: str) -> str:
    """The name of a database of version 5.4 with two offices; copied, never used."""
    name = "template_5_4"
    with engine_of(_create(postgres, name)) as engine, engine.connect() as connection:
        migrate(connection, VERSION_5_4)
        with connection.begin():
            seed_offices(connection, {OFFICE: 2, OTHER_OFFICE: 1})
    return name


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    yield _create(postgres, name)
    _drop(postgres, name)


@pytest.fixture
def database_url(postgres: str, template_5_4: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    yield _create(postgres, name, template_5_4)
    _drop(postgres, name)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    key = tmp_path / "signing-key.pem"
    create_key(key)
    return Settings(database_url=database_url, signing_key_file=key, printer_s_per_card=0.05)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    with engine_of(settings.database_url) as engine:
        yield engine


@pytest.fixture
def centre(settings: Settings, engine: Engine) -> Iterator[Centre]:
    with serving(settings) as client:
        centre = Centre(settings, engine, client)
        yield centre
        centre.close()


@pytest.fixture
def showing() -> Iterator[Showing]:
    with ExitStack() as clients:

        def show(client: httpx.Client, token: Token | str, /) -> httpx.Client:
            headers = {"Authorization": f"Bearer {token}"}
            return clients.enter_context(httpx.Client(base_url=client.base_url, headers=headers))

        yield show
