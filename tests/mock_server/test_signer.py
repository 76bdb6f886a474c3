"""The signing key and its file."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mock_server.adapters.signer import EcdsaSigner, create_key


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    assert create_key(path)
    first = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not create_key(path)
    assert path.read_bytes() == first


def test_a_signature_is_of_one_message_by_one_key(tmp_path: Path) -> None:
    for name in ("one", "other"):
        create_key(tmp_path / name)
    one, other = (EcdsaSigner.load(tmp_path / name) for name in ("one", "other"))
    signature = one.sign(b"card")
    assert one.verify(b"card", signature)
    assert not one.verify(b"cart", signature)
    assert not one.verify(b"card", b"no signature")
    assert not other.verify(b"card", signature)


def test_a_key_on_another_curve_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(
        ec.generate_private_key(ec.SECP384R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(ValueError, match="secp256r1"):
        EcdsaSigner.load(path)
