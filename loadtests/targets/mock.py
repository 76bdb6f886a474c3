"""The adapter to the project's own mock server; its HTTP is described in mock_server/README.md."""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from loadtests.line import Line
from loadtests.people import Packet
from loadtests.targets import DECIDED, Correction, Replacement, Standing, TargetError
from model.offices import zone_of
from model.stages import Status

# Fixed, so that a packet is always the same bytes; 128 random bits do not turn up in a packet's noise.
BOUNDARY = b"antrean-6f1c2a9be04d47c58a3b71e9d20c5f84"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY.decode()}"
LIST_LIMIT = 10_000
ROLLED_OUT = "5.5"
"""What runs in the zones that a rolling upgrade has upgraded already."""


class MockTarget:
    """The mock server, over a line whose statistics bear the routes' names."""

    def __init__(self, line: Line, key: str | None = None) -> None:
        """Speak over the line with an office's key, if the server asks for one."""
        self._line = line
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def log_in(self, operator: str, password: str) -> None:
        """Open a session: its token is shown in place of the key from then on."""
        login = {"operator": operator, "password": password}
        session = self._ask("POST", "/v1/sessions", "/v1/sessions", json=login)
        self._headers = {"Authorization": f"Bearer {session['token']}"}

    def submit(self, packet: Packet) -> Status:
        """Send a packet: 202 when it is new, 200 when the server has it already."""
        answer = self._ask("POST", "/v1/enrollments", "/v1/enrollments", MULTIPART, data=multipart(packet))
        return Status(answer["status"])

    def replace(self, replacement: Replacement) -> Status:
        """Ask for a card anew: 202 when it is new, 200 when it was asked for already."""
        letter = replacement.police_letter
        asked = {
            "reference": replacement.reference,
            "nik": replacement.nik,
            "office": replacement.office,
            "reason": "lost" if replacement.lost else "damaged",
            "hold_print": replacement.hold_print,
            "police_letter": {"number": letter.number, "date": letter.written.isoformat()} if letter else None,
        }
        return Status(self._ask("POST", "/v1/replacements", "/v1/replacements", json=asked)["status"])

    def correct(self, correction: Correction) -> None:
        """Correct a resident's biodata, which takes a supervisor's key; what is so already stays as it is."""
        changes = {correction.field: correction.value, "reason": correction.reason}
        self._ask("PATCH", f"/v1/residents/{correction.nik}", "/v1/residents/{nik}", json=changes)

    def decided(self, office: str, since_wall_s: float) -> list[Standing]:
        """List the office's printed and refused records."""
        query = [("office", office), ("since", str(since_wall_s)), ("limit", str(LIST_LIMIT))]
        query += [("status", status) for status in sorted(DECIDED)]
        rows = self._ask("GET", f"/v1/records?{urlencode(query)}", "/v1/records?office={office}")
        return [Standing(row["reference"], Status(row["status"]), row["since"]) for row in rows]

    def status(self, reference: str) -> Status:
        """Read a record."""
        return Status(self._ask("GET", f"/v1/records/{reference}", "/v1/records/{reference}")["status"])

    def hand_over(self, reference: str) -> None:
        """Hand a card over."""
        self._ask("POST", f"/v1/records/{reference}/handover", "/v1/records/{reference}/handover")

    def version(self, office: str) -> str | None:
        """Read the version, which during a rolling upgrade is that of the office's zone."""
        software = self._ask("GET", "/v1/version", "/v1/version")
        return ROLLED_OUT if zone_of(office) in software["upgraded_zones"] else str(software["version"])

    def switch_printers(self, office: str, on: bool) -> None:
        """Switch an office's printers."""
        self._ask("PUT", f"/v1/offices/{office}/printers", "/v1/offices/{office}/printers", json={"on": on})

    def print_held(self, office: str) -> int:
        """Release the held cards that the office lists."""
        path = f"/v1/offices/{office}/held-cards"
        held = self._ask("GET", f"{path}?limit={LIST_LIMIT}", "/v1/offices/{office}/held-cards")
        if not held:
            return 0
        references = {"references": [row["reference"] for row in held]}
        released = self._ask("POST", f"{path}/print", "/v1/offices/{office}/held-cards/print", json=references)
        return len(released["released"])

    def deliver(self, office: str, blanks: int, delivery: str) -> None:
        """Book a delivery; its name is the request's idempotency key. Takes a supervisor's key."""
        path, name = f"/v1/offices/{office}/stock", "/v1/offices/{office}/stock"
        self._ask("POST", path, name, once=delivery, json={"blanks": blanks})

    def _ask(
        self,
        method: str,
        path: str,
        name: str,
        content_type: str | None = None,
        once: str | None = None,
        **options: Any,
    ) -> Any:
        more = {"Content-Type": content_type, "Idempotency-Key": once}
        headers = self._headers | {field: value for field, value in more.items() if value is not None}
        response = self._line.request(method, path, name=name, headers=headers, **options)
        code = response.status_code
        if not code:
            # Only a response that never came has an `error`.
            raise TargetError(f"{method} {name}: {getattr(response, 'error', None)!r}", passing=True)
        if not 200 <= code < 300:
            passing = code >= HTTPStatus.INTERNAL_SERVER_ERROR or code == HTTPStatus.TOO_MANY_REQUESTS
            raise TargetError(f"{method} {name}: {code} {response.text}", passing=passing)
        try:
            return json.loads(response.content or b"")
        except ValueError:
            # The connection broke within the answer, or a proxy answered in the server's place.
            raise TargetError(f"{method} {name}: {code}, but the body is no JSON", passing=True) from None


def multipart(packet: Packet) -> bytes:
    """Return a packet as the body of the server's multipart form; its Content-Type is `MULTIPART`."""
    record: dict[str, Any] = {"reference": packet.reference, "office": packet.office, "biodata": packet.biodata}
    if packet.hold_print:
        record["hold_print"] = True
    if packet.permit is not None:
        permit = packet.permit
        record["permit"] = {"kind": "KITAP", "number": permit.number, "expires": permit.expires.isoformat()}
    return b"".join(
        (
            _part(b'name="record"', b"application/json", json.dumps(record).encode()),
            _part(b'name="photo"; filename="photo.jpg"', b"image/jpeg", packet.photo),
            _part(b'name="template"; filename="template.bin"', b"application/octet-stream", packet.template),
            _part(b'name="biometrics"; filename="biometrics.bin"', b"application/octet-stream", packet.biometrics),
            b"--" + BOUNDARY + b"--\r\n",
        )
    )


def _part(disposition: bytes, content_type: bytes, content: bytes) -> bytes:
    head = b"--%b\r\nContent-Disposition: form-data; %b\r\nContent-Type: %b\r\n\r\n"
    return head % (BOUNDARY, disposition, content_type) + content + b"\r\n"
