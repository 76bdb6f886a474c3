"""The database's versions."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from mock_server.adapters.signer import EcdsaSigner
from mock_server.database import engine_of
from mock_server.migrations import (
    EXPANDED,
    INDEXED,
    VERSION_5_4,
    VERSION_5_5,
    abandon_downgrade,
    migrate,
    migrate_back,
    revision_of,
)
from mock_server.seed import seed_residents
from mock_server.settings import Settings
from mock_server.tables import metadata
from tests.mock_server.centre import Centre
from tests.mock_server.commands import run
from tests.mock_server.packets import OFFICE, Packet
from tests.mock_server.upgrading import upgrade


def version(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT version FROM system")))


def names(differences: list[Any]) -> set[tuple[str, str]]:
    return {(kind, item[-1].name) for kind, *item in differences}


def test_the_tables_in_the_code_are_those_in_the_database(empty_database: str) -> None:
    with engine_of(empty_database) as engine, engine.connect() as connection:
        migrate(connection, VERSION_5_5)
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert differences == []
        assert version(connection) == "5.5"


def test_5_4_lacks_only_the_national_search_and_permits(empty_database: str) -> None:
    with engine_of(empty_database) as engine, engine.connect() as connection:
        migrate(connection, VERSION_5_4)
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert names(differences) == {
            ("add_column", "search_key"),
            ("add_index", "residents_search_key"),
            ("add_index", "residents_region"),
            ("add_table", "permits"),
        }
        assert version(connection) == "5.4"


def test_residents_who_were_not_brought_over_keep_the_database_at_5_4(engine: Engine, settings: Settings) -> None:
    signer = EcdsaSigner.load(settings.signing_key_file)
    with engine.begin() as connection:
        seed_residents(connection, 3, 1, {OFFICE: 1}, signer)
    with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="search_key"):
            migrate(connection, VERSION_5_5)
        connection.rollback()
        assert version(connection) == "5.4"
        assert connection.scalar(text("SELECT count(template) FROM residents")) == 3


def test_permits_that_a_downgrade_left_are_kept(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE permits AS SELECT '3507124801900001' AS nik"))
        migrate(connection, EXPANDED)
        assert connection.scalar(text("SELECT count(nik) FROM permits")) == 1


def test_an_interrupted_index_is_built_anew(engine: Engine) -> None:
    with engine.connect() as connection:
        migrate(connection, EXPANDED)
        # What a build that was interrupted leaves: an index of that name that serves nobody.
        connection.execute(text("CREATE INDEX residents_search_key ON residents (search_key)"))
        connection.execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'residents_search_key'::regclass")
        )
        connection.commit()
        migrate(connection, INDEXED)
        valid = connection.scalar(
            text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'residents_search_key'::regclass")
        )
        assert valid


def test_residents_who_were_not_brought_back_keep_the_database_at_5_5(
    centre: Centre, engine: Engine, settings: Settings
) -> None:
    Packet("A-1").post(centre.client)
    centre.settle()
    upgrade(settings)
    with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="next_template"):
            migrate_back(connection, VERSION_5_4)
        connection.rollback()
        assert (version(connection), revision_of(connection)) == ("5.5", INDEXED)
        abandon_downgrade(connection)
        connection.commit()
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert (version(connection), revision_of(connection)) == ("5.5", VERSION_5_5)


def test_a_database_that_went_back_is_one_of_5_4(empty_database: str) -> None:
    with engine_of(empty_database) as engine, engine.connect() as connection:
        migrate(connection, VERSION_5_4)
        before = compare_metadata(MigrationContext.configure(connection), metadata)
        connection.rollback()
        migrate(connection, VERSION_5_5)
        migrate_back(connection, VERSION_5_4)
        after = compare_metadata(MigrationContext.configure(connection), metadata)
        assert names(before) - names(after) == {("add_table", "permits")}, "what permits hold is nowhere else: it stays"
        assert names(after) <= names(before)
        assert version(connection) == "5.4"


def test_the_command_knows_the_two_versions_only(empty_database: str, settings: Settings) -> None:
    fresh = settings.model_copy(update={"database_url": empty_database})
    refused = run(fresh, "migrate", "--to", "5.6")
    assert refused.returncode == 2
    assert "5.6 is not a version" in refused.stderr
    assert run(fresh, "migrate", "--to", "5.5").returncode == 0
