"""Packets from the offices."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Response, UploadFile
from pydantic import Json

from mock_server import store
from mock_server.pipeline.versions import TEMPLATE_BYTES
from mock_server.problems import Problem
from mock_server.routes.parts import Connection
from mock_server.schemas import Enrollment, Receipt, Reference
from mock_server.store import NewRecord

router = APIRouter()


@router.post("/v1/enrollments", status_code=HTTPStatus.ACCEPTED)
async def receive_enrollment(
    connection: Connection,
    response: Response,
    record: Annotated[Json[Enrollment], Form()],
    photo: UploadFile,
    template: UploadFile,
    biometrics: UploadFile,
) -> Receipt:
    """Take a packet: 202 once it is safe; 200 with the record's present status if it was received before."""
    packet = await read_packet(record, photo, template, biometrics)
    try:
        status, is_new = await store.receive(connection, packet)
    except store.UnknownOfficeError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"record.office: {error}") from error
    await connection.commit()
    if not is_new:
        response.status_code = HTTPStatus.OK
    return Receipt(reference=record.reference, status=status)


@router.post("/v1/records/{reference}/recapture", status_code=HTTPStatus.ACCEPTED)
async def recapture(
    connection: Connection,
    reference: Reference,
    record: Annotated[Json[Enrollment], Form()],
    photo: UploadFile,
    template: UploadFile,
    biometrics: UploadFile,
) -> Receipt:
    """Take a refused record's new packet, from the office that sent the first: 202 once it is safe."""
    if record.reference != reference:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "record.reference: not the one in the path")
    packet = await read_packet(record, photo, template, biometrics)
    status = await store.receive_again(connection, packet)
    await connection.commit()
    return Receipt(reference=reference, status=status)


async def read_packet(record: Enrollment, photo: UploadFile, template: UploadFile, biometrics: UploadFile) -> NewRecord:
    """Put a packet's parts together.

    Raises:
        Problem: 422, the template has another size.
    """
    face = await template.read()
    if len(face) != TEMPLATE_BYTES:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"template: {len(face)} bytes instead of {TEMPLATE_BYTES} (512 float32, little endian)",
        )
    return NewRecord(
        record.reference, record.office, record.biodata.model_dump(), await photo.read(), face, await biometrics.read()
    )
