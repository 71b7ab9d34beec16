"""Memory and disk: what does not fit is refused before training, and explained where the machine runs out after all."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate.errors import ConfigError, DataError
from train.config import TrainConfig
from train.resources import Needs, ResourceError, estimate_needs, explained

GB = 10**9


def needs(**changes: Any) -> Needs:
    sizes = {"weights_bytes": 2 * GB, "trainable_bytes": GB, "activation_bytes": 4 * GB, "disk_bytes": GB}
    return Needs(**{**sizes, "memory_free_bytes": 100 * GB, "disk_free_bytes": 100 * GB, **changes})


def test_weights_that_cannot_fit_are_refused_before_training_with_what_would(tmp_path: Path, quick: TrainConfig) -> None:
    with pytest.raises(ResourceError, match=r"3\.0 GB of memory, and 2\.0 GB are free; take a smaller base"):
        needs(memory_free_bytes=2 * GB).check(quick, tmp_path)


def test_memory_that_may_be_short_is_a_warning_with_remedies_that_keep_the_result(
    tmp_path: Path, quick: TrainConfig
) -> None:
    said = needs(memory_free_bytes=5 * GB).check(quick, tmp_path)
    assert said.startswith("Memory may run out")
    assert "gradient_accumulation_batches" in said
    assert needs().check(quick, tmp_path) == ""
    assert needs(memory_free_bytes=None, disk_free_bytes=None).check(quick, tmp_path) == ""


def test_a_disk_too_small_for_adapter_and_checkpoints_is_refused_before_training(
    tmp_path: Path, quick: TrainConfig
) -> None:
    with pytest.raises(ResourceError, match="free some space or name another folder"):
        needs(disk_free_bytes=GB // 2).check(quick, tmp_path)


def test_more_rows_at_once_and_longer_ones_need_more_and_parts_of_a_step_less(base: Path, quick: TrainConfig) -> None:
    def activations(longest: int, **changes: Any) -> int:
        return estimate_needs(base, quick.replace(**changes), base, logits=3, longest=longest).activation_bytes

    assert activations(64) > activations(32) > activations(32, gradient_accumulation_batches=2)
    assert activations(32, batch_rows=32) > activations(32)


def test_memory_that_runs_out_while_training_is_explained_and_other_errors_are_let_through(
    tmp_path: Path, quick: TrainConfig
) -> None:
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")):
        with pytest.raises(ResourceError, match=r"memory ran out with 16 rows.*from the last checkpoint"), explained(
            quick, tmp_path
        ):
            raise error
    with pytest.raises(DataError, match="disk is full"), explained(quick, tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(RuntimeError, match="shapes do not fit"), explained(quick, tmp_path):
        raise RuntimeError("shapes do not fit")
    with pytest.raises(ConfigError, match="as it was"), explained(quick, tmp_path):
        raise ConfigError("as it was")


def test_an_allocation_that_torch_itself_refuses_is_explained(tmp_path: Path, quick: TrainConfig) -> None:
    import torch

    with pytest.raises(ResourceError, match="memory ran out"), explained(quick, tmp_path):
        torch.empty(2**55)


HUB = """
import http.server, json, sys, threading
from pathlib import Path
folder, sent = Path(sys.argv[1]), {}

class Hub(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self): self.answer(False)
    def do_GET(self): self.answer(True)
    def log_message(self, *a): pass
    def answer(self, body):
        name = self.path.split("?")[0].rpartition("/")[2]
        file = folder / name
        if "/resolve/" not in self.path or not file.is_file():
            self.send_response(404); self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0"); self.end_headers(); return
        data, asked = file.read_bytes(), self.headers.get("Range", "")
        part = data
        if asked:
            first, last = asked.removeprefix("bytes=").split("-"); part = data[int(first):int(last or len(data) - 1) + 1]
        self.send_response(206 if asked else 200)
        for key, value in (("ETag", '"' + name + '"'), ("X-Repo-Commit", "0" * 40), ("Content-Length", str(len(part)))):
            self.send_header(key, value)
        self.end_headers()
        if body:
            sent[name] = sent.get(name, 0) + len(part); self.wfile.write(part)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
