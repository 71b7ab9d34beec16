"""The image for CI: its file is read by the rules of its format, and its steps are carried out as they stand.

The steps run in a folder that stands for the root of the image: paths at the start of a word that the file itself makes
(`/src`, `/data`, the cache) are looked for below it, and `pip` and `curate` are those of a fresh environment.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("/src", "/data", "/var/cache/curate-kernels")
KNOWN = ("FROM", "RUN", "ENV", "COPY", "USER", "WORKDIR", "ENTRYPOINT")


def steps() -> list[tuple[str, str]]:
    """(instruction, argument) of every line of the file; comments and continuations as its format has them."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    text = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    return [(one.split(None, 1)[0], one.split(None, 1)[1]) for one in text.splitlines() if one.strip()]


def in_context(path: str) -> bool:
    """Whether `.dockerignore` leaves a path to the build: the last pattern that matches it or a folder above decides."""
    kept = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.lstrip("!")
        above = ["/".join(path.split("/")[: i + 1]) for i in range(path.count("/") + 1)]
        if any(fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(name, pattern.replace("**/", "")) for name in above) or (
            pattern.startswith("**/") and any(fnmatch.fnmatch(part, pattern[3:]) for part in path.split("/"))
        ):
            kept = line.startswith("!")
    return kept


def test_the_file_is_a_dockerfile_and_runs_as_nobody_special() -> None:
    found = steps()
    names = [name for name, _ in found]
    assert set(names) <= set(KNOWN)
    assert names[0] == "FROM"
    assert re.fullmatch(r"python:3\.1[1-9]-slim", found[0][1])
    assert json.loads(found[-1][1]) == ["curate"], "the entry is of the exec form, so that signals reach it"
    assert names[-1] == "ENTRYPOINT"
    user = names.index("USER")
    assert found[user][1] != "root"
    assert all(name not in ("RUN", "COPY") for name in names[user:]), "whatever it makes is made before"
    (kernels,) = [argument.partition("=")[2] for name, argument in found if name == "ENV"]
    warm = next(i for i, (_, argument) in enumerate(found) if "doctor --warm" in argument)
    assert names.index("ENV") < warm < user
    assert f"chmod -R a+rwX {kernels}" in found[warm][1], "who may not write to numba's cache does not read it either"
    for _, argument in found:
        assert all(word.startswith(OURS) for word in re.findall(r"(?<![\w.$:-])/[\w/-]+", argument))


def test_the_build_sees_what_the_wheel_is_made_of_and_nothing_private() -> None:
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [f"{name}/__init__.py" for name in hatch["packages"]] + list(hatch["force-include"])
    for path in [*needed, "pyproject.toml", "constraints.txt", "README.md", "LICENSE"]:
        assert (ROOT / path).is_file()
        assert in_context(path), path
    private = (".git/config", ".venv/bin/python", "runs/a/vault.bin", "key.txt", "curate/__pycache__/a.pyc", "tests/x.py")
    for path in private:
        assert not in_context(path), path


