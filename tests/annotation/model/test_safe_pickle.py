"""A model file cannot execute code; real models of other authors load."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from spatialcore.annotation.model.artifact import load_model, sidecar_path
from spatialcore.errors import FileMissingError, ModelError


class _Gadget:
    """Unpickles as a function call with arguments."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


def gadgets(flag: Path) -> dict[str, object]:
    import subprocess

    command = f"touch {flag}"
    return {
        "os.system": _Gadget(os.system, command),
        "subprocess": _Gadget(subprocess.call, ["touch", str(flag)]),
        "eval": _Gadget(eval, f"open({str(flag)!r}, 'w')"),
        "exec": _Gadget(exec, f"open({str(flag)!r}, 'w')"),
        "getattr": _Gadget(getattr, str(flag), "upper"),
        "open": _Gadget(open, str(flag), "w"),
        "numpy loader": _Gadget(np.load, str(flag), None, True),
        "numpy test runner": _Gadget(np.testing.assert_equal, 1, 1),
        "nested pickle": _Gadget(pickle.loads, pickle.dumps(_Gadget(os.system, command))),
    }


@pytest.mark.parametrize("name", sorted(gadgets(Path("x"))))
def test_a_crafted_file_is_refused_before_it_runs(name: str, tmp_path: Path) -> None:
    flag, path = tmp_path / "ran", tmp_path / "crafted.pkl"
    path.write_bytes(pickle.dumps({"Model": gadgets(flag)[name], "Scaler_": 0, "description": {}}))
    with pytest.raises(ModelError, match="not loaded"):
        load_model(path)
    assert not flag.exists()


def test_a_dotted_name_cannot_leave_an_allowed_module(tmp_path: Path) -> None:
    path = tmp_path / "crafted.pkl"
    path.write_bytes(b"\x80\x04\x8c\x05numpy\x8c\x0fcore.os.systemX\x93.")
    with pytest.raises(ModelError):
        load_model(path)


@pytest.mark.parametrize("content", [b"", b"<html>", pickle.dumps([1]), pickle.dumps({"Model": None, "Scaler_": None})])
def test_files_that_are_not_models_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.pkl"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        load_model(path)


def test_a_bare_file_name_is_a_local_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileMissingError, match=r"model\.pkl"):
        load_model("model.pkl")
    Path("model.pkl").write_bytes(trained.read_bytes())
    assert load_model("model.pkl").classes == load_model(trained).classes


def test_an_altered_file_does_not_match_its_sidecar(tmp_path: Path, trained: Path) -> None:
    copy = tmp_path / trained.name
    copy.write_bytes(trained.read_bytes().replace(b"log1p of counts", b"log1p of Counts"))
    sidecar_path(copy).write_bytes(sidecar_path(trained).read_bytes())
    with pytest.raises(ModelError, match="sha256"):
        load_model(copy)


def test_a_model_of_an_old_scikit_learn_loads(shared: Path) -> None:
    model = load_model(shared / "data" / "models" / "stcat_cd8.pkl")
    assert model.linear.coef.shape == (len(model.classes), len(model.genes))
    assert "GAPDH" in model.genes
