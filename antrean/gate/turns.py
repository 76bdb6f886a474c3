"""A turn: one server gets a fixed piece of work at once and does it as fast as it can; what it took is measured.

The citizens of a turn are due a few milliseconds apart, faster than a server can serve them, and each is sent over a
connection of its own: none waits for another, so what one is late is the generator's doing alone. A citizen's time
counts from when its packet was due to when the centre had the card printed, whatever stood in between.
"""

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from antrean.gate.contender import Contender
from antrean.gate.cpu_clock import CpuMeter, workers_among
from loadtests.line import Line, Meter
from loadtests.people import Packet
from loadtests.plain_session import PlainSession
from loadtests.targets import TargetError

EVERY_S = 0.002
"""Between two citizens: 500 a second, several times what two cores can do."""
LEAD_S = 0.01
DONE_WITHIN_S = 60.0


class Turn(NamedTuple):
    """What a piece of work took a server."""

    cards: int
    requests: int
    wall_s: float
    """From the first citizen's due moment to the last card."""
    cpu_s: float
    """Of all its processes and its database; not a number where they are not to be seen."""
    steps_cpu_s: float
    """Of its workers alone, in which the pipeline's steps are done; not a number where there are none to be seen."""
    latencies_s: tuple[float, ...]
    lag_s: float
    """How late the generator itself was, at the worst."""
    failed: int


class Desk:
    """The connections to one server, a thread each."""

    def __init__(self, contender: Contender, citizens: int) -> None:
        """Be ready to send so many citizens at a time."""
        self._contender = contender
        self._sessions = [PlainSession(contender.url) for _ in range(citizens)]
        # A meter each: threads that count together lose counts.
        self._meters = [Meter() for _ in self._sessions]
        self._lines = [Line(session, meter) for session, meter in zip(self._sessions, self._meters, strict=True)]
        self._threads = ThreadPoolExecutor(citizens, thread_name_prefix=f"sends to {contender.side}")
        self._cpu = CpuMeter(contender.roots)
        self._steps_cpu = CpuMeter(workers_among(contender.roots))

    def play(self, packets: Sequence[Packet]) -> Turn:
        """Send the packets and wait for the cards.

        Raises:
            TimeoutError: cards are missing after `DONE_WITHIN_S`.
            ProcessError: a process of the server ended.
        """
        requests_before = self._requests()
        self._cpu.spent_s()
        self._steps_cpu.spent_s()
        begins_s = time.time() + LEAD_S
        due_s = {packet.reference: begins_s + number * EVERY_S for number, packet in enumerate(packets)}
        sent = list(self._threads.map(self._send, self._lines, packets, due_s.values()))
        accepted = {packet.reference: packet.office for packet, (_, taken) in zip(packets, sent, strict=True) if taken}
        ended_s = self._wait(accepted)
        cpu_s, steps_cpu_s = self._cpu.spent_s(), self._steps_cpu.spent_s()
        return Turn(
            cards=len(accepted),
            requests=self._requests() - requests_before,
            wall_s=max(ended_s.values(), default=begins_s) - begins_s,
            # A server whose processes are not to be seen has not spent nothing.
            cpu_s=cpu_s or math.nan,
            steps_cpu_s=steps_cpu_s or math.nan,
            latencies_s=tuple(ended_s[name] - due_s[name] for name in accepted),
            lag_s=float(np.max([late_s for late_s, _ in sent])),
            failed=len(packets) - len(accepted),
        )

    def close(self) -> None:
        """Close the connections."""
        self._threads.shutdown()
        for session in self._sessions:
            session.close()

    def _requests(self) -> int:
        return sum(meter.requests for meter in self._meters)

    def _send(self, line: Line, packet: Packet, due_s: float) -> tuple[float, bool]:
        """Send a packet when it is due; returns how late it was sent, and whether the server took it."""
        target = self._contender.target(line, packet.office)
        while (wait_s := due_s - time.time()) > 0:
            time.sleep(wait_s)
        late_s = time.time() - due_s
        try:
            target.submit(packet)
        except TargetError:
            return late_s, False
        return late_s, True

    def _wait(self, accepted: Mapping[str, str]) -> Mapping[str, float]:
        """Wait for the cards of the records, given with their offices; returns when each was there."""
        deadline_s = time.time() + DONE_WITHIN_S
        ended_s: dict[str, float] = {}
        while missing := {name: office for name, office in accepted.items() if name not in ended_s}:
            self._contender.check()
            if time.time() > deadline_s:
                raise TimeoutError(f"{self._contender.label}: {len(missing)} cards missing after {DONE_WITHIN_S:g} s")
            time.sleep(self._contender.look_every_s)
            ended_s |= self._contender.ended(self._lines[0], missing)
        return ended_s
