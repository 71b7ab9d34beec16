"""The vault: what a reversible operator took out of the data, encrypted.

AES-256-GCM (NIST SP 800-38D) by the `cryptography` package, under a key that is used for one content only. The file key
is HMAC-SHA256 of a 256-bit synthetic IV, and the synthetic IV is HMAC-SHA256 of the content (the construction of SIV modes,
RFC 5297 and RFC 8452, with a wider IV). So no nonce can repeat for two contents, no counter has to be remembered between
runs, and the same content under the same key gives the same bytes; what that tells an observer is only that nothing has
changed. AES-GCM-SIV itself would do as well, but asks for OpenSSL 3.2, and its nonce has 96 bits.

Layout: magic and version (16 bytes), fingerprint of the key (8), synthetic IV (32), then chunks of at most 4 MiB, each with
a tag of 16 bytes; the nonce is the chunk's number, and header, number and a mark of the last chunk are authenticated, so
chunks can be neither cut off nor moved. Cost: about 1 GB/s, and the content once in memory. It hides neither the size of
the content nor which key it belongs to.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from curate.errors import ConfigError, DataError
from curate.privacy.keys import derived, fingerprint

MAGIC = b"curate vault 01\n"
_IV_BYTES, _TAG_BYTES = 32, 16
_CHUNK = 4 << 20


def seal(content: bytes, key: bytes) -> bytes:
    """The content as a vault file, under the 32 bytes of a key file."""
    start = MAGIC + bytes.fromhex(fingerprint(key))
    iv = _synthetic_iv(content, start, key)
    header = start + iv
    cipher = AESGCM(_file_key(iv, key))
    pieces = range(0, max(len(content), 1), _CHUNK)
    return header + b"".join(
        cipher.encrypt(_nonce(n), content[at : at + _CHUNK], _about(header, n, at + _CHUNK >= len(content)))
        for n, at in enumerate(pieces)
    )


def unseal(sealed: bytes, key: bytes, name: str = "vault") -> bytes:
    """The content of a vault file. ConfigError for another key, DataError for a file that is not what was written."""
    size = len(MAGIC) + 8 + _IV_BYTES
    if not sealed.startswith(MAGIC[:12]):
        raise DataError(f"{name}: is not a vault")
    if not sealed.startswith(MAGIC):
        raise DataError(f"{name}: was written by another version of the format")
    header, body = sealed[:size], sealed[size:]
    if header[len(MAGIC) : len(MAGIC) + 8] != bytes.fromhex(fingerprint(key)):
        raise ConfigError(f"{name}: this is not its key; it was sealed with the key of fingerprint "
                          f"{header[len(MAGIC) : len(MAGIC) + 8].hex()}")  # fmt: skip
    iv = header[-_IV_BYTES:]
    step = _CHUNK + _TAG_BYTES
    pieces = []
    try:
        cipher = AESGCM(_file_key(iv, key))
        for n, at in enumerate(range(0, max(len(body), 1), step)):
            pieces.append(cipher.decrypt(_nonce(n), body[at : at + step], _about(header, n, at + step >= len(body))))
    except InvalidTag:
        raise DataError(f"{name}: is damaged or was altered; nothing was restored") from None
    content = b"".join(pieces)
    if not hmac.compare_digest(_synthetic_iv(content, header[:-_IV_BYTES], key), iv):
        raise DataError(f"{name}: is damaged or was altered; nothing was restored")
    return content


def _synthetic_iv(content: bytes, start: bytes, key: bytes) -> bytes:
    work = hmac.new(derived(key, "vault iv"), start, hashlib.sha256)
    work.update(content)
    return work.digest()


def _file_key(iv: bytes, key: bytes) -> bytes:
    return hmac.digest(derived(key, "vault encryption"), iv, hashlib.sha256)


def _nonce(n: int) -> bytes:
    return n.to_bytes(12, "big")


def _about(header: bytes, n: int, last: bool) -> bytes:
    return header + n.to_bytes(8, "big") + (b"\x01" if last else b"\x00")
