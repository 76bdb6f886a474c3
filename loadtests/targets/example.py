"""An example of an adapter, to begin your own with: a server with other paths, other words and another JSON.

    POST /api/applications               {"id", "branch", "applicant": {...}, "portrait": base64, ...}   -> {"state"}
    POST /api/duplicates                 {"id", "branch", "holder"}                                     -> {"state"}
    PATCH /api/holders/HOLDER            {"address": "..."}
    GET  /api/applications/ID                                                                           -> {"state"}
    GET  /api/branches/CODE/applications?state=READY,...   -> {"items": [{"id", "state", "changed": ISO 8601}, ...]}
    PUT  /api/applications/ID/collected
    POST /api/tickets                    {"user", "password"}                                           -> {"ticket"}

It prints every card as soon as it can, on printers of its own. So the adapter has none of the methods of
`loadtests.targets.PrintRoom`, and a packet's `hold_print` goes nowhere.

Its key goes into the header X-Api-Key, a ticket into X-Ticket. tests/loadtests/foreign_stub.py is such a server.
"""

import json
from base64 import b64encode
from datetime import datetime
from typing import Any

from loadtests.line import Line
from loadtests.people import Packet
from loadtests.targets import Correction, Replacement, Standing, TargetError
from model.stages import Status

STATES = {
    "QUEUED": Status.RECEIVED_AT_CENTRAL,
    "IN_PRINT": Status.SENT_FOR_CARD_PRINTING,
    "READY": Status.CARD_PRINTED,
    "COLLECTED": Status.CARD_ISSUED,
    "TWICE": Status.DUPLICATE_RECORD,
}
"""The server's word for each status; several words may mean the same."""


class ExampleTarget:
    """A foreign server as one office's computer reaches it; see `loadtests.targets.Target` for what each method is."""

    def __init__(self, line: Line, key: str | None = None) -> None:
        """Speak over the line with a branch's key."""
        self._line = line
        self._headers = {"X-Api-Key": key} if key else {}

    def log_in(self, operator: str, password: str) -> None:
        """Get a ticket; leave this method out for a server at which nobody logs in."""
        ticket = self._ask("POST", "/api/tickets", "/api/tickets", json={"user": operator, "password": password})
        self._headers = self._headers | {"X-Ticket": ticket["ticket"]}

    def submit(self, packet: Packet) -> Status:
        """Send an application; the server takes the same one again."""
        application = {
            "id": packet.reference,
            "branch": packet.office,
            "applicant": packet.biodata,
            "portrait": b64encode(packet.photo).decode(),
            "face": b64encode(packet.template).decode(),
            "fingers": b64encode(packet.biometrics).decode(),
        }
        return STATES[self._ask("POST", "/api/applications", "/api/applications", json=application)["state"]]

    def replace(self, replacement: Replacement) -> Status:
        """Order a duplicate of a card."""
        order = {"id": replacement.reference, "branch": replacement.office, "holder": replacement.nik}
        return STATES[self._ask("POST", "/api/duplicates", "/api/duplicates", json=order)["state"]]

    def correct(self, correction: Correction) -> None:
        """Put a holder's data right."""
        right = {correction.field: correction.value}
        self._ask("PATCH", f"/api/holders/{correction.nik}", "/api/holders/{holder}", json=right)

    def decided(self, office: str, since_wall_s: float) -> list[Standing]:
        """List a branch's cards to collect and double applications."""
        path = f"/api/branches/{office}/applications"
        items = self._ask("GET", f"{path}?state=READY,TWICE", "/api/branches/{office}/applications")["items"]
        standings = [
            Standing(item["id"], STATES[item["state"]], datetime.fromisoformat(item["changed"]).timestamp())
            for item in items
        ]
        return [standing for standing in standings if (standing.since_wall_s or 0.0) >= since_wall_s]

    def status(self, reference: str) -> Status:
        """Read an application."""
        return STATES[self._ask("GET", f"/api/applications/{reference}", "/api/applications/{id}")["state"]]

    def hand_over(self, reference: str) -> None:
        """Note that the card was collected."""
        self._ask("PUT", f"/api/applications/{reference}/collected", "/api/applications/{id}/collected")

    def version(self, office: str) -> str | None:  # noqa: ARG002 - other servers' versions differ by office
        """Say nothing: this server has offered the same since it exists."""
        return None

    def _ask(self, method: str, path: str, name: str, **options: Any) -> Any:
        response = self._line.request(method, path, name=name, headers=self._headers, **options)
        code = response.status_code
        if not 200 <= code < 300:
            # No answer, too many requests and the server's own failures may pass.
            raise TargetError(f"{method} {name}: {code} {response.text}", passing=code in {0, 429} or code >= 500)
        try:
            return json.loads(response.content or b"null")
        except ValueError:
            raise TargetError(f"{method} {name}: {code}, but the body is no JSON", passing=True) from None
