"""A stand-in for a foreign card server, which speaks as loadtests/targets/example.py describes."""

import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

READY_AFTER_S = 0.05


class ForeignServer:
    """Takes applications; refuses what is sent again under another number."""

    def __init__(self) -> None:
        self.host = ""
        self.received: dict[str, float] = {}
        self.collected: list[str] = []
        self.duplicates: dict[str, str] = {}
        self.amended: dict[str, dict[str, str]] = {}
        self.keys: set[str | None] = set()
        self.fails_next: list[Response] = []
        """Answers given in place of the next ones."""
        self._branch: dict[str, str] = {}
        self._twice: set[str] = set()
        self._faces: set[bytes] = set()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/applications", self._apply, methods=["POST"]),
                Route("/api/duplicates", self._duplicate, methods=["POST"]),
                Route("/api/holders/{holder}", self._amend, methods=["PATCH"]),
                Route("/api/applications/{id}", self._read),
                Route("/api/branches/{code}/applications", self._list),
                Route("/api/applications/{id}/collected", self._collect, methods=["PUT"]),
            ]
        )

    def _state(self, reference: str) -> str:
        if reference in self.collected:
            return "COLLECTED"
        if time.time() < self.received[reference] + READY_AFTER_S:
            return "QUEUED"
        return "TWICE" if reference in self._twice else "READY"

    async def _apply(self, request: Request) -> Response:
        if self.fails_next:
            return self.fails_next.pop()
        self.keys.add(request.headers.get("x-api-key"))
        said = await request.json()
        assert b64decode(said["portrait"]).startswith(b"\xff\xd8"), "no JPEG"
        face = b64decode(said["face"])
        if said["id"] not in self.received:
            if face in self._faces:
                self._twice.add(said["id"])
            self._faces.add(face)
            self.received[said["id"]] = time.time()
            self._branch[said["id"]] = said["branch"]
        return JSONResponse({"state": self._state(said["id"])})

    async def _duplicate(self, request: Request) -> Response:
        said = await request.json()
        self.duplicates[said["id"]] = said["holder"]
        self.received.setdefault(said["id"], time.time())
        self._branch[said["id"]] = said["branch"]
        return JSONResponse({"state": self._state(said["id"])})

    async def _amend(self, request: Request) -> Response:
        self.amended[request.path_params["holder"]] = await request.json()
        return Response(status_code=204)

    async def _read(self, request: Request) -> Response:
        reference = request.path_params["id"]
        if reference not in self.received:
            return JSONResponse({"message": "unknown"}, 404)
        return JSONResponse({"state": self._state(reference)})

    async def _list(self, request: Request) -> Response:
        wanted = request.query_params["state"].split(",")
        return JSONResponse(
            {
                "items": [
                    {"id": reference, "state": state, "changed": datetime.fromtimestamp(at_s, UTC).isoformat()}
                    for reference, at_s in self.received.items()
                    if self._branch[reference] == request.path_params["code"]
                    and (state := self._state(reference)) in wanted
                ]
            }
        )

    async def _collect(self, request: Request) -> Response:
        self.collected.append(request.path_params["id"])
        return JSONResponse({})


def redirect(url: str) -> Response:
    return RedirectResponse(url)


@contextmanager
def serving_foreign() -> Iterator[ForeignServer]:
    """Run it on a free port of this machine."""
    stub = ForeignServer()
    config = uvicorn.Config(stub.app(), host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        stub.host = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        yield stub
    finally:
        server.should_exit = True
        thread.join()