threading.Thread(target=server.serve_forever, daemon=True).start()
import os
os.environ.update(HF_ENDPOINT=f"http://127.0.0.1:{server.server_port}", HF_HOME=sys.argv[2], NO_PROXY="127.0.0.1")
from train.base import BaseSource
from train.headers import base_width, folder_headers, read_headers
from train.resources import estimate_needs
from train.config import TrainConfig
source = BaseSource("owner/model", "owner/model", local=False)
os.environ["HF_HUB_OFFLINE"] = "1"
assert read_headers(source) is None and not sent
del os.environ["HF_HUB_OFFLINE"]
from huggingface_hub import constants
constants.HF_HUB_OFFLINE = False
assert base_width("owner/model") == 32
there, here = read_headers(source), folder_headers(folder)
assert there.shapes == here.shapes and there.config["hidden_size"] == 32
args = dict(logits=3, longest=64)
needs = [estimate_needs(h, TrainConfig(), Path(sys.argv[2]), **args) for h in (there, here)]
assert needs[0].memory_bytes == needs[1].memory_bytes
size = (folder / "model.safetensors").stat().st_size
print(json.dumps([needs[0].download_bytes, size, sent.get("model.safetensors", 0)]))
"""


def test_a_hub_model_is_weighed_by_its_headers_before_it_is_downloaded_and_not_at_all_offline(
    base: Path, tmp_path: Path
) -> None:
    import json
    import os
    import subprocess
    import sys

    from safetensors.numpy import save_file

    served = tmp_path / "served"
    served.mkdir()
    (served / "config.json").write_bytes((base / "config.json").read_bytes())
    save_file({"model.embed_tokens.weight": np.zeros((5000, 32), np.float32)}, served / "model.safetensors")
    env = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
    done = subprocess.run(
        [sys.executable, "-c", HUB, str(served), str(tmp_path / "cache")],
        cwd=Path(__file__).parents[2], env=env, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    download, size, sent = json.loads(done.stdout)
    assert download == 5000 * 32 * 4
    assert 0 < sent < size / 4  # the header, never the weights
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_a_download_that_the_disk_cannot_hold_is_refused_before_it_begins(tmp_path: Path, quick: TrainConfig) -> None:
    with pytest.raises(ResourceError, match=r"weighs 8\.0 GB and 1\.0 GB are free where models are kept.*HF_HOME"):
        needs(download_bytes=8 * GB, download_free_bytes=GB).check(quick, tmp_path)
    assert "8.0 GB to download" in needs(download_bytes=8 * GB, download_free_bytes=9 * GB).words()


def test_what_was_said_of_time_memory_and_price_is_corrected_while_a_training_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from train import estimate

    now = 0.0
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: now)
    course = estimate.Course(said_seconds=100.0, said_bytes=GB, price_per_hour=36.0)
    told, costs = [], []
    for step in range(1, 101):  # two seconds a step where one was said, and memory that grows at step 50
        more, words = course.see({"step": step, "steps": 100, "eta_s": 2.0 * (100 - step),
                                  "memory_bytes": GB if step < 50 else 2 * GB})  # fmt: skip
        now += 2.0
        costs.append(more.get("cost"))
        told += [words] if words else []
    assert told == [
        "Corrected at step 10: about 3 min in all, at a cost of about 2, not 2 min.",
        "Corrected at step 50: 2.0 GB of memory so far, not 1.0 GB.",
    ]
    assert costs[0] is None  # nothing has been measured yet
    assert costs[1] == pytest.approx(1.98)
    assert costs[-1] == pytest.approx(1.98)


@pytest.mark.parametrize("named", [(), ("learning_rate",)])
def test_wider_bases_learn_at_lower_rates_unless_somebody_names_one(named: tuple[str, ...], tmp_path: Path) -> None:
    from train.methods import METHODS
    from train.methods.rates import with_rates

    (tmp_path / "config.json").write_text('{"d_model": 1024}')
    wide = TrainConfig(base=str(tmp_path), learning_rate=0.5)
    for method in METHODS:
        rate = with_rates(wide.replace(method=method), named).learning_rate
        vectors = method in ("ia3", "bitfit", "layernorm")
        usual = METHODS[method].learning_rate * (1.0 if vectors else 0.25)
        assert rate == pytest.approx(0.5 if named else usual)
    assert with_rates(wide, named).head_learning_rate == pytest.approx(0.0025)
    assert with_rates(TrainConfig(), ()) == TrainConfig()  # what the bundled base was tuned with
    assert with_rates(TrainConfig(base="no/such/model"), ()) == TrainConfig(base="no/such/model")
