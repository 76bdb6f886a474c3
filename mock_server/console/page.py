"""The page: built once for each who opens it, then filled again with every snapshot."""

from collections.abc import Sequence
from pathlib import Path

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from mock_server.console.parts import duration as _duration
from mock_server.console.parts import section as _section
from mock_server.console.parts import text as _text
from mock_server.console.pictures import HEIGHT_PX, WIDTH_PX
from mock_server.console.snapshot import EVERY_S, Board, Card, Office, Queue, Snapshot
from mock_server.console.throughput import BAR_S, MINUTES
from mock_server.console.upgrade_panel import UpgradePanel
from model.stages import Stage

STYLE = Path(__file__).with_name("console.css")
OFFICE_ROWS = 20
"""How many offices the page has room for; those with the most waiting cards, if there are more."""
OFFICE_COLUMNS = ("Office", "Printers", "Printing", "Waiting", "Blanks", "Ribbon")
BLANKS = 4
"""The column of the stock of blank cards."""
FEW_BLANKS = 20
UNKNOWN = "-"


def show(board: Board) -> None:
    """Build the page for one who has opened it, and keep it up to date as long as it is open."""
    ui.add_head_html(f"<style>{STYLE.read_text(encoding='utf-8')}</style>")
    page = _Page()

    async def refresh() -> None:
        page.fill(await board.look())

    timer = ui.timer(EVERY_S, refresh)
    page.pause.on_click(lambda: page.set_paused(timer))


class _Page:
    """The page's parts."""

    def __init__(self) -> None:
        self.paused = False
        self._header()
        with ui.element("div").classes("board"):
            self.alarm = _text("p", "").classes("alarm").props('role="alert"')
            self.alarm.set_visibility(False)
            self.upgrade_panel = UpgradePanel()
            with _section("Queues").classes("queues"):
                self.queues = ui.element("div").classes("tiles")
            self.tiles: dict[Stage, _Tile] = {}
            with ui.element("div").classes("columns"):
                with _section("Throughput").classes("throughput"):
                    with ui.element("p").classes("figure"):
                        self.per_minute = _text("strong", UNKNOWN)
                        _text("span", "cards printed in the last minute")
                    self.chart = _Chart()
                with _section("Offices"):
                    self.offices = _Offices()
            with _section("Last cards"):
                self.cards = _Cards()

    def _header(self) -> None:
        with ui.element("header"):
            with ui.element("div").classes("title"):
                _text("h1", "Card management server")
                self.version = _text("span", "").classes("version")
            with ui.element("div").classes("upgrade") as self.upgrade:
                self.phase = _text("span", "")
                self.progress = ui.element("progress").props('max="1" aria-label="Upgrade phase"')
            self.upgrade.set_visibility(False)
            with ui.element("div").classes("state"):
                self.state = _text("span", "connecting")
                self.pause = ui.button("Pause", color=None).props("flat no-caps unelevated").classes("pause")

    def fill(self, seen: Snapshot | None) -> None:
        """Show a snapshot; without one, say so and leave the rest as it was."""
        if self.paused:
            # A look that was under way when the page was stopped.
            return
        self.alarm.set_visibility(seen is None or bool(seen.faults))
        if seen is None:
            self.alarm.set_text("The database does not answer. What is shown here is old.")
            self.state.set_text("no data")
            return
        self.state.set_text("live")
        self.alarm.set_text(f"Injected faults: {', '.join(seen.faults)}.")
        self._fill_upgrade(seen)
        for queue in seen.queues:
            self._tile(queue.stage).fill(queue)
        self.per_minute.set_text(_printed_per_minute(seen.queues))
        self.chart.fill(seen.bars)
        self.offices.fill(seen.offices)
        self.cards.fill(seen.cards, seen.taken_at)

    def set_paused(self, timer: ui.timer) -> None:
        """Stop the page, or let it go on: who reads slowly, or by ear, needs it to stand still."""
        self.paused = not self.paused
        timer.active = not self.paused
        self.pause.set_text("Continue" if self.paused else "Pause")
        self.state.set_text("paused" if self.paused else "live")

    def _tile(self, stage: Stage) -> "_Tile":
        if stage not in self.tiles:
            with self.queues:
                self.tiles[stage] = _Tile(stage)
        return self.tiles[stage]

    def _fill_upgrade(self, seen: Snapshot) -> None:
        self.version.set_text(f"version {seen.version}")
        phases = seen.upgrade.phases if seen.upgrade else ()
        phase = next((phase for phase in phases if phase.name == seen.phase), None)
        self.upgrade.set_visibility(bool(seen.phase))
        share = phase.rows_done / phase.rows_total if phase and phase.rows_total else 0.0
        self.phase.set_text(f"upgrading: {seen.phase}" + (f", {share:.0%}" if share else ""))
        self.progress.props(f'value="{share:.3f}"')
        self.progress.set_visibility(bool(share))
        self.upgrade_panel.fill(seen.upgrade, seen.taken_at)


class _Tile:
    """One stage's queue."""

    def __init__(self, stage: Stage) -> None:
        with ui.element("article").classes("tile").props(f'aria-label="{stage}"'):
            _text("h3", stage.capitalize())
            with ui.element("p").classes("figure"):
                self.waiting = _text("strong", "")
                _text("span", "waiting")
            with ui.element("dl"):
                self.oldest = _fact("oldest")
                self.rate = _fact("done in 1 min")

    def fill(self, queue: Queue) -> None:
        """Show the queue as it is."""
        self.waiting.set_text(f"{queue.waiting:,}")
        self.oldest.set_text(_duration(queue.oldest_wait_s) if queue.waiting else UNKNOWN)
        self.rate.set_text(f"{queue.per_minute:,}")


