"""The console as people see it: in a browser, on the pages of a real web process."""

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Engine, text

from mock_server.console import is_shown
from mock_server.console.pictures import WIDTH_PX
from mock_server.database import engine_of
from mock_server.seed import seed_residents
from mock_server.settings import Settings
from tests.mock_server.browser import chromium
from tests.mock_server.centre import Centre
from tests.mock_server.commands import first_line, running, start, stop, wait_until
from tests.mock_server.packets import OFFICE, Packet
from tests.mock_server.upgrades import put_upgrade

WAITING = 2
"""The column of the waiting cards, the office's name not counted."""
WIDE, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # A page looks once a second; the rest is for slow machines.
    expect.set_options(timeout=15_000)
    with chromium() as browser:
        yield browser


@contextmanager
def web(settings: Settings) -> Iterator[httpx.Client]:
    """A web process, which ends by itself when it is asked to, and a client for it."""
    process = start(settings, "web")
    with running(process), httpx.Client(base_url=f"http://127.0.0.1:{first_line(process)['port']}") as client:
        yield client
        assert stop(process) == 0


@pytest.fixture
def centre(settings: Settings, engine: Engine) -> Iterator[Centre]:
    """A centre whose web is a process of its own, with the console."""
    with web(settings) as client, closing(Centre(settings, engine, client)) as centre:
        yield centre


@dataclass
class Watched:
    """A page, with what its browser asked for and complained of."""

    page: Page
    hosts: set[str | None] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def tile(self, stage: str) -> Locator:
        return self.page.get_by_role("article", name=stage)

    def row(self, office: str) -> Locator:
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("rowheader", name=office))


