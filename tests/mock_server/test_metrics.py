"""What Prometheus reads."""

import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, insert

from mock_server.settings import Settings
from mock_server.tables import stage_events
from tests.mock_server.centre import Centre, serving
from tests.mock_server.packets import OFFICE, Packet
from tests.mock_server.upgrades import put_upgrade

Samples = dict[tuple[str, str], float]


def read(centre: Centre) -> Samples:
    """All samples by name and labels' values."""
    answer = centre.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(centre: Centre) -> None:
    Packet("A-1").post(centre.client)
    for reference in ("A-1", "A-2", "A-3"):
        centre.client.get(f"/v1/records/{reference}")
    centre.client.get("/wp-login.php")
    samples = read(centre)
    name = "http_request_duration_seconds_count"
    assert samples[name, "POST /v1/enrollments 202"] == 1
    assert samples[name, "GET /v1/records/{reference} 200"] == 1
    assert samples[name, "GET /v1/records/{reference} 404"] == 2
    assert samples[name, "GET unmatched 404"] == 1
    assert samples["http_request_duration_seconds_sum", "POST /v1/enrollments 202"] > 0


def test_every_visit_is_counted_once_whoever_did_it_and_however_often_one_looks(centre: Centre) -> None:
    for number in (1, 2, 3):
        Packet(f"A-{number}", person=number).post(centre.client)
    centre.settle()
    read(centre)
    centre.print_all({OFFICE: 2})
    read(centre)
    samples = read(centre)
    events = centre.events()
    for stage, visits in (("validation", 3), ("matching", 3), ("personalisation", 3), ("printing", 2)):
        assert samples["stage_duration_seconds_count", stage] == samples["stage_wait_seconds_count", stage] == visits
        spent = sum(event.finished_at - event.started_at for event in events if event.stage == stage)
        assert samples["stage_duration_seconds_sum", stage] == pytest.approx(spent)


def test_many_who_look_at_once_count_a_visit_once(centre: Centre) -> None:
    for number in range(1, 5):
        Packet(f"A-{number}", person=number).post(centre.client)
    centre.settle()
    lookers = [threading.Thread(target=read, args=(centre,)) for _ in range(8)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    assert read(centre)["stage_duration_seconds_count", "personalisation"] == 4


def test_a_visit_committed_after_a_later_one_is_counted_too(centre: Centre, engine: Engine) -> None:
    visit = {"citizen": "A-1", "office": OFFICE, "stage": "matching", "server": "matcher", "outcome": "", "source": ""}
    times = {"entered_at": 1, "claimed_at": 2, "started_at": 3, "finished_at": 5}
    add = insert(stage_events).values(visit | times | {"version": "5.4", "phase": ""})
    with engine.connect() as slow, engine.connect() as quick:
        slow.execute(add)
        quick.execute(add)
        quick.commit()
        # Whether it waits for the slow one or counts later: never does it pass it over.
        assert read(centre).get(("stage_duration_seconds_count", "matching"), 0) == 0
        slow.commit()
    assert read(centre)["stage_duration_seconds_count", "matching"] == 2
    assert read(centre)["stage_duration_seconds_sum", "matching"] == 4


def test_visits_before_the_web_began_are_not_its_to_count(centre: Centre, settings: Settings) -> None:
    Packet("A-1").post(centre.client)
    centre.work()
    with serving(settings) as client:
        assert 'stage_duration_seconds_count{stage="validation"}' not in client.get("/metrics").text
    assert read(centre)["stage_duration_seconds_count", "validation"] == 1


def test_queues_upgrade_and_connections_are_gauges(centre: Centre, engine: Engine) -> None:
    for number in (1, 2):
        Packet(f"A-{number}", person=number).post(centre.client)
    with engine.begin() as connection:
        put_upgrade(connection, {"phase": "backfill", "rows_done": 40, "rows_total": 100})
    samples = read(centre)
    assert samples["queue_length_records", "validation"] == 2
    assert samples["queue_length_records", "printing"] == 0
    assert samples["queue_oldest_wait_seconds", "validation"] > 0
    assert samples["upgrade_phase_active", "backfill"] == 1
    assert (samples["upgrade_done_rows", "backfill"], samples["upgrade_expected_rows", "backfill"]) == (40, 100)
    assert samples["database_pool_connections", "most"] == centre.settings.web_connections
    assert samples["database_up", ""] == 1


def test_without_a_database_the_requests_are_told_all_the_same(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/nowhere"})
    with serving(nowhere) as client:
        client.get("/readyz")
        told = client.get("/metrics").text
    assert "database_up 0.0" in told
    assert 'http_request_duration_seconds_count{method="GET",route="/readyz",status="503"} 1.0' in told


def test_two_apps_count_apart(centre: Centre, settings: Settings) -> None:
    centre.client.get("/livez")
    with serving(settings) as client:
        assert 'route="/livez"' not in client.get("/metrics").text
    assert read(centre)["http_request_duration_seconds_count", "GET /livez 204"] == 1
