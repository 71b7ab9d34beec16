"""Key files: the secret behind hashes, surrogates and vaults.

A key file holds 32 random bytes, as 64 hexadecimal digits and a line end, readable by its owner only (mode 0600). A file
of 32 raw bytes is read as well. Every use takes a key of its own, derived by HMAC-SHA256 (RFC 2104) from the file's key
and the name of the use, so that nothing learnt from hashes says anything about a vault. `fingerprint` names a key in
manifests without telling anything of it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from curate.errors import ConfigError

KEY_BYTES = 32
_HEX = frozenset(b"0123456789abcdefABCDEF")


def make_key(path: str | Path) -> Path:
    """Write a new key file with mode 0600. ConfigError where something stands there already."""
    target = Path(path)
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{target}: exists already, and a lost key cannot be made again; choose another name") from None
    except OSError as error:
        raise ConfigError(f"{target}: cannot be written: {error.strerror}") from None
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)  # whatever the umask
        file.write(secrets.token_hex(KEY_BYTES).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return target


def load_key(path: str | Path) -> bytes:
    """The 32 bytes of a key file. ConfigError says what is wrong with a file that cannot be used."""
    source = Path(path)
    try:
        with source.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(4 * KEY_BYTES)
    except FileNotFoundError:
        raise ConfigError(f"key file {source}: is missing; `curate vault key FILE` makes one") from None
    except OSError as error:
        raise ConfigError(f"key file {source}: cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise ConfigError(f"key file {source}: others may read it (mode {mode & 0o777:o}); chmod 600 it and use it again")
    digits = content.strip()
    if len(digits) == 2 * KEY_BYTES and _HEX.issuperset(digits):
        return bytes.fromhex(digits.decode())
    if len(content) == KEY_BYTES:
        return content
    raise ConfigError(f"key file {source}: must hold 32 bytes as 64 hexadecimal digits; `curate vault key FILE` makes one")


def derived(key: bytes, use: str) -> bytes:
    """32 bytes for one use of a key."""
    return hmac.digest(key, b"curate key 1: " + use.encode(), hashlib.sha256)


def fingerprint(key: bytes) -> str:
    """16 hexadecimal digits that name a key."""
    return derived(key, "fingerprint")[:8].hex()
