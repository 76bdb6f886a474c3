import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def printed() -> str:
    """Give what docs/scenario_reference.py prints."""
    return str(runpy.run_path(str(DOCS / "scenario_reference.py"))["markdown"]())


def test_the_reference_of_the_keys_is_up_to_date(printed: str) -> None:
    committed = (DOCS / "scenario.md").read_text(encoding="utf-8")
    assert printed == committed, "run: python docs/scenario_reference.py > docs/scenario.md"


@pytest.mark.parametrize(
    "row",
    [
        "| `printers` | `2` | Card printers, in place of the staffing rule. At least 1; optional. |",
        '| `low` | `"5 min"` | The shortest. Above 0. |',
        '## `[offices.known."CODE"]` (optional)',
        "## `[upgrade.cost]`",
        "## `[[faults]]` (optional)",
        "### `[[faults]]` of kind `printer-down`",
        "| `printer` | `1` | Which of the office's printers. At least 1 and at most 10,000. |",
    ],
)
def test_the_reference_tells_a_keys_example_limits_and_meaning(printed: str, row: str) -> None:
    assert row in printed.splitlines()