@pytest.fixture
def image() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own lie below one that is private."""
    folder = Path(tempfile.mkdtemp(prefix="curate-image-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the image is a Linux")
def test_its_steps_make_a_gate_without_torch_that_compiles_nothing_for_a_job(image: Path) -> None:
    subprocess.run([anybodys_python(image), "-m", "venv", image / "env"], check=True)
    env = {**os.environ, "PATH": f"{image / 'env' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    place = ""
    for name, argument in steps():
        argument = re.sub(r"(?<![\w.$:-])(/src|/data|/var/cache)", lambda m: f"{image}{m[1]}", argument)
        if name == "COPY":
            listed = ["git", "ls-files", "-co", "--exclude-standard"]
            tracked = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True)
            for file in filter(in_context, tracked.stdout.splitlines()):
                if (ROOT / file).is_file():
                    (image / "src" / file).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(ROOT / file, image / "src" / file)
        elif name == "ENV":
            key, _, value = argument.partition("=")
            env[key] = value
        elif name == "RUN" and not argument.startswith("useradd"):
            subprocess.run(["sh", "-ec", argument], env=env, check=True)
        elif name == "WORKDIR":
            place = argument
            Path(place).mkdir()
        elif name == "ENTRYPOINT":
            entry = json.loads(argument)
    assert not (image / "src").exists()
    data = Path(place) / "train.jsonl"
    words = ["parcel", "refund", "login", "invoice", "kettle", "garden", "window", "bridge", "candle", "marble"]
    rows = [{"text": f"{words[i % 10]} {words[i // 10]} case {i * i}"} for i in range(90)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    kernels = Path(env["NUMBA_CACHE_DIR"])
    before = sorted(kernels.rglob("*.nb[ic]"))
    out = Path(place) / "runs"
    out.mkdir()
    out.chmod(0o777)
    command = [*somebody(), *entry, "gate", str(data), "--out", str(out / "gate"), "--format", "json"]
    done = subprocess.run(command, cwd=place, env={**env, "HOME": "/nonexistent"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["subject"]["rows"] == 90
    assert len(before) > 50
    new = [file for file in sorted(kernels.rglob("*.nb[ic]")) if file not in before]
    assert len(new) * 20 < len(before), f"compiled for this job: {[file.name for file in new]}"
    torch = subprocess.run([image / "env" / "bin" / "python", "-c", "import torch"], capture_output=True)
    assert torch.returncode != 0
    assert outside(image / "env") <= BASE, "the image has no other libraries than those of Debian's base"


BASE = {"libc", "libm", "libdl", "librt", "libpthread", "libutil", "libgcc_s", "libstdc++", "libz", "ld-linux-x86-64",
        "ld-linux-aarch64", "linux-vdso"}  # fmt: skip
"""Libraries of every Debian (of packages that are essential, or that these depend on)."""


def outside(env: Path) -> set[str]:
    """Libraries of the system that the environment's own link to; numba does without its pools of OpenMP and TBB."""
    files = sorted(file for file in env.rglob("*.so*") if file.is_file() and "pool." not in file.name)
    told = subprocess.run(["ldd", *files], capture_output=True, text=True).stdout
    lines = [line.strip() for line in told.splitlines() if line.startswith("\t") and "statically" not in line]
    needed = {Path(line.split()[0]).name for line in lines if str(env) not in line}
    return {name.partition(".so")[0] for name in needed - {file.name for file in files}}


@pytest.mark.slow
def test_what_is_pinned_has_wheels_for_the_images_python(tmp_path: Path) -> None:
    image = next(argument for name, argument in steps() if name == "FROM")
    version = image.partition(":")[2].partition("-")[0]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    kinds = ("manylinux2014", "manylinux_2_17", "manylinux_2_27", "manylinux_2_28")
    machines = [f"--platform={kind}_x86_64" for kind in kinds]
    asked = ["--python-version", version, *machines, "--only-binary=:all:", "--target", tmp_path / "nowhere"]
    constraints = ["-c", ROOT / "constraints.txt", "--dry-run", "--ignore-installed", "--report", tmp_path / "report.json"]
    done = subprocess.run([*pip, "install", "-q", *asked, *constraints, wheel], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = {item["metadata"]["name"].lower() for item in json.loads((tmp_path / "report.json").read_text())["install"]}
    assert {"numba", "pyarrow", "polars"} <= names
    assert not names & {"torch", "transformers"}


def somebody() -> list[str]:
    """What a command begins with to run as a user without rights; nothing where we have none ourselves."""
    return shlex.split("setpriv --reuid 65534 --regid 65534 --clear-groups") if os.geteuid() == 0 else []


def anybodys_python(image: Path) -> Path:
    """An interpreter like ours that any user may run: ours, or a copy where it stands in a home that is closed."""
    ours = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    try:
        if subprocess.run([*somebody(), ours, "-c", "import json"], capture_output=True).returncode == 0:
            return ours
    except PermissionError:
        pass  # we have no rights, and it is closed to us as well: it runs by a name that the system gave it
    library = f"python3.{sys.version_info.minor}"
    copy = image / "python"
    (copy / "bin").mkdir(parents=True)
    shutil.copy2(ours, copy / "bin")
    kept_out = shutil.ignore_patterns("site-packages", "test", "__pycache__")
    shutil.copytree(ours.parents[1] / "lib" / library, copy / "lib" / library, ignore=kept_out)
    for shared in (ours.parents[1] / "lib").glob("libpython*.so*"):
        shutil.copy2(shared, copy / "lib")
    return copy / "bin" / ours.name
