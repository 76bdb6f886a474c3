"""A stand-in for the card-management server: its HTTP without its pipeline; stalls and failures on demand."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import uvicorn
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from model.stages import Status


class StubServer:
    """Takes packets, prints their cards after a while, refuses faces it has seen."""

    def __init__(self) -> None:
        self.host = ""
        self.printed_after_s = 0.05
        self.stalls_wall_s = (0.0, 0.0)
        """Between these moments nothing is answered."""
        self.refuses_every = 0
        """Of the packets sent, every so-manieth is answered with 503 and not taken."""
        self.loses_every = 0
        """Of the packets sent, every so-manieth is taken and answered with 500."""
        self.loses_handovers_every = 0
        self.refuses_logins = False
        self.logins: list[str] = []
        self.received: dict[str, float] = {}
        self.issued: list[str] = []
        self.packet_bytes: list[int] = []
        self.replacements: dict[str, dict[str, Any]] = {}
        """What was ordered anew, by reference."""
        self.corrections: dict[str, dict[str, str]] = {}
        """What was corrected, by NIK."""
        self.refuses_replacements = False
        self.version = "5.5"
        self.upgraded_zones: list[str] = []
        self.version_looks = 0
        self.printers_on: dict[str, bool] = {}
        """What the offices said last; it prints all the same."""
        self.sendings = 0
        self.handovers = 0
        self.shown: set[tuple[str, str, str | None]] = set()
        """(method and path's beginning, office, Authorization header) of the requests."""
        self._duplicates: set[str] = set()
        self._faces: list[NDArray[np.float32]] = []
        self._office: dict[str, str] = {}

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/sessions", self._log_in, methods=["POST"]),
                Route("/v1/enrollments", self._enroll, methods=["POST"]),
                Route("/v1/replacements", self._replace, methods=["POST"]),
                Route("/v1/residents/{nik}", self._correct, methods=["PATCH"]),
                Route("/v1/version", self._tell_version),
                Route("/v1/offices/{code}/printers", self._switch, methods=["PUT"]),
                Route("/v1/records", self._list),
                Route("/v1/records/{reference}", self._read),
                Route("/v1/records/{reference}/handover", self._hand_over, methods=["POST"]),
            ]
        )

    def _status(self, reference: str) -> tuple[Status, float]:
        if reference in self.issued:
            return Status.CARD_ISSUED, self.received[reference]
        decided_s = self.received[reference] + self.printed_after_s
        if time.time() < decided_s:
            return Status.RECEIVED_AT_CENTRAL, self.received[reference]
        return Status.DUPLICATE_RECORD if reference in self._duplicates else Status.CARD_PRINTED, decided_s

    def _note(self, request: Request, office: str) -> None:
        self.shown.add((f"{request.method} {request.url.path[:11]}", office, request.headers.get("authorization")))

    async def _stall(self) -> None:
        begins_s, ends_s = self.stalls_wall_s
        if begins_s <= time.time() < ends_s:
            await asyncio.sleep(ends_s - time.time())

    async def _log_in(self, request: Request) -> JSONResponse:
        if self.refuses_logins:
            return JSONResponse({"title": "Forbidden", "status": 403}, 403)
        operator = (await request.json())["operator"]
        self.logins.append(operator)
        return JSONResponse({"operator": operator, "token": "ans_stub", "expires_at": 9e9}, 201)

    async def _enroll(self, request: Request) -> JSONResponse:
        await self._stall()
        self.sendings += 1
        if self.refuses_every and self.sendings % self.refuses_every == 0:
            return JSONResponse({"title": "Service Unavailable", "status": 503}, 503)
        async with request.form() as form:
            parts = {name: await part.read() for name, part in form.items() if isinstance(part, UploadFile)}
            record = json.loads(str(form["record"]))
        self._note(request, record["office"])
        self.packet_bytes.append(int(request.headers["content-length"]))
        self._take(record["reference"], record["office"], parts["template"])
        if self.loses_every and self.sendings % self.loses_every == 0:
            return JSONResponse({"title": "Internal Server Error", "status": 500}, 500)
        return JSONResponse({"reference": record["reference"], "status": self._status(record["reference"])[0]}, 202)

    async def _replace(self, request: Request) -> JSONResponse:
        await self._stall()
        asked = await request.json()
        self._note(request, asked["office"])
        if self.refuses_replacements:
            return JSONResponse({"title": "Conflict", "status": 409}, 409)
        self.replacements[asked["reference"]] = asked
        self.received.setdefault(asked["reference"], time.time())
        self._office[asked["reference"]] = asked["office"]
        return JSONResponse({"reference": asked["reference"], "status": self._status(asked["reference"])[0]}, 202)

    async def _correct(self, request: Request) -> JSONResponse:
        self.corrections[request.path_params["nik"]] = await request.json()
        return JSONResponse({})

    async def _switch(self, request: Request) -> JSONResponse:
        self.printers_on[request.path_params["code"]] = (await request.json())["on"]
        return JSONResponse({})

    async def _tell_version(self, _: Request) -> JSONResponse:
        self.version_looks += 1
        return JSONResponse({"version": self.version, "upgraded_zones": self.upgraded_zones})

    def _take(self, reference: str, office: str, template: bytes) -> None:
        if reference in self.received:
            return
        face = np.frombuffer(template, dtype="<f4")
        if any(float(face @ known) > 0.8 for known in self._faces):
            self._duplicates.add(reference)
        self._faces.append(face)
        self.received[reference] = time.time()
        self._office[reference] = office

    async def _list(self, request: Request) -> JSONResponse:
        await self._stall()
        self._note(request, request.query_params["office"])
        wanted = request.query_params.getlist("status")
        since_s = float(request.query_params["since"])
        standings = [
            (reference, *self._status(reference))
            for reference in self.received
            if self._office[reference] == request.query_params["office"]
        ]
        return JSONResponse(
            [
                {"reference": reference, "status": status, "since": began_s}
                for reference, status, began_s in standings
                if status in wanted and began_s >= since_s
            ]
        )

    async def _read(self, request: Request) -> JSONResponse:
        await self._stall()
        reference = request.path_params["reference"]
        self._note(request, self._office[reference])
        status, since_s = self._status(reference)
        return JSONResponse({"reference": reference, "status": status, "since": since_s})

    async def _hand_over(self, request: Request) -> JSONResponse:
        await self._stall()
        reference = request.path_params["reference"]
        self._note(request, self._office[reference])
        self.handovers += 1
        if self._status(reference)[0] is not Status.CARD_PRINTED:
            return JSONResponse({"title": "Conflict", "status": 409}, 409)
        self.issued.append(reference)
        if self.loses_handovers_every and self.handovers % self.loses_handovers_every == 0:
            return JSONResponse({"title": "Internal Server Error", "status": 500}, 500)
        return JSONResponse({"reference": reference, "status": Status.CARD_ISSUED})


@contextmanager
def serving() -> Iterator[StubServer]:
    """Run a stub server on a free port of this machine."""
    stub = StubServer()
    config = uvicorn.Config(stub.app(), host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        stub.host = f"http://127.0.0.1:{port}"
        yield stub
    finally:
        server.should_exit = True
        thread.join()
