"""The signing key: ECDSA on secp256r1 with SHA-256, what readers of cards verify."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_ALGORITHM = ec.ECDSA(hashes.SHA256())


class EcdsaSigner:
    """Signs and verifies with one private key."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._public = key.public_key()

    @classmethod
    def load(cls, path: Path) -> "EcdsaSigner":
        """Read the key from a PEM file.

        Raises:
            FileNotFoundError: there is no such file; `seed` makes one.
            ValueError: the file holds no key on secp256r1.
        """
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError(f"{path} does not hold a private key on secp256r1")
        return cls(key)

    def sign(self, message: bytes) -> bytes:
        """Sign; the signature is DER."""
        return self._key.sign(message, _ALGORITHM)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is this key's for the message."""
        try:
            self._public.verify(signature, message, _ALGORITHM)
        except InvalidSignature:
            return False
        return True

    def public_pem(self) -> str:
        """Return the public key for those who verify cards."""
        return self._public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()


def create_key(path: Path) -> bool:
    """Make a new key file that only its owner can read, unless there is one; tell whether it was made."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    return True
