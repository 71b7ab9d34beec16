"""Files elsewhere (`hf://`, `s3://`, `https://`, whatever fsspec knows), fetched once before anything is read.

Only a path that the user spells as a URL is fetched; nothing else in the project opens a connection for data. The bytes
are kept beside the runs under `<name>-<hash><endings>` in a private folder, because a run reads its data again whenever it
is looked at: the same content is the same input, and changed content is another run. `hf://datasets/OWNER/NAME/FILE` is
a file of a dataset on the Hugging Face hub, `hf://datasets/OWNER/NAME` all its data files. Where a server can list, a
pattern (`s3://bucket/shards/*.parquet`) or a folder names several files, which become a folder `<name>-<hash>.files`.
`http` and `https` need nothing more; other schemes need fsspec (the `hub` extra) and the package that it names.
Messages show a URL without user, password and query, which may hold secrets. Memory does not grow with a file.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import urlsplit

import xxhash

from curate.dataset.atomic import make_private_dir
from curate.dataset.listing import fixed_part, is_data
from curate.errors import CurateError, DataError, MissingExtraError

_BLOCK = 1 << 20
_SECONDS = 60


def fetch(url: str, folder: Path) -> Path:
    """Copy a remote file, or the files that a pattern or a remote folder names, into `folder`; returns the copy.

    Raises MissingExtraError without fsspec or the scheme's own package, DataError where the file cannot be had.
    """
    try:
        shown, path = _shown(url), urlsplit(url).path
    except ValueError:  # a port that is no number, a bracket left open
        raise DataError("the input looks like a URL but is none; check its host and port") from None
    name = re.sub(r"[^\w.-]", "_", Path(path).name)[-100:]
    several = _listed(url, shown)
    if several is not None:
        return _fetch_all(several, shown, folder)
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


@dataclass(frozen=True)
class _Several:
    """Files of a remote folder."""

    system: Any
    """The fsspec file system that holds them."""
    root: str
    names: tuple[str, ...]
    """Paths below the root, sorted."""


def _listed(url: str, shown: str) -> _Several | None:
    """The files that a pattern or a folder names; None for a single file, and where nothing can be listed."""
    if urlsplit(url).scheme.lower() in ("http", "https"):
        return None
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError("hub", "fsspec") from error
    try:
        system, path = fsspec.core.url_to_fs(url)
        path = path.rstrip("/")
        if "*" in path or "[" in path:
            root = fixed_part(path).as_posix()
            found = [name for name, about in system.glob(path, detail=True).items() if about.get("type") == "file"]
        elif path and system.isdir(path):
            root = path
            found = [name for name in system.find(path) if is_data(_below(name, path))]
        else:
            return None
    except Exception as error:
        raise _explained(error, shown) from None
    names = sorted(_below(name, root) for name in found)
    if not names:
        raise DataError(f"{shown}: names no data file")
    if any(".." in PurePosixPath(name).parts for name in names):
        raise DataError(f"{shown}: names a file outside its folder")
    return _Several(system, root, tuple(names))


def _below(name: str, root: str) -> str:
    return name.strip("/").removeprefix(root.strip("/")).lstrip("/")


def _fetch_all(several: _Several, shown: str, folder: Path) -> Path:
    """All files in a folder that is named by what they hold; it appears whole or not at all."""
    make_private_dir(folder)
    temporary, digest = Path(tempfile.mkdtemp(dir=folder, prefix=".fetched.", suffix=".tmp")), xxhash.xxh3_128()
    try:
        for name in several.names:
            make_private_dir((temporary / name).parent)
            digest.update(f"{name}\0".encode())
            path = f"{several.root}/{name}" if several.root not in ("", ".") else name
            with several.system.open(path, "rb") as remote, (temporary / name).open("wb") as kept:
                (temporary / name).chmod(0o600)
                while block := remote.read(_BLOCK):
                    digest.update(block)
                    kept.write(block)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise _explained(error, shown) from None
    words = (re.sub(r"[^\w-]", "", part.split(".")[0]).strip("_-") for part in reversed(PurePosixPath(several.root).parts))
    target = folder / f"{next((word for word in words if word), 'data')[-100:]}-{digest.hexdigest()[:16]}.files"
    if target.is_dir():  # the same contents, fetched before
        shutil.rmtree(temporary)
    else:
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
    host = parts.netloc.rpartition("@")[2]  # as written: the name of a bucket may hold capitals
    _ = parts.port  # ValueError where it is no number
    return f"{parts.scheme}://{host}{parts.path}"
