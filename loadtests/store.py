"""The store: the packets that an office keeps until they are to be sent."""

from typing import NamedTuple

from gevent.queue import Empty, Queue

from model.arrivals import Citizen


class Stored(NamedTuple):
    """A packet in the store."""

    citizen: Citizen
    """Whose it is: it is made again when it is sent, for it is large and always the same."""
    ready_s: float
    """When it was captured."""
    send_s: float
    """When it is to be sent."""


class Store:
    """Packets in the order in which they are to be sent, each kept until the centre has answered."""

    def __init__(self) -> None:
        """Make an empty store."""
        self._packets: Queue[Stored] = Queue()

    def __len__(self) -> int:
        return int(self._packets.qsize())

    def put(self, packet: Stored) -> None:
        """Keep a packet."""
        self._packets.put(packet)

    def first(self, timeout_s: float) -> Stored | None:
        """Wait for so long, in wall time, until there is a packet; return the first, which stays."""
        try:
            packet: Stored = self._packets.peek(timeout=timeout_s)
        except Empty:
            return None
        return packet

    def drop_first(self) -> None:
        """Drop the first packet: it was sent."""
        self._packets.get_nowait()
