"""Packets from the offices."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Response, UploadFile
from pydantic import Json

from mock_server import features, store
from mock_server.audit import Action, Entry
from mock_server.idempotency import TheOnce
from mock_server.pipeline.permits import Permit, is_foreign
from mock_server.pipeline.versions import TEMPLATE_BYTES, Feature
from mock_server.problems import Problem, documented
from mock_server.routes.parts import Caller, Connection, TheFaults, VisibleRecord
from mock_server.schemas import EXAMPLE_ENROLLMENT, Enrollment, Receipt
from mock_server.store import NewRecord
from model.offices import all_offices

router = APIRouter()


@router.post(
    "/v1/enrollments",
    status_code=HTTPStatus.ACCEPTED,
    responses={
        HTTPStatus.OK.value: {"model": Receipt, "description": "Received before"},
        **documented(HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    },
)
async def receive_enrollment(
    connection: Connection,
    caller: Caller,
    once: TheOnce,
    faults: TheFaults,
    response: Response,
    record: Annotated[Json[Enrollment], Form(examples=[EXAMPLE_ENROLLMENT])],
    photo: UploadFile,
    template: UploadFile,
    biometrics: UploadFile,
) -> Receipt:
    """Take a packet: 202 once it is safe; 200 with the record's present status if it was received before.

    Somebody who is at home elsewhere, or a foreign resident, needs version 5.5.
    """
    caller.must_change(record.office)
    await faults.strike(connection, record.reference)
    packet = await read_packet(record, photo, template, biometrics)
    needed = features_of(record)
    version = await features.version_for(connection, record.office) if needed else None
    try:
        status, is_new = await store.receive(connection, packet)
    except store.UnknownOfficeError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"record.office: {error}") from error
    except store.TakenReferenceError as error:
        raise Problem(HTTPStatus.CONFLICT, str(error)) from error
    # What was received before stands, also after a downgrade; what is new is not committed yet.
    if version and is_new:
        features.must_have(version, needed)
    receipt = Receipt(reference=record.reference, status=status)
    response.status_code = HTTPStatus.ACCEPTED if is_new else HTTPStatus.OK
    detail = {"submitted_for": record.office, "new": is_new}
    entry = Entry(caller, Action.SUBMIT, record.reference, record.biodata.nik, detail)
    await once.commit(receipt, entry, response.status_code)
    return receipt


@router.post(
    "/v1/records/{reference}/recapture",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
)
async def recapture(
    connection: Connection,
    caller: Caller,
    once: TheOnce,
    faults: TheFaults,
    refused: VisibleRecord,
    record: Annotated[Json[Enrollment], Form(examples=[EXAMPLE_ENROLLMENT])],
    photo: UploadFile,
    template: UploadFile,
    biometrics: UploadFile,
) -> Receipt:
    """Take a refused record's new packet, from the office that sent the first: 202 once it is safe."""
    caller.must_change(refused.office)
    if record.reference != refused.reference:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "record.reference: not the one in the path")
    await faults.strike(connection, record.reference)
    packet = await read_packet(record, photo, template, biometrics)
    if needed := features_of(record):
        features.must_have(await features.version_for(connection, refused.office), needed)
    receipt = Receipt(reference=refused.reference, status=await store.receive_again(connection, packet))
    entry = Entry(caller, Action.RECAPTURE, refused.reference, refused.nik)
    await once.commit(receipt, entry, HTTPStatus.ACCEPTED)
    return receipt


async def read_packet(record: Enrollment, photo: UploadFile, template: UploadFile, biometrics: UploadFile) -> NewRecord:
    """Put a packet's parts together.

    Raises:
        Problem: 422, the template has another size, or the person's home is no office of the nation.
    """
    home = None if record.home == record.office else record.home
    if home is not None and home not in all_offices():
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"record.home: the nation has no office {home!r}")
    face = await template.read()
    if len(face) != TEMPLATE_BYTES:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"template: {len(face)} bytes instead of {TEMPLATE_BYTES} (512 float32, little endian)",
        )
    return NewRecord(
        record.reference,
        record.office,
        record.biodata.model_dump(),
        await photo.read(),
        face,
        await biometrics.read(),
        home,
        Permit(**record.permit.model_dump()) if record.permit else None,
        record.hold_print,
    )


def features_of(record: Enrollment) -> set[Feature]:
    """Return what the version must be able to do for this record, beyond what all can."""
    needed: set[Feature] = set()
    if record.home not in (None, record.office):
        needed.add(Feature.ENROLLMENT_AWAY)
    if record.permit is not None or is_foreign(record.biodata.nationality):
        needed.add(Feature.FOREIGN_RESIDENTS)
    return needed
