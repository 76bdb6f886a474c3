"""The terminal: an office's computer, as each of Locust's users has one, connected to the centre."""

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from locust.contrib.fasthttp import FastHttpUser

from loadtests.line import Line, Meter
from loadtests.permission import check_target
from loadtests.plan import LoadPlan, supervisor_of
from loadtests.targets import Adapter, Target, find_adapter
from loadtests.targets.mock import MockTarget

log = logging.getLogger(__name__)


class Terminal(FastHttpUser):
    """A user with a line to the centre: one connection, one request at a time."""

    abstract = True
    # Retries are the operator's, counted and bounded; the session itself makes none (Locust's default).
    connection_timeout = 5.0
    network_timeout = 60.0
    address: ClassVar[str | None] = None
    """The only server that is loaded, whatever Locust's web page is told; None for Locust's `--host`."""
    adapter: ClassVar[Adapter] = MockTarget
    meter: ClassVar[Meter] = Meter()
    keys: ClassVar[Mapping[str, str]] = {}
    """The offices' keys; given by the locustfile, like all of these."""
    target: Target
    """The centre as the office's operators reach it ..."""
    supervisor: Target
    """... and its supervisor, who may correct biodata and book deliveries."""

    def __init__(self, environment: Any) -> None:
        if self.address is not None:
            self.host = self.address
        super().__init__(environment)

    def connect(self, office: str) -> None:
        """Speak to the centre as this office from now on, all over one connection."""
        line, key = Line(self.client, self.meter), self.keys.get(office)
        self.target = self.adapter(line, key)
        self.supervisor = self.adapter(line, self.keys.get(supervisor_of(office), key))


def equip(plan: LoadPlan, address: str) -> None:
    """Give all terminals of this process what the plan says they need to speak to the server at `address`.

    Raises:
        PermissionDeniedError: the server may not be loaded.
        ValueError: there is no such adapter.
        OSError: the keys cannot be read.
    """
    check_target(address, plan.permitted_host)
    Terminal.address = address
    Terminal.adapter = staticmethod(find_adapter(plan.adapter))
    Terminal.meter = Meter(plan.max_requests_per_s)
    Terminal.keys = plan.read_keys()
