"""Named random streams: every source of randomness has its own, so that changing one leaves the others alone.

Two schedules simulated with the same seed then meet the same citizens with the same needs (common random numbers;
Law, Simulation Modeling and Analysis, ch. 11).
"""

import hashlib

import numpy as np


def stream(seed: int, replication: int, source: str, *entity: str | int) -> np.random.Generator:
    """Return the generator of one source for one entity, always the same for the same names.

    `source` says what the numbers are for ("arrivals", "capture"); `entity` whom they are for (an office's code,
    a day). The names are hashed, so that neither their order of use nor their number matters.
    """
    name = "\x1f".join([source, *map(str, entity)])
    digest = hashlib.sha256(name.encode()).digest()
    words = np.frombuffer(digest, dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence([seed, replication, *words.tolist()]))
