"""A centre for the tests: a database of its own, and its processes' steps, driven by hand."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from sqlalchemy import Engine, select

from mock_server.adapters.signer import EcdsaSigner
from mock_server.app import create_app
from mock_server.claims import Visit
from mock_server.database import make_engine
from mock_server.link import LinkProtocol
from mock_server.matcher import Matcher
from mock_server.pipeline.printing import PrintedCard
from mock_server.printers import exchange
from mock_server.settings import Settings
from mock_server.tables import stage_events
from mock_server.worker import make_worker, work_batch


class Centre:
    """The server without its processes: a test calls their steps one by one."""

    def __init__(self, settings: Settings, engine: Engine, client: httpx.Client) -> None:
        self.settings = settings
        self.engine = engine
        self.client = client
        self.signer = EcdsaSigner.load(settings.signing_key_file)
        self._worker = make_worker(settings, "worker-1")
        # A connection of the matcher's own, as it has one in life.
        self._matching_engine = make_engine(settings.database_url)
        self._matching = self._matching_engine.connect()
        self._matcher: Matcher | None = None

    def close(self) -> None:
        self._matching.close()
        self._matching_engine.dispose()

    def work(self) -> int:
        return work_batch(self.engine, self._worker)

    def match(self) -> int:
        if self._matcher is None:
            self._matcher = Matcher(self._matching, self.settings)
            self._matcher.load()
        return self._matcher.match_batch()

    def forget_gallery(self) -> None:
        """Start the matcher anew."""
        self._matcher = None

    def settle(self) -> None:
        """Work and match until nothing is left but printing."""
        while self.work() + self.match():
            pass

    def print_all(self, room: dict[str, int]) -> list[Visit]:
        """Print, in no time, what the offices' printers have room for."""
        with self.engine.connect() as connection:
            taken, _ = exchange(connection, [], room)
            printed = [
                (visit, PrintedCard(visit.reference, f"{visit.office}/printer-1", visit.claimed_s, visit.claimed_s + 1))
                for visit in taken
            ]
            exchange(connection, printed, {})
        return taken

    def record(self, reference: str) -> dict[str, Any]:
        answer = self.client.get(f"/v1/records/{reference}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def status(self, reference: str) -> str:
        return str(self.record(reference)["status"])

    def events(self, reference: str | None = None) -> list[Any]:
        query = select(stage_events).order_by(stage_events.c.id)
        if reference is not None:
            query = query.where(stage_events.c.citizen == reference)
        with self.engine.connect() as connection:
            return list(connection.execute(query))


@contextmanager
def serving(settings: Settings) -> Iterator[httpx.Client]:
    """The web application on a real uvicorn in a thread, and a client for it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(create_app(settings), http=LinkProtocol, log_level="warning", lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
