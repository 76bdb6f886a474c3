"""Scenario files: TOML to `Scenario` and back, with everything that is wrong told at once, each with its key."""

import difflib
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, get_origin

import tomli_w
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from model.scenario import Scenario, disagreements


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
        keys = [str(part) for part in finding["loc"] if not str(part).startswith("[")]  # pydantic's notes, not keys
        if finding["type"] == "extra_forbidden":
            message = _unknown_key(keys)
        elif finding["type"] == "missing":
            message = f"is missing; {_field_doc(keys)}"
        else:
            message = finding["msg"].removeprefix("Value error, ")
            if not finding["type"].startswith("value_error"):
                message = f"{message[0].lower()}{message[1:]}, not {finding['input']!r}; {_field_doc(keys)}"
        lines += message.split("\n") if not keys else [f"{_dotted(keys)}: {message}"]
    return lines


def _dotted(keys: list[str]) -> str:
    """The keys as TOML writes them: offices.known."35.07".printers."""
    return ".".join(key if re.fullmatch(r"[\w-]+", key) else f'"{key}"' for key in keys)


def _section(keys: list[str]) -> type[BaseModel] | None:
    """The section that holds the last of `keys`, where the path leads through sections only."""
    section: type[BaseModel] = Scenario
    path = iter(keys[:-1])
    for key in path:
        field = _fields_by_key(section).get(key)
        inner = _section_type(field) if field else None
        if field is None or inner is None:
            return None
        section = inner
        if get_origin(field.annotation) is dict:
            next(path, None)  # the entry's own name, such as an office's code
    return section


def _section_type(field: FieldInfo) -> type[BaseModel] | None:
    candidates: list[Any] = [field.annotation, *getattr(field.annotation, "__args__", ())]
    return next((kind for kind in candidates if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _fields_by_key(section: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _unknown_key(keys: list[str]) -> str:
    section = _section(keys)
    known = list(_fields_by_key(section)) if section else []
    close = difflib.get_close_matches(keys[-1], known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known here are {', '.join(known)}" if known else "remove it"
    return f"is not a key of the scenario; {hint}"


def _field_doc(keys: list[str]) -> str:
    """What a key means; of an entry in a list or a table of names, what that list or table means."""
    section = _section(keys)
    field = _fields_by_key(section).get(keys[-1]) if section else None
    if field is None:
        return _field_doc(keys[:-1]) if len(keys) > 1 else "docs/scenario.md lists the keys"
    inner = _section_type(field)
    text = field.description or (inner.__doc__ if inner else None) or ""
    return text.strip().rstrip(".")
