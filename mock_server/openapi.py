"""The description of the HTTP interface, /openapi.json: FastAPI's, with a summary to each operation."""

from typing import Any

from fastapi import FastAPI


def install(app: FastAPI) -> None:
    """Give each operation the first sentence of its description as its summary, instead of its function's name."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        schema = describe()
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["summary"] = first_sentence(operation["description"])
        return schema

    # FastAPI's documented way to change the schema; mypy sees a method replaced.
    app.openapi = described  # type: ignore[method-assign]


def first_sentence(description: str) -> str:
    """Return a description's beginning, up to its first full stop, colon or semicolon."""
    line = description.strip().splitlines()[0]
    for end in (". ", ": ", "; "):
        line = line.partition(end)[0]
    return line.rstrip(".")
