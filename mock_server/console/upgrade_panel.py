"""The panel of the upgrade: how far it is and when it ends, what each phase costs, and when service is normal again."""

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from mock_server.console.parts import duration, section, text
from mock_server.console.upgrade import Cost, Phase, Upgrade

COLUMNS = ("Phase", "Rows done", "Rows left", "Lasted", "Cards a minute", "p95", "Longest lock")
BEFORE = "hour before"
UNKNOWN = "-"


class UpgradePanel:
    """Shown from the moment an upgrade is asked for."""

    def __init__(self) -> None:
        with section("Upgrade").classes("upgrade-panel") as self._panel:
            self._state = text("p", "").classes("upgrade-state")
            with ui.element("div").classes("scroll"), ui.element("table"):
                with ui.element("thead"), ui.element("tr"):
                    for column in COLUMNS:
                        text("th", column).props('scope="col"')
                self._body = ui.element("tbody")
        self._panel.set_visibility(False)
        self._rows: list[list[TextElement]] = []

    def fill(self, upgrade: Upgrade | None, now: float) -> None:
        """Show the upgrade as it is at `now`, in seconds since the epoch."""
        self._panel.set_visibility(upgrade is not None)
        if upgrade is None:
            return
        self._state.set_text(state_in_words(upgrade, now))
        lines = [_before_cells(upgrade.before), *(_cells(phase, upgrade.before, now) for phase in upgrade.phases)]
        if len(lines) != len(self._rows):
            self._body.clear()
            with self._body:
                self._rows = [_row() for _ in lines]
        for row, line in zip(self._rows, lines, strict=True):
            for cell, words in zip(row, line, strict=True):
                cell.set_text(words)


def state_in_words(upgrade: Upgrade, now: float) -> str:
    """Say what is upgraded, how, and what is to be expected."""
    what = f"{upgrade.from_version} to {upgrade.to_version}, plan {upgrade.plan}: "
    if upgrade.state == "asked":
        return f"{what}begins in {duration(upgrade.start_at - now)}"
    if upgrade.state == "running":
        phase = next((phase for phase in upgrade.phases if phase.finished_at is None), None)
        if phase is None:
            return f"{what}between two phases"
        if upgrade.expected_end is None:
            return f"{what}{phase.name} since {duration(now - phase.started_at)}"
        return f"{what}{phase.name} is expected to end in {duration(upgrade.expected_end - now)}"
    if upgrade.state != "done" or upgrade.started_at is None or upgrade.ended_at is None:
        return f"{what}{upgrade.state}" + (f", {upgrade.error}" if upgrade.error else "")
    return f"{what}done in {duration(upgrade.ended_at - upgrade.started_at)}; {_service(upgrade, now)}"


def _service(upgrade: Upgrade, now: float) -> str:
    if upgrade.normal_again_at is None:
        return "the queue is still longer than in the hour before"
    return f"normal service again since {duration(now - upgrade.normal_again_at)}"


def _before_cells(before: Cost | None) -> tuple[str, ...]:
    return (BEFORE, "", "", "", *_cost_cells(before, None), "")


def _cells(phase: Phase, before: Cost | None, now: float) -> tuple[str, ...]:
    left = max(0, phase.rows_total - phase.rows_done)
    rows = (f"{phase.rows_done:,}", f"{left:,}") if phase.rows_total else (UNKNOWN, UNKNOWN)
    lasted = duration((phase.finished_at or now) - phase.started_at)
    return (phase.name, *rows, lasted, *_cost_cells(phase.cost, before), _seconds(phase.longest_lock_s))


def _cost_cells(cost: Cost | None, before: Cost | None) -> tuple[str, str]:
    if cost is None:
        return UNKNOWN, UNKNOWN
    rate = f"{cost.per_minute:,.{1 if cost.per_minute < 10 else 0}f}"
    p95 = UNKNOWN if cost.p95_s is None else _seconds(cost.p95_s)
    if before and before.per_minute:
        rate += f" ({cost.per_minute / before.per_minute:.0%})"
    if before and before.p95_s and cost.p95_s is not None:
        p95 += f" ({cost.p95_s / before.p95_s:.1f}x)"
    return rate, p95


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"


def _row() -> list[TextElement]:
    with ui.element("tr"):
        return [text("th", "").props('scope="row"'), *(text("td", "") for _ in COLUMNS[1:])]
