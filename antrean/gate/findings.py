"""Findings: what the gate decided and what that rests on, in the form in which it is written and shown everywhere."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from antrean.gate.decision import ExitCode, Line, Measure, Verdict, exit_code, overall
from antrean.verdict import Bounds

SCHEMA_VERSION = 1
WORDS = {
    Verdict.REGRESSED: "B is worse than the limits allow",
    Verdict.IMPROVED: "B is better",
    Verdict.SAME: "B keeps all limits",
    Verdict.CANNOT_TELL: "it cannot be told",
}


class Findings(NamedTuple):
    """A decision."""

    title: str
    a: str
    b: str
    error: float
    """The most that the decision may err with."""
    rounds: int
    """Of a run held against a baseline: the baseline's runs."""
    took_s: float
    """From the first round to the decision, without starting and seeding; 0 where no rounds were played."""
    lines: Sequence[Line]
    notes: Sequence[str]

    @property
    def verdict(self) -> Verdict:
        """What all measures together say."""
        return overall(line.verdict for line in self.lines)

    @property
    def exit_code(self) -> ExitCode:
        """How the program ends."""
        return exit_code(self.verdict)

    @property
    def sentence(self) -> str:
        """Say the decision."""
        guilty = [line.measure.label for line in self.lines if line.verdict is self.verdict]
        about = f" ({', '.join(guilty)})" if self.verdict is not Verdict.SAME else ""
        return f"{self.verdict.value.capitalize()}: {WORDS[self.verdict]}{about}."

    def cells(self) -> list[tuple[str, ...]]:
        """Return the table's lines under `COLUMNS`."""
        return [
            (
                f"{line.measure.label}, {line.measure.unit}" if line.measure.unit else line.measure.label,
                "-" if line.a is None else number(line.a),
                number(line.b),
                f"{line.ratio.estimate:.3f} [{line.ratio.low:.3f}, {line.ratio.high:.3f}]",
                line.measure.limit_words(),
                line.verdict.value,
            )
            for line in self.lines
        ]

    def as_json(self) -> dict[str, Any]:
        """Return what findings.json holds; `from_json` reads it."""
        lines = [
            line._asdict() | {"measure": line.measure._asdict(), "ratio": line.ratio._asdict()} for line in self.lines
        ]
        return {
            "schema_version": SCHEMA_VERSION,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            **self._asdict(),
            "lines": lines,
        }


COLUMNS = ("measure", "A", "B", "B / A [interval]", "limit", "verdict")


def from_json(content: dict[str, Any]) -> Findings:
    """Read findings as `as_json` wrote them."""
    lines = [
        Line(**line)._replace(
            measure=Measure(**line["measure"]), ratio=Bounds(**line["ratio"]), verdict=Verdict(line["verdict"])
        )
        for line in content["lines"]
    ]
    return Findings(**{name: content[name] for name in Findings._fields})._replace(lines=lines)


def number(value: float) -> str:
    """Write a figure, three digits that count."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"