def watch(browser: Browser, client: httpx.Client, size: tuple[int, int] = WIDE) -> Watched:
    """Open the console and wait until it is live."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    watched = Watched(page)
    page.on("request", lambda request: watched.hosts.add(urlsplit(request.url).hostname))
    page.on("websocket", lambda socket: watched.hosts.add(urlsplit(socket.url).hostname))
    page.on("requestfailed", lambda request: watched.complaints.append(f"{request.url}: {request.failure}"))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("console", lambda said: watched.complaints.append(said.text) if said.type != "log" else None)
    page.goto(str(client.base_url))
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    return watched


@pytest.fixture
def watched(browser: Browser, centre: Centre) -> Iterator[Watched]:
    watched = watch(browser, centre.client)
    yield watched
    watched.page.close()


def test_the_page_follows_a_packet_to_the_card_without_a_reload(watched: Watched, centre: Centre) -> None:
    waiting = {stage: watched.tile(stage).locator("strong") for stage in ("validation", "matching", "printing")}
    for number in waiting.values():
        expect(number).to_have_text("0")
    watched.page.evaluate("window.loadedOnce = true")
    Packet("A-1", person=1).post(centre.client)
    Packet("A-2", person=2).post(centre.client)
    expect(waiting["validation"]).to_have_text("2")
    expect(watched.tile("validation")).to_contain_text("oldest")
    centre.work()
    expect(waiting["validation"]).to_have_text("0")
    expect(waiting["matching"]).to_have_text("2")
    centre.settle()
    expect(waiting["printing"]).to_have_text("2")
    expect(watched.row("Kab. Malang").get_by_role("cell").nth(WAITING)).to_have_text("2")
    centre.print_all({OFFICE: 2})
    expect(waiting["printing"]).to_have_text("0")
    throughput = watched.page.get_by_role("region", name="Throughput")
    expect(throughput.locator("strong")).to_have_text("2")
    assert watched.page.evaluate("window.loadedOnce")


def test_the_last_cards_appear_as_pictures_newest_first(watched: Watched, centre: Centre) -> None:
    with centre.engine.begin() as connection:
        # Their cards were made before, and have no picture.
        seed_residents(connection, 3, 1, {OFFICE: 1}, centre.signer)
    expect(watched.page.get_by_text("No card has been made yet.")).to_be_visible()
    Packet("A-1", person=1).post(centre.client)
    centre.settle()
    pictures = watched.page.get_by_role("img", name="Card 0")
    expect(pictures).to_have_count(1)
    Packet("A-2", person=2).post(centre.client)
    centre.settle()
    expect(pictures).to_have_count(2)
    expect(pictures.first).to_have_attribute("alt", f"Card 000000000005 of office {OFFICE}")
    loaded = "images => images.map(image => image.complete && image.naturalWidth)"
    wait_until(lambda: bool(pictures.evaluate_all(loaded) == [WIDTH_PX, WIDTH_PX]))


def test_everything_comes_from_the_server_itself_and_the_browser_has_no_complaint(
    watched: Watched, centre: Centre
) -> None:
    Packet("A-1").post(centre.client)
    centre.settle()
    expect(watched.page.get_by_role("img", name="Card 0")).to_be_visible()
    expect(watched.page.locator("canvas")).to_be_visible()
    assert watched.hosts == {"127.0.0.1"}
    assert watched.complaints == []


@pytest.mark.parametrize("size", [WIDE, PHONE, (320, 640)])
def test_no_width_needs_to_be_scrolled_sideways(browser: Browser, centre: Centre, size: tuple[int, int]) -> None:
    Packet("A-1").post(centre.client)
    centre.settle()
    with centre.engine.begin() as connection:
        put_upgrade(connection, {"phase": "backfill WITA", "rows_done": 100_000, "rows_total": 200_000})
    page = watch(browser, centre.client, size).page
    expect(page.get_by_role("img", name="Card 0")).to_be_visible()
    expect(page.get_by_role("region", name="Upgrade")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    page.close()


def test_the_keyboard_pauses_the_page_and_lets_it_go_on(watched: Watched, centre: Centre) -> None:
    page, waiting = watched.page, watched.tile("validation").locator("strong")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("paused")).to_be_visible()
    Packet("A-1").post(centre.client)
    page.wait_for_timeout(2_500)
    expect(waiting).to_have_text("0")
    page.keyboard.press("Enter")
    expect(waiting).to_have_text("1")


def test_an_upgrade_shows_its_phase_and_how_far_it_is(watched: Watched, engine: Engine) -> None:
    panel = watched.page.get_by_role("region", name="Upgrade")
    expect(watched.page.get_by_text("version 5.4")).to_be_visible()
    expect(watched.page.get_by_role("progressbar")).to_be_hidden()
    expect(panel).to_be_hidden()
    now = time.time()
    with engine.begin() as connection:
        expand = {"phase": "expand", "started_at": now - 1_100, "finished_at": now - 1_000, "longest_lock_s": 0.25}
        backfill = {"phase": "backfill", "rows_done": 3_000, "rows_total": 10_000, "started_at": now - 1_000}
        put_upgrade(connection, expand, backfill, started_at=now - 1_100)
    expect(watched.page.get_by_text("upgrading: backfill, 30%")).to_be_visible()
    assert watched.page.get_by_role("progressbar").evaluate("bar => bar.value") == pytest.approx(0.3)
    # 7,000 rows at three a second: 38 or 39 minutes.
    expect(panel).to_contain_text(re.compile(r"5.4 to 5.5, plan online: backfill is expected to end in 3[89] min"))
    expect(watched.row("backfill").get_by_role("cell").nth(0)).to_have_text("3,000")
    expect(watched.row("backfill").get_by_role("cell").nth(1)).to_have_text("7,000")
    expect(watched.row("expand").get_by_role("cell").last).to_have_text("250 ms")
    expect(watched.row("expand").get_by_role("cell").nth(2)).to_have_text("1 min 40 s")


def test_each_phases_cost_is_held_against_the_hour_before(watched: Watched, centre: Centre, engine: Engine) -> None:
    for person in range(1, 7):
        Packet(f"A-{person}", person=person).post(centre.client)
    centre.settle()
    now = time.time()
    with engine.begin() as connection:
        # Four cards in the hour before, made in 2 s; one in the phase's ten minutes, made in 6 s; one after it.
        for person, age, took in [(1, 900, 2), (2, 1_000, 2), (3, 1_100, 2), (4, 1_200, 2), (5, 400, 6), (6, 100, 2)]:
            moments = {"reference": f"A-{person}", "ready": now - age, "received": now - age - took}
            connection.execute(text("UPDATE records SET received_at = :received WHERE reference = :reference"), moments)
            connection.execute(text("UPDATE stage_events SET finished_at = :ready WHERE citizen = :reference"), moments)
        phase = {"phase": "big-bang", "started_at": now - 800, "finished_at": now - 200}
        put_upgrade(connection, phase, plan="big-bang", state="done", started_at=now - 800, ended_at=now - 200)
    panel, row = watched.page.get_by_role("region", name="Upgrade"), watched.row("big-bang").get_by_role("cell")
    expect(row.nth(4)).to_have_text("6.0 s (3.0x)")
    # One in ten minutes; four in the 400 s since the server's first card.
    expect(row.nth(3)).to_have_text("0.1 (17%)")
    expect(panel).to_contain_text(re.compile("done in 10 min 00 s; normal service again since 3 min"))


def test_an_upgrade_that_failed_says_why(watched: Watched, engine: Engine) -> None:
    with engine.begin() as connection:
        put_upgrade(connection, state="failed", error="a chip does not bear our signature", ended_at=1.0)
    expect(watched.page.get_by_role("region", name="Upgrade")).to_contain_text("failed, a chip does not bear")


def test_stock_is_shown_where_the_database_keeps_it(watched: Watched, engine: Engine) -> None:
    blanks = watched.page.get_by_role("columnheader", name="Blanks")
    with engine.begin() as connection:
        for column in ("blanks", "ribbon_left"):
            connection.execute(text(f"ALTER TABLE offices DROP COLUMN IF EXISTS {column} CASCADE"))
    expect(blanks).to_be_hidden()
    with engine.begin() as connection:
        for column in ("blanks", "ribbon_left"):
            connection.execute(text(f"ALTER TABLE offices ADD COLUMN {column} INTEGER"))
        connection.execute(
            text("UPDATE offices SET blanks = 7, ribbon_left = 1234 WHERE code = :code"), {"code": OFFICE}
        )
    expect(blanks).to_be_visible()
    expect(watched.row("Kab. Malang").get_by_role("cell")).to_have_text(["2", "0", "0", "7", "1,234"])
    watched.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    last = watched.page.get_by_role("columnheader", name="Ribbon").bounding_box()
    assert last is not None
    assert last["x"] + last["width"] < PHONE[0]


def test_held_cards_and_printers_that_are_off_are_shown(watched: Watched, centre: Centre) -> None:
    Packet("A-1", hold_print=True).post(centre.client)
    centre.settle()
    centre.client.put(f"/v1/offices/{OFFICE}/printers", json={"on": False})
    row = watched.row("Kab. Malang").get_by_role("cell")
    expect(row).to_have_text(["2 off", "0", "0 + 1 held"])


def test_a_database_that_does_not_answer_is_told_and_its_return_too(
    watched: Watched, engine: Engine, postgres: str
) -> None:
    alarm, name = watched.page.get_by_role("alert"), engine.url.database
    expect(alarm).to_be_hidden()
    with engine_of(postgres) as cluster, cluster.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
        )
        expect(alarm).to_contain_text("The database does not answer")
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    expect(alarm).to_be_hidden()


def test_an_injected_fault_is_told_while_it_lasts(browser: Browser, centre: Centre) -> None:
    alarm = watch(browser, centre.client).page.get_by_role("alert")
    expect(alarm).to_be_hidden()
    asked = {"kind": "latency", "stage": "validation", "delay_s": 1, "ends_at": time.time() + 600}
    fault = centre.client.post("/v1/faults", json=asked).json()
    expect(alarm).to_have_text("Injected faults: latency at validation.")
    assert centre.client.delete(f"/v1/faults/{fault['id']}").is_success
    expect(alarm).to_be_hidden()


def test_nothing_is_read_while_nobody_watches_and_once_however_many_do(
    browser: Browser, centre: Centre, engine: Engine
) -> None:
    pages = [watch(browser, centre.client).page for _ in range(3)]
    seen = reads(engine)
    time.sleep(4)
    assert 1 <= reads(engine) - seen <= 6
    for page in pages:
        page.close()
    wait_until(lambda: quiet_for(engine, 2.5), within_s=20)


def quiet_for(engine: Engine, seconds: float) -> bool:
    before = reads(engine)
    time.sleep(seconds)
    return reads(engine) == before


def reads(engine: Engine) -> int:
    """How often the upgrade, for which nobody else here asks, was looked for, as far as the sessions have told."""
    query = text("SELECT seq_scan + idx_scan FROM pg_stat_user_tables WHERE relname = 'upgrades'")
    with engine.begin() as connection:
        return int(connection.scalar(query) or 0)


def test_the_process_ends_when_asked_though_somebody_watches(browser: Browser, settings: Settings) -> None:
    with web(settings) as client:
        page = watch(browser, client).page
    page.close()


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.168.1.2", False), ("10.1.2.3", False)],
)
def test_only_this_machine_sees_the_console(settings: Settings, host: str, shown: bool) -> None:
    assert is_shown(settings.model_copy(update={"host": host})) == shown


def test_without_the_console_there_is_no_page(settings: Settings) -> None:
    with web(settings.model_copy(update={"console": False})) as client:
        assert client.get("/").status_code == 404
        assert client.get("/livez").status_code == 204


def test_with_the_console_the_api_answers_as_before(centre: Centre) -> None:
    for method, path, status in [
        ("GET", "/v1/no-such-path", 404),
        ("DELETE", "/v1/version", 405),
        ("GET", "/_console/cards/000000000009.jpg", 404),
    ]:
        answer = centre.client.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert "/_console" not in centre.client.get("/openapi.json").text
