"""A card printer: a machine whose time is mechanics, so here it passes."""

import asyncio


class MechanicalPrinter:
    """Takes the time that a real one takes; no computer's work is in it."""

    async def make(self, reference: str, duration_s: float) -> None:  # noqa: ARG002 - a machine does not mind which card
        """Make the card of this record; returns when it lies in the tray."""
        await asyncio.sleep(duration_s)
