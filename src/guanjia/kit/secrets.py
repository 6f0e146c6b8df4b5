"""Keys of the installation: the platform key, field encryption, keyed hashes.

Keys lie in ``keys/`` of the data folder, mode 0600, apart from the databases. Each encrypted value names its key,
so that keys can rotate.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_ID = "k1"


class Secrets:
    """The installation's keys; made at the first start."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.platform_key = _key(folder / "platform.key")
        self._field_key = _key(folder / f"field-{_KEY_ID}.key")
        self._hash_key = _key(folder / "hash.key")
        self._cipher = AESGCM(self._field_key)

    def encrypt(self, text: str) -> str:
        """``text`` sealed with AES-256-GCM, as ``key-id:base64``."""
        nonce = os.urandom(12)
        return f"{_KEY_ID}:{base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()}"

    def decrypt(self, sealed: str) -> str:
        """The text of ``encrypt``; ValueError when it was made with a key that is not here."""
        key_id, _, body = sealed.partition(":")
        if key_id != _KEY_ID:
            raise ValueError(f"the key {key_id} is not in keys/")
        raw = base64.b64decode(body)
        return self._cipher.decrypt(raw[:12], raw[12:], None).decode()

    def keyed_hash(self, kind: str, value: str) -> str:
        """A stable hash of ``value`` for look-ups, useless without the key; ``kind`` keeps equal values apart."""
        return hmac.new(self._hash_key, f"{kind}\x00{value}".encode(), hashlib.sha256).hexdigest()

    def sign(self, purpose: str, message: str) -> str:
        """A short signature of ``message`` (128 bits, hex) that only this installation can make."""
        return hmac.new(self.platform_key, f"{purpose}\x00{message}".encode(), hashlib.sha256).hexdigest()[:32]

    def is_signed(self, purpose: str, message: str, signature: str) -> bool:
        """Whether ``signature`` was made by ``sign``; constant time."""
        return hmac.compare_digest(self.sign(purpose, message).encode(), signature.encode())


def _key(path: Path) -> bytes:
    """The 32 bytes of a key file, made with mode 0600 when missing."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_bytes()
        if len(kept) != 32:
            raise ValueError(f"{path} is damaged: a key has 32 bytes") from None
        return kept
    key = os.urandom(32)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key
