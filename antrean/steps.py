"""The terminal while a run goes on: a line a step, with a bar, the time it took and what is happening."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from antrean.play import Show


class Steps:
    """The steps of a run, shown live; on a console that is no terminal, a line when each begins and ends."""

    def __init__(self, console: Console) -> None:
        """Show on `console` while the `with` block lasts."""
        self._console = console
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[words]}"),
            console=console,
            disable=not console.is_terminal,
        )

    @contextmanager
    def step(self, title: str) -> Iterator[Show]:
        """Show a step while the block lasts; the block calls what it gets with the share done and some words."""
        task = self._progress.add_task(title, total=1.0, words="")
        words = ""
        if not self._console.is_terminal:
            self._console.print(f"{title} ...")

        def show(share: float, said: str) -> None:
            nonlocal words
            words = said
            # A finished bar would be ticked off while the step still tidies up.
            self._progress.update(task, completed=min(share, 0.999), words=said)

        yield show
        self._progress.update(task, completed=1.0)
        if not self._console.is_terminal:
            self._console.print(f"{title}: {words or 'done'}")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
