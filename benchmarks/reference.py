"""A reference workload: how long the same work takes on all cores tells whether a machine is as quiet as before."""

import hashlib
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

BYTES = 32 << 20
TIMES = 5


def reference_s() -> float:
    """Return how long the cores take to hash `BYTES` each, all at once; the median of `TIMES`, in seconds."""
    block, cores = bytes(BYTES), os.cpu_count() or 1
    took_s = []
    with ThreadPoolExecutor(cores) as threads:
        for _ in range(TIMES):
            begun_s = time.perf_counter()
            # A large block is hashed without the interpreter's lock: the threads really are at work at once.
            list(threads.map(lambda _: hashlib.sha256(block).digest(), range(cores)))
            took_s.append(time.perf_counter() - begun_s)
    return statistics.median(took_s)