class _Chart:
    """Printed cards over the last minutes."""

    def __init__(self) -> None:
        count = MINUTES * 60 // BAR_S
        ages = [f"-{(count - bar) * BAR_S / 60:g} min" for bar in range(count)]
        self._options = {
            "animation": False,
            "grid": {"left": 8, "right": 8, "top": 12, "bottom": 4, "containLabel": True},
            "tooltip": {"trigger": "axis"},
            "xAxis": {
                "type": "category",
                "data": ages,
                "axisLabel": {"interval": 2 * 60 // BAR_S - 1, "align": "left", "color": "#44536a"},
                "axisTick": {"show": False},
            },
            "yAxis": {"type": "value", "minInterval": 1, "axisLabel": {"color": "#44536a"}},
            "series": [{"name": f"cards in {BAR_S} s", "type": "bar", "barCategoryGap": "25%", "data": []}],
            "color": ["#0b6bb8"],
        }
        label = f"Bar chart of the cards printed in each {BAR_S} seconds of the last {MINUTES} minutes"
        self._chart = ui.echart(self._options).classes("chart").props(f'role="img" aria-label="{label}"')
        self._bars: Sequence[int] = ()

    def fill(self, bars: Sequence[int]) -> None:
        """Draw the bars, if they are others than before."""
        if bars != self._bars:
            self._bars = bars
            self._chart.options["series"][0]["data"] = list(bars)
            self._chart.update()


class _Offices:
    """The offices with their printers, their stock, and what waits for them."""

    def __init__(self) -> None:
        with ui.element("div").classes("scroll"), ui.element("table") as self._table:
            with ui.element("thead"), ui.element("tr"):
                for column in OFFICE_COLUMNS:
                    _text("th", column).props('scope="col"')
            self._body = ui.element("tbody")
        self._rest = _text("p", "").classes("rest")
        self._rows: list[list[TextElement]] = []

    def fill(self, offices: Sequence[Office]) -> None:
        """Show the offices, those with the most waiting cards if there is no room for all."""
        shown = offices
        if len(offices) > OFFICE_ROWS:
            shown = sorted(offices, key=lambda office: -office.waiting)[:OFFICE_ROWS]
        self._make_rows(len(shown))
        stocked = any(office.blanks is not None or office.ribbon_left is not None for office in offices)
        self._table.classes(**{"remove" if stocked else "add": "unstocked"})
        for row, office in zip(self._rows, shown, strict=True):
            for cell, words in zip(row, _office_cells(office), strict=True):
                cell.set_text(words)
            row[BLANKS].classes(**{"add" if _is_few(office.blanks) else "remove": "few"})
        hidden = len(offices) - len(shown)
        self._rest.set_text(f"and {hidden} offices with fewer waiting cards" if hidden else "")

    def _make_rows(self, count: int) -> None:
        if len(self._rows) == count:
            return
        self._body.clear()
        with self._body:
            self._rows = [_office_row() for _ in range(count)]


class _Cards:
    """The last cards as pictures."""

    def __init__(self) -> None:
        self._none = _text("p", "No card has been made yet.")
        self._list = ui.element("ul").classes("cards")
        self._shown: dict[str, _Picture] = {}

    def fill(self, cards: Sequence[Card], now: float) -> None:
        """Show the cards, newest first; a picture that is there already moves on and is not loaded again."""
        self._none.set_visibility(not cards)
        for number in self._shown.keys() - {card.number for card in cards}:
            self._shown.pop(number).element.delete()
        for card in reversed(cards):
            if card.number not in self._shown:
                with self._list:
                    self._shown[card.number] = picture = _Picture(card)
                picture.element.move(target_index=0)
            self._shown[card.number].fill(card, now)


class _Picture:
    """One card."""

    def __init__(self, card: Card) -> None:
        with ui.element("li") as self.element:
            picture = ui.element("img").props(f'width="{WIDTH_PX}" height="{HEIGHT_PX}"')
            picture.props["src"] = f"/_console/cards/{card.number}.jpg"
            picture.props["alt"] = f"Card {card.number} of office {card.office}"
            with ui.element("p"):
                self._state = _text("span", "")
                self._age = _text("span", "")

    def fill(self, card: Card, now: float) -> None:
        """Say where the card is, and how old."""
        self._state.set_text(f"{card.office}, {_state(card)}")
        self._age.set_text(f"{_duration(now - card.made_at)} ago")


def _fact(name: str) -> TextElement:
    with ui.element("div"):
        _text("dt", name)
        return _text("dd", UNKNOWN)


def _office_row() -> list[TextElement]:
    with ui.element("tr"):
        return [_text("th", "").props('scope="row"'), *(_text("td", "") for _ in OFFICE_COLUMNS[1:])]


def _office_cells(office: Office) -> Sequence[str]:
    printers = f"{office.printers:,}" if office.printers_on else f"{office.printers:,} off"
    waiting = f"{office.waiting:,} + {office.held:,} held" if office.held else f"{office.waiting:,}"
    stock = (UNKNOWN if count is None else f"{count:,}" for count in (office.blanks, office.ribbon_left))
    return (office.name or office.code, printers, f"{office.in_printer:,}", waiting, *stock)


def _is_few(blanks: int | None) -> bool:
    return blanks is not None and blanks < FEW_BLANKS


def _printed_per_minute(queues: Sequence[Queue]) -> str:
    return f"{next((queue.per_minute for queue in queues if queue.stage == Stage.PRINTING), 0):,}"


def _state(card: Card) -> str:
    """Say where a card is, in words: SENT_FOR_CARD_PRINTING waits for its printer or is in it."""
    return card.status.removeprefix("CARD_").replace("SENT_FOR_CARD_PRINTING", "to print").replace("_", " ").lower()
