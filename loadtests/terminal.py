"""The terminal: an office's computer, as each of Locust's users has one, connected to the centre."""

import logging
from collections.abc import Mapping
from typing import ClassVar

from locust.contrib.fasthttp import FastHttpUser

from loadtests.targets import Target
from loadtests.targets.mock import MockTarget

log = logging.getLogger(__name__)


class Terminal(FastHttpUser):
    """A user with a line to the centre: one connection, one request at a time."""

    abstract = True
    # Retries are the operator's, counted and bounded; the session itself makes none (Locust's default).
    connection_timeout = 5.0
    network_timeout = 60.0
    keys: ClassVar[Mapping[str, str]] = {}
    """The offices' keys; given by the locustfile."""
    target: Target

    def connect(self, office: str) -> None:
        """Speak to the centre as this office from now on."""
        self.target = MockTarget(self.client, self.keys.get(office))
