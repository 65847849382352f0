"""Names and submodules that are imported on first use."""

import sys

import pytest

from spatialcore.core.lazy_imports import lazy_exports, lazy_submodules


def test_names_are_imported_on_first_use(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    get, names, public = lazy_exports("json", {"decoder": ("JSONDecoder",)}, {"colorsys": ("rgb_to_hsv",)})
    assert public == names() == ["JSONDecoder", "rgb_to_hsv"]
    assert "colorsys" not in sys.modules
    assert get("rgb_to_hsv")(1.0, 0.0, 0.0) == (0.0, 1.0, 1.0)
    assert get("JSONDecoder")().decode("[1]") == [1]
    with pytest.raises(AttributeError, match="module 'json' has no attribute 'absent'"):
        get("absent")


def test_submodules_are_imported_on_first_use():
    get, names = lazy_submodules("spatialcore", ["io", "core"])
    assert names() == ["core", "io"]
    assert get("io").__name__ == "spatialcore.io"
    with pytest.raises(AttributeError, match="has no attribute 'absent'"):
        get("absent")
