"""The sender: a terminal of an open load, which asks for what the next citizen due came for, once."""

from typing import ClassVar

from locust import task

from loadtests.open_load import OpenLoad
from loadtests.targets import TargetError
from loadtests.terminal import Terminal


class Sender(Terminal):
    """Sends one thing at a time; what fails is not sent again, so that the rate stays the one that was set."""

    load: ClassVar[OpenLoad]
    """Given by `staff`: Locust makes its users itself."""

    @classmethod
    def staff(cls, load: OpenLoad) -> None:
        """Let all users work for this load."""
        cls.load = load

    @task
    def send(self) -> None:
        """Wait for a citizen to arrive and send the packet or order."""
        load, record = self.load, self.load.record
        citizen = load.waiting.get()
        now_s = load.clock.now_s
        self.connect(citizen.office)
        ask = load.errands.prepare(citizen)
        server = f"{citizen.office}/sender"
        record.sent()
        sent_s = now_s()
        load.start_lag.add(sent_s - citizen.arrival_s)
        try:
            ask(self.target, self.supervisor)
        except TargetError:
            ended_s = now_s()
            record.failed_request(ended_s - sent_s, False)
            record.gave_up(citizen, citizen.arrival_s, sent_s, ended_s, server)
        else:
            record.submission(citizen, citizen.arrival_s, sent_s, now_s(), server)
