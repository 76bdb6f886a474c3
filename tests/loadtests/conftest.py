"""The stub server that the load side's tests play against, and the lab they play."""

from collections.abc import Iterator

import pytest

from model.scenario import Scenario
from tests.loadtests.lab import small_lab
from tests.loadtests.stub_server import StubServer, serving


@pytest.fixture
def stub() -> Iterator[StubServer]:
    """Give a server of the test's own."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def lab() -> Scenario:
    """Give two offices whose day lasts two seconds."""
    return small_lab()
