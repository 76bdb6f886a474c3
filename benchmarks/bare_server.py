"""The bare server: acknowledges any packet at once, and on request stalls in a fixed rhythm.

What it costs must not be mistaken for what the load generator costs, so it reads no more of a request than its length.
`python -m benchmarks.bare_server` prints its port as JSON and serves until it is told to stop.
"""

import asyncio
import contextlib
import json
import re
import signal
import time

from model.stages import Status

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
BODY = json.dumps({"status": Status.RECEIVED_AT_CENTRAL}).encode()
ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Rhythm:
    """When the server answers: always, but for the first `stall_s` of every `every_s` since the epoch."""

    def __init__(self, every_s: float = 1.0, stall_s: float = 0.0) -> None:
        self._every_s = every_s
        self._stall_s = stall_s

    def wait_s(self, now_s: float) -> float:
        """Return how long a request that is complete at `now_s` has to wait."""
        return max(0.0, self._stall_s - now_s % self._every_s)


class Connection(asyncio.Protocol):
    """One client's connection, one request at a time."""

    def __init__(self, rhythm: Rhythm) -> None:
        self._rhythm = rhythm
        self._head = bytearray()
        self._missing: int | None = None
        """Bytes of the body that have not come; None before the head is complete."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read on, and answer when the request is complete."""
        if self._missing is None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            length = LENGTH.search(self._head, 0, end)
            self._missing = (int(length[1]) if length else 0) - (len(self._head) - end - 4)
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            self._missing = None
            self._head.clear()
            wait_s = self._rhythm.wait_s(time.time())
            asyncio.get_running_loop().call_later(wait_s, self._answer) if wait_s else self._answer()

    def _answer(self) -> None:
        assert isinstance(self._transport, asyncio.WriteTransport)  # noqa: S101 - narrows
        if not self._transport.is_closing():
            self._transport.write(ANSWER)


async def listen(rhythm: Rhythm) -> asyncio.Server:
    """Begin to answer on a free port of this machine."""
    return await asyncio.get_running_loop().create_server(lambda: Connection(rhythm), "127.0.0.1", 0)


async def _serve() -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with await listen(Rhythm()) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        await stopped.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
