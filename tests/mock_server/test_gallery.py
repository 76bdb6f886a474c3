"""The gallery's search against one done the slow way."""

import numpy as np
import pytest

from mock_server.adapters import gallery as module
from mock_server.adapters.gallery import MemoryGallery
from mock_server.pipeline.ports import Templates
from mock_server.pipeline.versions import DIMENSIONS


def faces(count: int, seed: int = 0) -> Templates:
    numbers = np.random.default_rng(seed).standard_normal((count, DIMENSIONS), dtype=np.float32)
    unit: Templates = numbers / np.linalg.norm(numbers, axis=1, keepdims=True)
    return unit


def test_the_nearest_is_what_a_search_one_by_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK_ROWS", 16)  # so that 70 people are several blocks, the last one short
    enrolled, probes = faces(70), faces(9, seed=1)
    gallery = MemoryGallery()
    gallery.extend("A", [f"nik-{row}" for row in range(50)], enrolled[:50])
    for row in range(50, 70):
        gallery.add("A", f"nik-{row}", enrolled[row])
    for probe, found in zip(probes, gallery.nearest("A", probes), strict=True):
        cosines = [float(np.dot(probe, template)) for template in enrolled]
        assert found is not None
        assert found.nik == f"nik-{int(np.argmax(cosines))}"
        assert found.cosine == pytest.approx(max(cosines), abs=1e-6)


def test_partitions_do_not_see_each_other() -> None:
    gallery = MemoryGallery()
    gallery.add("A", "nik-1", faces(1)[0])
    assert gallery.nearest("B", faces(1)) == [None]
    gallery.add("B", "nik-2", faces(1, seed=1)[0])
    (found,) = gallery.nearest("B", faces(1))
    assert found is not None
    assert found.nik == "nik-2"
    assert len(gallery) == 2


def test_reserved_room_is_empty() -> None:
    gallery = MemoryGallery()
    gallery.reserve("A", 100)
    assert len(gallery) == 0
    assert gallery.nearest("A", faces(2)) == [None, None]
