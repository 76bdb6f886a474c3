"""A build: which program a server is started from, the running one or another tree of it with settings of its own."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Build(NamedTuple):
    """The interpreter, the tree and the settings that a mock server is started with."""

    python: Path
    """Has the packages that the tree needs."""
    root: Path | None
    """The tree that is imported; None for the one that runs here."""
    settings: Mapping[str, str]
    """Environment variables that differ from those of the lab."""

    def command(self, module: str, *arguments: str) -> list[str]:
        """Return the command that runs a module of the tree."""
        return [str(self.python), "-m", module, *arguments]

    def environment(self) -> dict[str, str]:
        """Return the environment variables that make its processes import the tree and take its settings."""
        # Without the safe path, the folder in which antrean was started would come before the tree.
        tree = {} if self.root is None else {"PYTHONPATH": str(self.root), "PYTHONSAFEPATH": "1"}
        return tree | dict(self.settings)


THIS_BUILD = Build(Path(sys.executable), None, {})
"""The program that runs here, as it is."""
