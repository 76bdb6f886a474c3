"""The plans: in which order the steps of the work are taken."""

from collections.abc import Callable
from functools import partial

from mock_server.pipeline.versions import Version
from mock_server.upgrade.orders import Order
from mock_server.upgrade.work import Work
from model.offices import EAST_TO_WEST
from model.upgrade import Plan

Steps = dict[str, Callable[[], None]]
"""The phases by name, in order."""


def steps(order: Order, work: Work) -> Steps:
    """Return the steps of an upgrade or a downgrade."""
    if order.origin == order.to:
        return {"take back": work.take_back}
    if order.plan is Plan.BIG_BANG:
        return {"big-bang": work.big_bang}
    if order.plan is Plan.ROLLING:
        return _rolling(work)
    # Going back, the national search's indexes go with the switch.
    index: Steps = {"index": work.index} if order.to == Version.V5_5 else {}
    return {"expand": work.expand, "backfill": work.backfill, **index, "switch": work.switch}


def _rolling(work: Work) -> Steps:
    found: Steps = {"expand": work.expand, "index": work.index}
    for zone in EAST_TO_WEST:
        found[f"backfill {zone}"] = partial(work.backfill, zone)
        found[f"switch {zone}"] = partial(work.switch_zone, zone)
    # All offices have the new version; now the old columns go, with what was still made for them.
    return {**found, "contract": work.switch}
