"""The interface's description: no route without a sentence and examples."""

from typing import Any

import pytest

from mock_server.app import create_app
from mock_server.openapi import first_sentence
from mock_server.schemas import EXAMPLE_ENROLLMENT, Enrollment
from mock_server.settings import Settings

PROBLEM = "application/problem+json"


@pytest.fixture
def schema(settings: Settings) -> dict[str, Any]:
    return create_app(settings).openapi()


def operations(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def has_example(schema: dict[str, Any], shown: dict[str, Any]) -> bool:
    """Tell whether a media type, a parameter or a schema shows an example, itself or where it refers to."""
    if "example" in shown or "examples" in shown:
        return True
    if "$ref" in shown:
        return has_example(schema, schema["components"]["schemas"][shown["$ref"].rsplit("/", 1)[1]])
    inner = [shown[name] for name in ("schema", "items", "additionalProperties") if isinstance(shown.get(name), dict)]
    return any(has_example(schema, each) for each in inner)


def test_each_operation_is_summed_up_in_a_sentence_of_its_own(schema: dict[str, Any]) -> None:
    summaries = [operation["summary"] for _, operation in operations(schema)]
    assert len(summaries) >= 12
    assert all(" " in summary and len(summary) <= 120 for summary in summaries), summaries
    assert len(set(summaries)) == len(summaries)


def test_each_answer_shows_an_example(schema: dict[str, Any]) -> None:
    without = [
        f"{name}: {status} {media}"
        for name, operation in operations(schema)
        for status, answer in operation["responses"].items()
        for media, shown in answer.get("content", {}).items()
        if not has_example(schema, shown)
    ]
    assert without == []


def test_each_error_is_a_problem_and_each_operation_names_those_it_shares(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        errors = {status: answer for status, answer in operation["responses"].items() if int(status) >= 400}
        assert {"422", "500", "503"} <= set(errors), name
        for status, answer in errors.items():
            assert list(answer["content"]) == [PROBLEM], f"{name}: {status}"
            assert answer["content"][PROBLEM]["example"]["status"] == int(status)
        assert "Retry-After" in errors["503"]["headers"]


def test_what_must_be_sent_is_shown(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        for parameter in operation.get("parameters", []):
            if parameter["required"] or parameter["name"] == "Idempotency-Key":
                assert has_example(schema, parameter), f"{name}: {parameter['name']}"
    packet = schema["paths"]["/v1/enrollments"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    record = schema["components"]["schemas"][packet["$ref"].rsplit("/", 1)[1]]["properties"]["record"]
    assert record["examples"] == [EXAMPLE_ENROLLMENT]


def test_the_example_packet_is_a_packet() -> None:
    assert Enrollment.model_validate_json(EXAMPLE_ENROLLMENT).office == "35.07"


def test_every_change_takes_an_idempotency_key(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        takes = "Idempotency-Key" in [parameter["name"] for parameter in operation.get("parameters", [])]
        # The answer to a login holds a secret, which nobody may keep.
        assert takes == (name.startswith("POST ") and name != "POST /v1/sessions"), name


@pytest.mark.parametrize(
    ("description", "summary"),
    [("Tell it.", "Tell it"), ("Tell it: 202. More.", "Tell it"), ("Tell it; or not.\n\nMore.", "Tell it")],
)
def test_the_first_sentence(description: str, summary: str) -> None:
    assert first_sentence(description) == summary
