"""Scenarios that the model's tests start from."""

import pytest

from model.scenario import Scenario
from model.scenario_file import load


@pytest.fixture
def april() -> Scenario:
    """Give the shipped scenario of April 2016."""
    return load("april-2016")


@pytest.fixture
def small(april: Scenario) -> Scenario:
    """Give April 2016 in two offices of different zones: it simulates in an instant."""
    offices = april.offices.model_copy(update={"which": ["35.07", "91.71"]})
    return april.model_copy(update={"offices": offices})
