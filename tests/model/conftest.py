"""Scenarios that the model's tests start from, and properties that take their time."""

from importlib.resources import files

import pytest
from hypothesis import settings

from model.scenario import Scenario
from model.scenario_file import load

# Shared machines pause; the same examples each time keep a failure repeatable.
settings.register_profile("model", deadline=None, derandomize=True)
settings.load_profile("model")


@pytest.fixture(scope="session")
def april() -> Scenario:
    """Give the shipped scenario of April 2016; properties ask for it, and scenarios are frozen: once is enough."""
    return load("april-2016")


@pytest.fixture(scope="session")
def april_toml() -> str:
    """Give the same as the text of its file."""
    return (files("model") / "scenarios" / "april-2016.toml").read_text(encoding="utf-8")


@pytest.fixture
def small(april: Scenario) -> Scenario:
    """Give April 2016 in two offices of different zones: it simulates in an instant."""
    offices = april.offices.model_copy(update={"which": ["35.07", "91.71"]})
    return april.model_copy(update={"offices": offices})
