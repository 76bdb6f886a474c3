"""Prints docs/scenario.md, the reference of every key of a scenario file, from the docstrings in model/.

python docs/scenario_reference.py > docs/scenario.md
"""

import tomllib
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import reduce
from importlib.resources import files
from typing import Any, get_args, get_origin

import tomli_w
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from model.scenario import Scenario
from model.section import KIND, sections_in

HEAD = """\
# The scenario file

<!-- Printed by docs/scenario_reference.py from the docstrings in model/: change those and print again. -->

A scenario is one TOML file that server, load and simulation share. The shipped ones are in `model/scenarios/` and are
called by their names (`april-2016`); a file of your own is called by its path. Begin with a copy of a shipped one. An
unknown key, a missing unit or an impossible shift is an error that names the key and says what would be right; all
errors are told at once.

Values carry their units:

| A value that is a | is written | with the units |
| --- | --- | --- |
| duration | `"6 min"` | `ms`, `s`, `min`, `h`, `day` |
| rate | `"400/day"` | `/s`, `/min`, `/h`, `/day` |
| size | `"100 KB"` | `B`, `KB` (1,000 bytes), `MB` |
| bit rate | `"512 kbit/s"` | `bit/s`, `kbit/s`, `Mbit/s` |
| window of the day | `"08:00-18:00"` | local time, earlier first, at most `24:00` |
| moment | `2016-04-04T06:00:00+07:00` | a date and time with its UTC offset |

The examples are those of `april-2016`, or of another shipped scenario where it has none. What is not marked
optional must be given. Which of the figures are facts and which are guesses is told in [model.md](model.md).
"""

NAMES = ("april-2016", "april-fortnight", "faults-day", "link-cut", "login-storm", "print-backlog", "drive-day")
EXAMPLES = [files("model") / "scenarios" / f"{name}.toml" for name in NAMES]
BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def markdown() -> str:
    """Return the text of docs/scenario.md."""
    examples = (tomllib.loads(example.read_text(encoding="utf-8")) for example in EXAMPLES)
    return "\n".join([HEAD, *_tables(Scenario, (), reduce(_completed, examples))])


def _completed(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The first example, with the keys of the second that it lacks; tables of names and numbers stay as they are."""
    both = {key: _completed(first[key], second[key]) for key in first if isinstance(first[key], dict) and key in second}
    return second | first | (both if not any(isinstance(value, float) for value in first.values()) else {})


def _tables(section: type[BaseModel], path: tuple[str, ...], example: dict[str, Any]) -> Iterator[str]:
    """A row for each key of a section, then the tables within it, depth first."""
    fields = {field.alias or name: field for name, field in section.model_fields.items()}
    tables = {key: kinds for key, field in fields.items() if (kinds := sections_in(field.annotation))}
    keys = [key for key in fields if key not in tables]
    if keys:
        yield "| Key | Example | Meaning |\n| --- | --- | --- |"
        yield from (_row(key, fields[key], example) for key in keys)
        yield ""
    for key, kinds in tables.items():
        origin, here, within = get_origin(fields[key].annotation), ".".join((*path, key)), example.get(key, {})
        if origin is dict:
            here, within = f'{here}."CODE"', next(iter(within.values()))
        heading = f"[[{here}]]" if origin is list else f"[{here}]"
        optional = "" if fields[key].is_required() else " (optional)"
        yield f"## `{heading}`{optional}\n\n{_meaning(fields[key].description, next(iter(kinds.values())))}\n"
        for kind, table in kinds.items():
            if kind is not None:
                yield f"### `{heading}` of kind `{kind}`\n\n{_meaning(None, table)}\n"
            yield from _tables(table, (here,), within if origin is not list else _of_kind(within, kind))


def _of_kind(entries: list[dict[str, Any]], kind: str | None) -> dict[str, Any]:
    """The first entry of a kind."""
    return next(entry for entry in entries if entry.get(KIND) == kind)


def _row(key: str, field: FieldInfo, example: dict[str, Any]) -> str:
    limits = _limits(field.annotation, field.metadata)
    notes = [" and ".join(limits)] if limits else []
    if not field.is_required():
        notes.append("optional" if field.default is None else f"optional, {_toml(field.default)} if left out")
    meaning = f"{field.description} {'; '.join(notes).capitalize()}{'.' if notes else ''}".strip()
    shown = _toml(example[key]) if key in example else ""
    return f"| `{key}` | {shown} | {' '.join(meaning.split())} |"


def _limits(annotation: Any, metadata: Iterable[Any]) -> list[str]:
    """The bounds of a number, also of one within a list or beside None."""
    own = [
        f"{word} {getattr(part, name):,}"
        for note in metadata
        for part in (note.metadata if isinstance(note, FieldInfo) else [note])
        for name, word in BOUNDS.items()
        if getattr(part, name, None) is not None
    ]
    return own + [text for part in get_args(annotation) for text in _limits(part, getattr(part, "__metadata__", ()))]


def _toml(value: object) -> str:
    """A value as the file writes it, on one line; of a long one or a table, the beginning."""
    if isinstance(value, datetime):
        return f"`{value.isoformat()}`"
    if value == {}:
        return "`{}`"
    text = " ".join(tomli_w.dumps({"": value}).partition("\n" if isinstance(value, dict) else "= ")[2].split())
    return f"`{text if len(text) <= 48 else text[:45] + '...'}`"


def _meaning(description: str | None, table: type[BaseModel]) -> str:
    said = " ".join((description or table.__doc__ or "").split())
    sentence = said.partition("`: ")[2] if said.startswith("`[") else said
    return f"{sentence[0].upper()}{sentence[1:]}"


if __name__ == "__main__":
    print(markdown(), end="")
