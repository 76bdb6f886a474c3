"""The main path through HTTP: a packet becomes a card in a citizen's hand."""

import io
import json
from base64 import b64decode, urlsafe_b64decode
from itertools import pairwise

import zxingcpp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from tests.mock_server.centre import Centre
from tests.mock_server.packets import OFFICE, OTHER_OFFICE, Packet, face, resembling


def public_key(centre: Centre) -> ec.EllipticCurvePublicKey:
    key = serialization.load_pem_public_key(centre.client.get("/v1/signing-key").content)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def test_a_packet_becomes_an_issued_card(centre: Centre) -> None:
    receipt = Packet("A-1").post(centre.client)
    assert (receipt.status_code, receipt.json()) == (202, {"reference": "A-1", "status": "RECEIVED_AT_CENTRAL"})

    assert centre.work() == 1
    assert centre.record("A-1")["stage"] == "matching"
    assert centre.match() == 1
    assert centre.status("A-1") == "PRINT_READY_RECORD"
    assert centre.work() == 1
    assert centre.status("A-1") == "SENT_FOR_CARD_PRINTING"
    centre.print_all({OFFICE: 1})
    assert centre.status("A-1") == "CARD_PRINTED"
    handed = centre.client.post("/v1/records/A-1/handover")
    assert (handed.status_code, handed.json()["status"]) == (200, "CARD_ISSUED")

    events = centre.events("A-1")
    assert [(event.stage, event.outcome, event.server) for event in events] == [
        ("validation", "RECEIVED_AT_CENTRAL", "worker-1"),
        ("matching", "PRINT_READY_RECORD", "matcher"),
        ("personalisation", "SENT_FOR_CARD_PRINTING", "worker-1"),
        ("printing", "CARD_PRINTED", f"{OFFICE}/printer-1"),
    ]
    for event in events:
        assert event.entered_at <= event.claimed_at <= event.started_at < event.finished_at
        assert (event.office, event.source, event.version, event.phase) == (OFFICE, "server", "5.4", "")
    for event, following in pairwise(events):
        assert following.entered_at == event.finished_at


def test_the_chip_verifies_with_the_public_key_and_a_changed_one_does_not(centre: Centre) -> None:
    Packet("A-1", person=7).post(centre.client)
    centre.settle()
    card = centre.client.get("/v1/records/A-1/card").json()
    payload = b64decode(card["payload"])
    assert len(payload) <= 8192
    public_key(centre).verify(b64decode(card["signature"]), payload, ec.ECDSA(hashes.SHA256()))
    content = json.loads(payload)
    assert content["number"] == card["number"]
    assert content["biodata"]["nik"] == card["nik"] == "3507124801900007"
    assert len(content["fingerprints"]) == 2
    assert Image.open(io.BytesIO(b64decode(content["photo"]))).format == "JPEG"
    assert not centre.signer.verify(payload.replace(b"SITI", b"BUDI"), b64decode(card["signature"]))


def test_the_front_is_an_id_1_card_at_300_dpi_whose_qr_code_reads_back_and_verifies(centre: Centre) -> None:
    Packet("A-1").post(centre.client)
    centre.settle()
    answer = centre.client.get("/v1/records/A-1/card/front.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    front = Image.open(io.BytesIO(answer.content))
    assert front.size == (1011, 638)
    assert tuple(round(float(dots)) for dots in front.info["dpi"]) == (300, 300)
    code = zxingcpp.read_barcode(front)
    assert code is not None
    number, nik, signature = code.text.split(".")
    assert number == centre.client.get("/v1/records/A-1/card").json()["number"]
    assert nik == "3507124801900001"
    signature += "=" * (-len(signature) % 4)
    public_key(centre).verify(urlsafe_b64decode(signature), f"{number}.{nik}".encode(), ec.ECDSA(hashes.SHA256()))


def test_a_planted_duplicate_is_found_and_names_whom_it_duplicates(centre: Centre) -> None:
    Packet("A-1", person=1).post(centre.client)
    centre.settle()
    Packet("A-2", person=2, template=resembling(face(1), 0.95)).post(centre.client)
    Packet("A-3", person=3, template=resembling(face(1), 0.70, seed=98)).post(centre.client)
    Packet("A-4", person=4, template=resembling(face(1), 0.50, seed=97)).post(centre.client)
    centre.settle()
    found = {reference: centre.record(reference) for reference in ("A-2", "A-3", "A-4")}
    assert [record["status"] for record in found.values()] == [
        "DUPLICATE_RECORD",
        "ADJUDICATE_RECORD",
        "SENT_FOR_CARD_PRINTING",
    ]
    assert [record["duplicate_of"] for record in found.values()] == ["3507124801900001", "3507124801900001", None]
    assert found["A-2"]["reasons"] == ["cosine 0.950 with an enrolled face"]


def test_in_version_5_4_a_duplicate_in_another_office_goes_unseen(centre: Centre) -> None:
    Packet("A-1", person=1).post(centre.client)
    Packet("B-1", person=2, office=OTHER_OFFICE, template=face(1)).post(centre.client)
    centre.settle()
    assert centre.status("A-1") == centre.status("B-1") == "SENT_FOR_CARD_PRINTING"


def test_a_bad_photo_fails_with_the_reason(centre: Centre) -> None:
    Packet("A-1", photo=b"no JPEG").post(centre.client)
    centre.settle()
    record = centre.record("A-1")
    assert (record["status"], record["stage"]) == ("ENROLL_FAILURE_AT_CENTRAL", None)
    assert record["reasons"] == ["photo: not a readable JPEG"]
    assert [event.outcome for event in centre.events("A-1")] == ["ENROLL_FAILURE_AT_CENTRAL"]


def test_two_copies_of_one_person_are_not_both_accepted(centre: Centre) -> None:
    for number in (1, 2):
        Packet(f"A-{number}", person=number, template=face(1)).post(centre.client)
    while centre.work():
        pass
    assert centre.match() == 2, "both in one batch"
    assert [centre.status("A-1"), centre.status("A-2")] == ["PRINT_READY_RECORD", "DUPLICATE_RECORD"]
    assert centre.record("A-2")["duplicate_of"] == "3507124801900001"


def test_a_nik_with_another_face_is_left_to_a_person(centre: Centre) -> None:
    for number in (1, 2, 3):
        Packet(f"A-{number}", person=1, template=face(number)).post(centre.client)
        if number == 1:
            centre.settle()
    centre.settle()
    assert centre.status("A-1") == "SENT_FOR_CARD_PRINTING"
    for reference in ("A-2", "A-3"):
        record = centre.record(reference)
        assert (record["status"], record["duplicate_of"]) == ("ADJUDICATE_RECORD", "3507124801900001")
