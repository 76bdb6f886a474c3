"""The reference workload: a fixed piece of work beside which other work is timed.

What a card costs on two machines is not to be compared in seconds, but roughly in references: the piece is made of what
the server does much of, hashing, packing, writing and reading JSON, sorting numbers, encoding a JPEG.
"""

import hashlib
import io
import json
import statistics
import time
import zlib

import numpy as np
from PIL import Image

ROUNDS = 5


def reference_cpu_s(rounds: int = ROUNDS) -> float:
    """Do the work so many times and return the median of the CPU-seconds."""
    return statistics.median(_timed() for _ in range(rounds))


def _timed() -> float:
    began_s = time.thread_time()
    _work()
    return time.thread_time() - began_s


def _work() -> None:
    noise = np.random.default_rng(1).integers(0, 256, 300_000, dtype=np.uint8)
    text = json.dumps({str(number): value for number, value in enumerate(noise[:8_000].tolist())})
    hashlib.sha256(noise.tobytes() * 4).digest()
    zlib.compress(text.encode(), 6)
    json.loads(text)
    np.sort(noise.astype(np.float32))
    Image.fromarray(noise[:270_000].reshape(300, 300, 3)).save(io.BytesIO(), "JPEG")
