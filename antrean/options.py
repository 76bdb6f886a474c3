"""What several commands take and return on the command line."""

from typing import Annotated

import typer

ScenarioName = Annotated[str, typer.Argument(help="A shipped scenario's name, or the path of a .toml file.")]
Days = Annotated[int | None, typer.Option(min=1, max=31, help="Days; else the scenario's own number.")]
EXIT_INTERRUPTED = 130
