"""The offices' tab of Locust's web page, in a browser, while a fleet plays a day."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from loadtests.news import OfficeFigures
from loadtests.offices_tab import rows
from model.scenario import Scenario
from tests.loadtests.fleet_lab import LocalFleet, local_fleet
from tests.loadtests.stub_server import StubServer
from tests.mock_server.browser import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # The page polls every two seconds; the rest is for slow machines.
    expect.set_options(timeout=20_000)
    with chromium() as browser:
        yield browser


def figures(code: str, waiting: int, *, overtime: bool) -> OfficeFigures:
    return OfficeFigures(
        office=code,
        name="X",
        waiting=waiting,
        at_centre=1,
        open_counters=2,
        in_store=5,
        left=6,
        to_come_back=7,
        overtime=overtime,
    )


def test_the_first_row_is_all_offices_together() -> None:
    table = rows([figures("35.07", 3, overtime=True), figures("35.73", 4, overtime=False)])
    assert table[0] == {
        "office": "All offices",
        "waiting": 7,
        "open_counters": 4,
        "at_centre": 2,
        "in_store": 10,
        "left": 12,
        "to_come_back": 14,
        "overtime": "1 of 2",
    }
    assert [row["office"] for row in table[1:]] == ["X (35.07)", "X (35.73)"]
    assert [row["overtime"] for row in table[1:]] == ["yes", "no"]
    assert [row["waiting"] for row in table[1:]] == [3, 4]


@pytest.fixture
def fleet(tmp_path: Path, lab: Scenario, stub: StubServer) -> Iterator[LocalFleet]:
    """A day with too few counters, so that people wait; it lasts for half a minute."""
    stub.printed_after_s = 2.0
    busy = lab.model_copy(
        update={
            "offices": lab.offices.model_copy(update={"counter_utilisation": 1.4}),
            "load": lab.load.model_copy(update={"speedup": 600.0}),
        }
    )
    with local_fleet(tmp_path, busy, stub.host, workers=2, ui=True) as fleet:
        yield fleet


def cell(page: Page, office: str, column: int) -> str:
    row = page.get_by_role("row").filter(has_text=office)
    return row.get_by_role("cell").nth(column).inner_text()


def test_the_tab_shows_the_offices_at_work(browser: Browser, fleet: LocalFleet, tmp_path: Path) -> None:
    hosts: set[str | None] = set()
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    port = fleet.said("ui_port")
    fleet.wait_until(
        lambda state: any(figure["waiting"] for worker in state["workers"] for figure in worker["figures"])
    )
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_role("tab", name="Offices").click()
    for title in (
        "Office",
        "Waiting citizens",
        "Open counters",
        "At the centre",
        "In the store",
        "Left",
        "To come back",
        "Overtime",
    ):
        expect(page.get_by_role("columnheader", name=title, exact=True)).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Kab. Malang (35.07)")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Kota Malang (35.73)")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="All offices").get_by_role("cell").nth(7)).to_have_text("0 of 2")
    ends_s = time.monotonic() + 20
    while int(cell(page, "All offices", 1)) == 0 or int(cell(page, "All offices", 2)) == 0:
        assert time.monotonic() < ends_s, "nobody waits, or no counter is open"
        page.wait_for_timeout(100)
    page.screenshot(path=tmp_path / "offices.png")
    page.get_by_role("tab", name="Statistics").click()
    expect(page.get_by_role("cell", name="/v1/enrollments", exact=True)).to_be_visible()
    page.close()
    # Whoever loads a server may be without the internet.
    assert hosts == {"127.0.0.1"}
    assert complaints == []


def test_the_pages_stop_button_ends_the_day_and_keeps_what_was_measured(browser: Browser, fleet: LocalFleet) -> None:
    page = browser.new_page()
    port = fleet.said("ui_port")
    fleet.wait_until(lambda state: sum(worker["progress"].get("arrivals", 0) for worker in state["workers"]) > 5)
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_role("button", name="Stop").click()
    state = fleet.wait_until(lambda state: state.get("over", False))
    assert sum(worker["summary"]["arrivals"] for worker in state["workers"]) > 5
    assert not any(worker["lost"] for worker in state["workers"])
    page.close()
    # The page stays for those who look; asked to, everything ends.
    assert fleet.master.poll() is None
    fleet.master.terminate()
    fleet.finish()
