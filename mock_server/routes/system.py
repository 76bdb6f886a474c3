"""The system: its queues, its version, its health."""

import time
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from mock_server import store
from mock_server.routes.parts import Connection
from mock_server.schemas import Queue, Software, UpgradePhase
from model.stages import CENTRAL_STAGES, Stage

router = APIRouter()


@router.get(
    "/v1/queues",
    responses={
        HTTPStatus.OK.value: {
            "content": {"application/json": {"example": {"validation": {"waiting": 12, "oldest_wait_s": 1.5}}}}
        }
    },
)
async def count_queues(connection: Connection) -> dict[Stage, Queue]:
    """Count the records that wait for each stage."""
    queues = await store.count_queues(connection)
    now = time.time()
    return {
        stage: Queue(waiting=count, oldest_wait_s=max(0.0, now - first))
        for stage in (*CENTRAL_STAGES, Stage.PRINTING)
        for count, first in (queues.get(stage, (0, now)),)
    }


@router.get("/v1/version")
async def read_version(connection: Connection) -> Software:
    """Tell the software's version and how far an upgrade is."""
    software, phases = await store.find_software(connection)
    return Software(
        version=software.version,
        upgraded_zones=software.upgraded_zones,
        phase=software.phase,
        upgrade=[UpgradePhase.of(phase) for phase in phases],
    )


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={HTTPStatus.OK.value: {"content": {"text/plain": {"example": "database_up 1.0\n"}}}},
)
async def read_metrics(request: Request) -> Response:
    """Tell Prometheus about requests, stages, queues, the upgrade and the database pool."""
    state = request.app.state
    return Response(await state.metrics.expose(state.engine), media_type=CONTENT_TYPE_LATEST)


@router.get("/livez", status_code=HTTPStatus.NO_CONTENT)
def is_alive() -> Response:
    """Answer while the process lives."""
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/readyz", status_code=HTTPStatus.NO_CONTENT)
async def is_ready(request: Request, connection: Connection) -> Response:
    """Answer 204 while the database does; 503 otherwise, as every route. A full disk counts until a write succeeds."""
    await store.find_software(connection)
    if request.app.state.disk_full:
        await store.try_room(connection)
        request.app.state.disk_full = False
    return Response(status_code=HTTPStatus.NO_CONTENT)
