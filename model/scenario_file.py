"""Scenario files: TOML to `Scenario` and back, with everything that is wrong told at once, each with its key."""

import difflib
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, get_origin

import tomli_w
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from model.scenario import Scenario, disagreements
from model.section import KIND, sections_in


class ScenarioError(ValueError):
    """The scenario cannot be used; `problems` lists everything that is wrong with it, each with its key."""

    def __init__(self, name: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join([f"scenario {name} cannot be used:", *(f"  {line}" for line in problems)]))


def load(name_or_path: str) -> Scenario:
    """Read a shipped scenario by its name ("april-2016") or any TOML file by its path.

    Raises:
        ScenarioError: there is no such scenario, it is no TOML, or keys are unknown, missing or impossible; all
            problems at once.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if not path.is_file():
            raise ScenarioError(name_or_path, [f"there is no file {path.absolute()}"])
        return parse(path.read_text(encoding="utf-8"), path.name)
    resource = files("model") / "scenarios" / f"{name_or_path}.toml"
    if not resource.is_file():
        known = shipped()
        close = difflib.get_close_matches(name_or_path, known, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        problem = f"{hint}shipped are {', '.join(known)}; a file of your own is named with its ending .toml"
        raise ScenarioError(name_or_path, [problem])
    return parse(resource.read_text(encoding="utf-8"), name_or_path)


def shipped() -> list[str]:
    """Return the names of the scenarios that come with the project."""
    folder = files("model") / "scenarios"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def parse(text: str, name: str) -> Scenario:
    """Read a scenario from TOML text; `name` is how errors call it.

    Raises:
        ScenarioError: see `load`.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(name, [f"it is not valid TOML: {error}"]) from None
    try:
        return Scenario.model_validate(tables)
    except ValidationError as error:
        problems = [*_problems(error), *disagreements(_valid_tables(tables))]
        raise ScenarioError(name, list(dict.fromkeys(problems))) from None


def dump(scenario: Scenario) -> str:
    """Write a scenario as TOML that `parse` reads back to an equal one."""
    return tomli_w.dumps(as_tables(scenario))


def as_tables(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as the tables of its file: values with their units, keys that are left out not in it."""
    # Not pydantic's exclude_none, which also leaves out what is None in code and a word in the file: peak = "real".
    return _without_none(scenario.model_dump(by_alias=True))


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def _valid_tables(tables: dict[str, Any]) -> dict[str, object]:
    """The tables that are right by themselves; what they say against each other is told beside the others' errors."""
    valid: dict[str, object] = {}
    for name, field in Scenario.model_fields.items():
        try:
            valid[name] = TypeAdapter[object](field.rebuild_annotation()).validate_python(tables.get(name))
        except ValidationError:
            continue
    return valid


def _problems(error: ValidationError) -> list[str]:
    """Say each of pydantic's findings as `key: what is wrong; what would be right`."""
    lines = []
    for finding in error.errors():
        steps = _steps(finding["loc"])
        if finding["type"].startswith("union_tag"):
            steps.append(_Step(KIND, None, {}))
            message = _wrong_kind(finding["ctx"].get("tag"), [str(kind) for kind in steps[-2].holds])
        elif finding["type"] == "extra_forbidden":
            message = _unknown_key(steps[-1])
        elif finding["type"] == "missing":
            message = f"is missing; {_field_doc(steps)}"
        else:
            message = finding["msg"].removeprefix("Value error, ")
            if not finding["type"].startswith("value_error"):
                message = f"{message[0].lower()}{message[1:]}, not {finding['input']!r}; {_field_doc(steps)}"
        lines += message.split("\n") if not steps else [f"{_dotted(steps)}: {message}"]
    return lines


class _Step(NamedTuple):
    """A key on the way to what is wrong."""

    key: str | int
    """A number in a list."""
    section: type[BaseModel] | None
    """The section of which it is a key; None for an entry of a list or a table of names, and beneath a value."""
    holds: dict[str | None, type[BaseModel]]
    """The sections that may stand there, as `sections_in` returns them."""


def _steps(location: tuple[int | str, ...]) -> list[_Step]:
    """Follow pydantic's path through the scenario; what pydantic puts into it besides the file's keys is left out."""
    steps: list[_Step] = []
    holds, in_entries = sections_in(Scenario), False
    for part in location:
        if str(part).startswith("["):
            continue  # a note, such as [key]
        if in_entries:
            section, in_entries = None, False
        elif part in holds:
            holds = {None: holds[str(part)]}  # which of several kinds of section it was
            continue
        else:
            section = holds.get(None)
            field = _fields_by_key(section).get(str(part)) if section else None
            holds = sections_in(field.annotation) if field else {}
            in_entries = field is not None and get_origin(field.annotation) in (dict, list)
        steps.append(_Step(part, section, holds))
    return steps


def _dotted(steps: list[_Step]) -> str:
    """The keys as TOML writes them, and numbers in lists from 0: offices.known."35.07".printers, faults[2].stage."""
    keys = [step.key if isinstance(step.key, int) else _quoted(step.key) for step in steps]
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) else f'"{key}"'


def _fields_by_key(section: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _unknown_key(step: _Step) -> str:
    known = list(_fields_by_key(step.section)) if step.section else []
    return f"is not a key of the scenario; {_meant(str(step.key), known) or 'remove it'}"


def _wrong_kind(told: str | None, known: list[str]) -> str:
    if told is None:
        return f"is missing; {_meant('', known)}"
    return f"there is no kind {told!r}; {_meant(told, known)}"


def _meant(word: str, known: list[str]) -> str:
    """Which of the known words was probably meant, else all of them."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here are {', '.join(known)}" if known else ""


def _field_doc(steps: list[_Step]) -> str:
    """What a key means; of an entry in a list or a table of names, what that list or table means."""
    if not steps:
        return "docs/scenario.md lists the keys"
    *before, step = steps
    field = _fields_by_key(step.section).get(str(step.key)) if step.section else None
    if field is None:
        return _field_doc(before)
    inner = step.holds.get(None)
    text = field.description or (inner.__doc__ if inner else None) or ""
    return text.strip().rstrip(".")
