"""Studies: many simulations of one scenario in a folder, which can be interrupted and taken up again.

results/<scenario>/<kind>-<run>/ holds scenario.toml, meta.json, what was simulated until now, and the answer.
"""

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from antrean.runs import Run, machine, new_run
from model import scenario_file
from model.scenario import Scenario


def begin(results: Path, kind: str, scenario_name: str, scenario: Scenario, asked: Mapping[str, Any]) -> Run:
    """Make the folder of a study that is asked for with these options."""
    begun = new_run(results, scenario_name, kind)
    begun.save_text("scenario.toml", scenario_file.dump(scenario))
    begun.save_json(
        "meta.json",
        {
            "kind": kind,
            "scenario": scenario_name,
            "seed": scenario.seed,
            "machine": machine(),
            "model": model_digest(),
            "asked": asked,
        },
    )
    return begun


def resume(
    folder: Path, kind: str, changed: Mapping[str, Any], fixed: set[str]
) -> tuple[Run, Scenario, dict[str, Any]]:
    """Take up a study; returns its folder, its scenario, and what is asked of it now.

    Args:
        folder: its folder.
        kind: what it must be.
        changed: options that are asked for anew.
        fixed: options that what was simulated depends on.

    Raises:
        ValueError: the folder holds no study of the kind, another model made it, or an option is fixed.
    """
    begun = Run(folder)
    meta = begun.load_json("meta.json") if (folder / "meta.json").exists() else {}
    if meta.get("kind") != kind:
        raise ValueError(f"{folder} holds nothing to resume; look in results/<scenario>/{kind}-<run>/")
    if meta["model"] != model_digest():
        raise ValueError(f"{folder} was made by another version of model/; begin anew")
    refused = sorted(fixed & set(changed))
    if refused:
        raise ValueError(f"{', '.join(refused)} cannot change in what was begun already; begin anew")
    meta["asked"] |= changed
    begun.save_json("meta.json", meta)
    return begun, scenario_file.load(str(folder / "scenario.toml")), meta["asked"]


def model_digest() -> str:
    """Return a fingerprint of the model's code and data, on which everything simulated depends."""
    digest = hashlib.sha256()
    for file in sorted(Path(str(files("model"))).rglob("*")):
        if file.suffix in (".py", ".csv"):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
