"""What citizens come for in the tests of errands, and who of the residents has a card."""

import json
from pathlib import Path

from model.errands import Errand
from model.scenario import Scenario
from model.strategies import changed

SHARES = {
    Errand.ENROLLMENT: 0.4,
    Errand.REPLACEMENT: 0.2,
    Errand.REPLACEMENT_AWAY: 0.15,
    Errand.FOREIGN_RESIDENT: 0.1,
    Errand.CORRECTION: 0.15,
}
RESIDENTS = {
    code: [f"{code.replace('.', '')}01010190{number:04d}" for number in range(1, count + 1)]
    for code, count in {"35.07": 100, "35.73": 100, "11.01": 40, "91.71": 40}.items()
}


def mixed(scenario: Scenario, batch_cards: str = "8000/day") -> Scenario:
    """Let people come for everything, and cards be ordered for people who are not there."""
    mix = {errand.value: share for errand, share in SHARES.items()}
    return changed(scenario, {"demand": {"mix": mix, "batch_cards": batch_cards}})


def residents_file(folder: Path) -> Path:
    path = folder / "residents.json"
    path.write_text(json.dumps(RESIDENTS), encoding="utf-8")
    return path
