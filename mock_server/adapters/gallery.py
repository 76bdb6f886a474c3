"""The gallery in memory: one matrix a partition, searched exactly with a matrix product."""

from collections.abc import Collection, Sequence

import numpy as np

from mock_server.pipeline.ports import Neighbour, Templates
from mock_server.pipeline.versions import DIMENSIONS

BLOCK_ROWS = 8_192
"""Rows compared at once: the cosines of a block with a full batch (1 MB) stay in the cache while the best is sought."""
SPARE_ROWS = 64


class MemoryGallery:
    """Everybody enrolled, in memory: 2 KB a person."""

    def __init__(self) -> None:
        self._partitions: dict[str, _Partition] = {}

    def __len__(self) -> int:
        return sum(len(partition.niks) for partition in self._partitions.values())

    def reserve(self, partition: str, rows: int) -> None:
        """Make room for so many more people, so that loading them does not copy those already there."""
        self._partition(partition).reserve(rows)

    def drop(self, partition: str) -> None:
        """Forget the people of a partition."""
        self._partitions.pop(partition, None)

    def nearest(self, partition: str, probes: Templates) -> Sequence[Neighbour | None]:
        """Return each probe's nearest neighbour in the partition, None for all if it is empty."""
        found = self._partitions.get(partition)
        if found is None or not found.niks:
            return [None] * len(probes)
        return found.nearest(probes)

    def nearest_but(self, partition: str, probe: Templates, others: Collection[str]) -> Neighbour | None:
        """Return the nearest neighbour of one probe, shape (512,), who is none of these NIKs' holders."""
        found = self._partitions.get(partition)
        return found.nearest_but(probe, others) if found else None

    def add(self, partition: str, nik: str, template: Templates) -> None:
        """Enroll one person; `template` has shape (512,)."""
        self.extend(partition, [nik], template[np.newaxis])

    def extend(self, partition: str, niks: Sequence[str], templates: Templates) -> None:
        """Enroll several people of one partition; `templates` has a row for each."""
        self._partition(partition).extend(niks, templates)

    def _partition(self, name: str) -> "_Partition":
        return self._partitions.setdefault(name, _Partition())


class _Partition:
    """A matrix that grows: its first `len(niks)` rows are people."""

    def __init__(self) -> None:
        self.niks: list[str] = []
        self._rows: Templates = np.empty((0, DIMENSIONS), dtype=np.float32)

    def reserve(self, rows: int) -> None:
        needed = len(self.niks) + rows
        if needed > len(self._rows):
            grown = np.empty((needed + max(SPARE_ROWS, needed // 4), DIMENSIONS), dtype=np.float32)
            grown[: len(self.niks)] = self._rows[: len(self.niks)]
            self._rows = grown

    def extend(self, niks: Sequence[str], templates: Templates) -> None:
        self.reserve(len(niks))
        self._rows[len(self.niks) : len(self.niks) + len(niks)] = templates
        self.niks.extend(niks)

    def nearest(self, probes: Templates) -> list[Neighbour]:
        best = np.full(len(probes), -np.inf, dtype=np.float32)
        row = np.zeros(len(probes), dtype=np.intp)
        for start in range(0, len(self.niks), BLOCK_ROWS):
            cosines = probes @ self._rows[start : min(start + BLOCK_ROWS, len(self.niks))].T
            candidate = cosines.argmax(axis=1)
            cosine = cosines[np.arange(len(probes)), candidate]
            better = cosine > best
            best[better] = cosine[better]
            row[better] = start + candidate[better]
        return [Neighbour(self.niks[index], float(cosine)) for index, cosine in zip(row, best, strict=True)]

    def nearest_but(self, probe: Templates, others: Collection[str]) -> Neighbour | None:
        cosines = self._rows[: len(self.niks)] @ probe
        cosines[[row for row, nik in enumerate(self.niks) if nik in others]] = -np.inf
        if not np.isfinite(cosines).any():
            return None
        best = int(cosines.argmax())
        return Neighbour(self.niks[best], float(cosines[best]))
