"""Models fetched over real HTTP: whole, broken off, wrong, stopped."""

import hashlib
import json
import threading

import pytest
from protocol_servers.hub_server import HubServer

from kb_app.errors import InterruptedStreamError, ModelChecksumError, ModelNotFoundError, UnreachableError
from kb_app.providers.onnx_download import Download, RemoteFile, RemoteModel, discard, remote_models
from kb_app.providers.stream import Hangup

WEIGHTS = bytes(range(256)) * 200
FILES = {"onnx/model.onnx": WEIGHTS, "tokenizer.json": b'{"version": "1.0"}'}
MODEL = RemoteModel(
    name="tiny",
    repository="owner/tiny",
    files=(
        RemoteFile(path="onnx/model.onnx", save_as="model.onnx", size_bytes=len(WEIGHTS)),
        RemoteFile(path="tokenizer.json", save_as="tokenizer.json"),
    ),
    pooling="first_token",
    query_prompt="query: ",
)


@pytest.fixture
def hub():
    with HubServer(dict(FILES)).running() as server:
        yield server


def fetch(hub, folder, model=MODEL, hangup=None):
    return list(Download(model, hub.url, folder, hangup or Hangup()).run())


def test_a_model_is_fetched_with_progress_and_described(hub, tmp_path):
    steps = fetch(hub, tmp_path)
    assert (tmp_path / "tiny" / "model.onnx").read_bytes() == WEIGHTS
    assert json.loads((tmp_path / "tiny" / "1_Pooling" / "config.json").read_text())["pooling_mode_cls_token"] is True
    about = json.loads((tmp_path / "tiny" / "config_sentence_transformers.json").read_text())
    assert about["prompts"]["query"] == "query: "
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"], "nothing unfinished is left"
    done = [step.done_bytes for step in steps]
    assert done == sorted(done)
    assert steps[-1].done_bytes == steps[-1].total_bytes == sum(map(len, FILES.values()))
    assert fetch(hub, tmp_path) == [], "what is there is not fetched again"


def test_a_broken_download_goes_on_where_it_was(hub, tmp_path):
    hub.breaks = [20_000, 5_000]
    fetch(hub, tmp_path)
    assert hub.ranges[:3] == ["", "bytes=20000-", "bytes=25000-"]
    assert (tmp_path / "tiny" / "model.onnx").read_bytes() == WEIGHTS


def test_a_download_that_keeps_breaking_fails_and_the_next_one_goes_on(hub, tmp_path):
    hub.breaks = [10_000] * 4
    with pytest.raises(InterruptedStreamError):
        fetch(hub, tmp_path)
    assert not (tmp_path / "tiny").exists()
    fetch(hub, tmp_path)
    assert hub.ranges[4] == "bytes=40000-"
    assert (tmp_path / "tiny" / "model.onnx").read_bytes() == WEIGHTS


def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(hub, tmp_path):
    hub.breaks = [10_000] * 4
    with pytest.raises(InterruptedStreamError):
        fetch(hub, tmp_path)
    hub.files["onnx/model.onnx"] = WEIGHTS[::-1]
    fetch(hub, tmp_path)
    assert (tmp_path / "tiny" / "model.onnx").read_bytes() == WEIGHTS[::-1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": hashlib.sha256(b"another file").hexdigest()},
        {"size_bytes": len(WEIGHTS) + 1},
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused_and_forgotten(hub, tmp_path, wrong):
    file = RemoteFile(path="onnx/model.onnx", save_as="model.onnx", **wrong)
    model = RemoteModel(name="tiny", repository="owner/tiny", files=(file,))
    with pytest.raises(ModelChecksumError) as caught:
        fetch(hub, tmp_path, model)
    assert caught.value.params["file"] == "onnx/model.onnx"
    assert not (tmp_path / "tiny").exists()
    assert not list((tmp_path / ".tiny.part").iterdir())


def test_a_file_without_end_is_given_up_before_the_disk_is_full(hub, tmp_path, monkeypatch):
    monkeypatch.setattr("kb_app.providers.onnx_download._MOST_MB", 0.01)
    endless = RemoteModel(
        name="tiny", repository="owner/tiny", files=(RemoteFile(path="onnx/model.onnx", save_as="model.onnx"),)
    )
    with pytest.raises(ModelChecksumError):
        fetch(hub, tmp_path, endless)
    assert not list((tmp_path / ".tiny.part").iterdir())


def test_the_checksum_the_hub_tells_is_checked(hub, tmp_path, monkeypatch):
    monkeypatch.setattr("kb_app.providers.onnx_download._sha256", lambda _path: "0" * 64)
    with pytest.raises(ModelChecksumError):
        fetch(hub, tmp_path)
    hub.checksums = False
    fetch(hub, tmp_path)


def test_a_download_is_stopped_from_another_thread_and_kept(hub, tmp_path):
    hub.piece_s = 0.02
    hangup = Hangup()
    steps = Download(MODEL, hub.url, tmp_path, hangup).run()
    assert next(steps).done_bytes > 0
    stopper = threading.Thread(target=hangup.hang_up)
    stopper.start()
    stopper.join()  # with most of the file still to come
    with pytest.raises(InterruptedStreamError):
        list(steps)
    assert not (tmp_path / "tiny").exists()
    assert (tmp_path / ".tiny.part" / "model.onnx.part").stat().st_size > 0
    hub.piece_s = 0.0
    fetch(hub, tmp_path)
    assert (tmp_path / "tiny" / "model.onnx").read_bytes() == WEIGHTS


def test_a_missing_file_and_a_missing_server_have_their_errors(hub, tmp_path):
    model = RemoteModel(name="tiny", repository="owner/tiny", files=(RemoteFile(path="no.onnx", save_as="m"),))
    with pytest.raises(ModelNotFoundError):
        fetch(hub, tmp_path, model)
    with pytest.raises(UnreachableError):
        list(Download(MODEL, "http://127.0.0.1:9", tmp_path, Hangup()).run())


def test_a_model_is_discarded_with_what_is_unfinished_and_nothing_outside(hub, tmp_path):
    fetch(hub, tmp_path / "models")
    (tmp_path / "models" / ".tiny.part").mkdir()
    (tmp_path / "else").mkdir()
    discard(tmp_path / "models", "../else")
    discard(tmp_path / "models", "tiny")
    assert list((tmp_path / "models").iterdir()) == []
    assert (tmp_path / "else").is_dir()


def test_the_list_names_the_files_a_model_needs():
    base_url, models = remote_models()
    assert base_url.startswith("https://")
    for model in models:
        assert {"model.onnx", "tokenizer.json"} <= {file.save_as for file in model.files}
        assert model.about_mb
        assert model.languages
