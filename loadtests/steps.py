"""Steps: what the histograms of a run are called, in the order of a citizen's way."""

from model.errands import NEEDS, Errand
from model.stages import Stage

REPLACEMENT = "replacement"
"""The operator orders a card anew and waits for the receipt: a line of text, where a submission sends a packet."""
CORRECTION = "correction"
"""The operator has the biodata corrected and then orders the card, and waits for both."""
BATCH = "batch"
"""A card is ordered at opening for somebody who is not there."""

STEPS: tuple[str, ...] = (Stage.CAPTURE, Stage.SUBMISSION, REPLACEMENT, CORRECTION, BATCH, Stage.HANDOVER)


def asking(errand: Errand) -> str:
    """Return the step in which an operator asks the server for what a citizen came for."""
    if NEEDS[errand].capture:
        return Stage.SUBMISSION
    return CORRECTION if errand is Errand.CORRECTION else REPLACEMENT
