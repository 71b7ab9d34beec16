"""Files elsewhere (`hf://`, `s3://`, `https://`, whatever fsspec knows), fetched once before anything is read.

Only a path that the user spells as a URL is fetched; nothing else in the project opens a connection for data. The bytes
are kept beside the runs under `<name>-<hash><endings>` in a private folder, because a run reads its data again whenever it
is looked at: the same content is the same input, and changed content is another run. `hf://datasets/OWNER/NAME/FILE` is
a file of a dataset on the Hugging Face hub. `http` and `https` need nothing more; other schemes need fsspec (the `hub`
extra) and the package that it names (s3fs, gcsfs, huggingface_hub).
Messages show a URL without user, password and query, which may hold secrets. Memory does not grow with the file.
"""

from __future__ import annotations

import re
import tempfile
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import xxhash

from curate.dataset.atomic import make_private_dir
from curate.errors import CurateError, DataError, MissingExtraError

_BLOCK = 1 << 20
_SECONDS = 60


def fetch(url: str, folder: Path) -> Path:
    """Copy a remote file into `folder` and return the copy.

    Raises MissingExtraError without fsspec or the scheme's own package, DataError where the file cannot be had.
    """
    try:
        shown, path = _shown(url), urlsplit(url).path
    except ValueError:  # a port that is no number, a bracket left open
        raise DataError("the input looks like a URL but is none; check its host and port") from None
    name = re.sub(r"[^\w.-]", "_", Path(path).name)[-100:]
    if not name.strip("._"):
        raise DataError(f"{shown}: names no file; give the URL of one data file")
    make_private_dir(folder)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".fetched.", suffix=".tmp", delete=False) as kept:
        temporary, digest = Path(kept.name), xxhash.xxh3_128()
        try:
            with _opened(url) as remote:
                told = getattr(remote, "headers", {}).get("Content-Length")
                while block := remote.read(_BLOCK):
                    digest.update(block)
                    kept.write(block)
            if told is not None and kept.tell() != int(told):  # a cut file is never a shorter dataset
                raise DataError(f"{shown}: the transfer broke off after {kept.tell():,} of {int(told):,} bytes; try again")
        except BaseException as error:
            temporary.unlink(missing_ok=True)
            raise _explained(error, shown) from None
    stem, dot, endings = name.partition(".")
    target = folder / f"{stem}-{digest.hexdigest()[:16]}{dot}{endings}"
    temporary.replace(target)
    return target


def _opened(url: str) -> AbstractContextManager[IO[bytes]]:
    """The web by Python's own client, everything else by fsspec."""
    if urlsplit(url).scheme.lower() in ("http", "https"):
        found: AbstractContextManager[IO[bytes]] = urllib.request.urlopen(url, timeout=_SECONDS)
        return found
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError("hub", "fsspec") from error
    opened: AbstractContextManager[IO[bytes]] = fsspec.open(url, "rb", compression=None)
    return opened


def _explained(error: BaseException, shown: str) -> BaseException:
    """What went wrong in words of ours: a library's own may repeat the URL with all that it holds."""
    if not isinstance(error, Exception) or isinstance(error, CurateError):
        return error
    if isinstance(error, urllib.error.HTTPError):
        why = {401: "permission denied", 403: "permission denied", 404: "there is no such file"}.get(error.code)
        return DataError(f"{shown}: {why or f'the server answered with status {error.code}'}")
    if isinstance(error, ImportError):
        named = re.search(r"\b(?:pip |Please )?[Ii]nstall[: ]+(?:the )?[\"']?([a-z][\w-]+)", str(error))
        package = error.name or (named[1] if named else None)
        return DataError(f"{shown}: a package for this scheme is missing; " + (
            f"pip install {package}" if package else "fsspec's documentation names it"))  # fmt: skip
    if isinstance(error, ValueError) and "rotocol" in str(error):
        return DataError(f"{shown}: no such scheme is known to fsspec")
    if isinstance(error, FileNotFoundError):
        return DataError(f"{shown}: there is no such file, or it is not yours to see")
    if isinstance(error, PermissionError):
        return DataError(f"{shown}: permission denied; check your credentials")
    return DataError(f"{shown}: cannot be fetched ({type(error).__name__}); check the address, and the network")


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
