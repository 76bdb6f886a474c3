"""What the versions decide about partitions and encodings."""

import numpy as np
import pytest

from mock_server.pipeline.versions import (
    NATION,
    Version,
    encode,
    national_basis,
    nationalise,
    pack,
    partition,
    unpack,
)

RANDOM = np.random.default_rng(5).standard_normal((20, 512)).astype(np.float32) * 7


def test_5_4_searches_the_office_and_5_5_the_nation() -> None:
    assert [partition(version, "35.07") for version in Version] == ["35.07", NATION]


def test_the_national_encoding_is_another_with_the_same_cosines() -> None:
    old, new = (encode(version, RANDOM) for version in Version)
    assert not np.allclose(old, new, atol=0.01)
    assert np.abs(old @ old.T - new @ new.T).max() < 1e-5
    assert np.abs(np.linalg.norm(new, axis=1) - 1).max() < 1e-6


def test_a_probe_in_5_5_is_encoded_as_the_backfill_encodes_the_enrolled() -> None:
    assert np.array_equal(nationalise(encode(Version.V5_4, RANDOM)), encode(Version.V5_5, RANDOM))


def test_the_basis_is_orthogonal_and_always_the_same() -> None:
    basis = national_basis()
    assert np.abs(basis @ basis.T - np.eye(512)).max() < 1e-5
    # A database upgraded yesterday is searched today: its first numbers are part of the format.
    assert basis[0, :3] == pytest.approx([-0.0058533, 0.0108134, -0.0163151], abs=1e-6)


def test_packed_templates_come_back() -> None:
    assert np.array_equal(unpack([pack(template) for template in RANDOM]), RANDOM)
    assert len(pack(RANDOM[0])) == 2048
    assert unpack([]).shape == (0, 512)
