"""The judgement of a batch of probes."""

from collections.abc import Sequence

import numpy as np
import pytest

from mock_server.adapters.gallery import MemoryGallery
from mock_server.pipeline.matching import Probe, Thresholds, match
from mock_server.pipeline.ports import Templates
from model.stages import Status
from tests.mock_server.packets import face, resembling

THRESHOLDS = Thresholds(similar=0.60, duplicate=0.80)
ACCEPTED, SIMILAR, DUPLICATE = Status.PRINT_READY_RECORD, Status.ADJUDICATE_RECORD, Status.DUPLICATE_RECORD


def statuses(
    probes: Sequence[Probe], gallery: MemoryGallery | None = None, enrolled: Sequence[str] = ()
) -> list[Status]:
    return [verdict.status for verdict in match(probes, gallery or MemoryGallery(), THRESHOLDS, enrolled)]


def probe(nik: str, template: Templates, partition: str = "A") -> Probe:
    return Probe(nik, partition, template)


def holding(nik: str, template: Templates, partition: str = "A") -> MemoryGallery:
    gallery = MemoryGallery()
    gallery.add(partition, nik, template)
    return gallery


@pytest.mark.parametrize(
    ("cosine", "status"),
    [(0.60, SIMILAR), (0.5999, ACCEPTED), (0.80, DUPLICATE), (0.7999, SIMILAR), (1.0, DUPLICATE), (-1.0, ACCEPTED)],
)
def test_a_threshold_belongs_to_what_is_above_it(cosine: float, status: Status) -> None:
    assert THRESHOLDS.judge(cosine) == status


@pytest.mark.parametrize(("cosine", "status"), [(0.55, ACCEPTED), (0.65, SIMILAR), (0.85, DUPLICATE)])
def test_a_probe_is_judged_by_its_nearest_neighbour(cosine: float, status: Status) -> None:
    (verdict,) = match([probe("2", resembling(face(1), cosine))], holding("1", face(1)), THRESHOLDS, ())
    assert verdict.status == status
    assert verdict.resembles == (None if status == ACCEPTED else "1")


def test_of_two_copies_in_a_batch_the_first_is_accepted() -> None:
    assert statuses([probe("1", face(1)), probe("2", face(2)), probe("3", face(1))]) == [ACCEPTED, ACCEPTED, DUPLICATE]


def test_a_copy_of_a_refused_probe_is_compared_with_those_enrolled_only() -> None:
    near, nearer_still = resembling(face(1), 0.85), resembling(face(1), 0.85)
    verdicts = match([probe("2", near), probe("3", nearer_still)], holding("1", face(1)), THRESHOLDS, ())
    assert [verdict.resembles for verdict in verdicts] == ["1", "1"]


def test_partitions_are_apart_in_the_gallery_and_in_the_batch() -> None:
    probes = [probe("2", face(1), "B"), probe("3", face(1), "C"), probe("4", face(1), "A")]
    assert statuses(probes, holding("1", face(1), "A")) == [ACCEPTED, ACCEPTED, DUPLICATE]


def test_the_nearer_of_gallery_and_batch_is_named() -> None:
    copy = resembling(face(2), 0.9)
    assert float(np.dot(copy, face(1))) < 0.5
    verdicts = match([probe("2", face(2)), probe("3", copy)], holding("1", face(1)), THRESHOLDS, ())
    assert verdicts[1].resembles == "2"


def test_a_nik_is_one_persons() -> None:
    assert statuses([probe("1", face(1))], enrolled=["1"]) == [SIMILAR]
    assert statuses([probe("1", face(1)), probe("1", face(2))]) == [ACCEPTED, SIMILAR]


def test_a_refused_probe_does_not_take_its_nik() -> None:
    probes = [probe("2", face(1)), probe("2", face(2))]
    assert statuses(probes, holding("1", face(1))) == [DUPLICATE, ACCEPTED]


def test_matching_leaves_the_gallery_as_it_is() -> None:
    gallery = holding("1", face(1))
    match([probe("2", face(2))], gallery, THRESHOLDS, ())
    assert len(gallery) == 1
