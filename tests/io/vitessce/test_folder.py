"""The Vitessce folder: data, configuration, and the page in a browser."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
import zarr

from spatialcore import columns
from spatialcore.core.normalization import log1p_normalize
from spatialcore.errors import FileMissingError, InputError
from spatialcore.io import write_vitessce
from tests import home
from tests.browser import chromium
from tests.contract.servers import web_server
from tests.io.bundles import called

ROOT = Path(__file__).resolve().parents[3]


DRAWN_BY_CPU = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")


def config_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "vitessce.json").read_text())
    return content


def paths_of(config: dict[str, Any]) -> Iterator[str]:
    for file in config["datasets"][0]["files"]:
        for option in file["options"].values():
            yield from (part["path"] for part in (option if isinstance(option, list) else [option]))


def test_data_of_the_views(tmp_path: Path) -> None:
    data = called(30)
    data.obsm["spatial"][4] = np.nan
    displayed = anndata.read_zarr(write_vitessce(data, tmp_path / "web") / "data.zarr")
    assert displayed.obs_names.tolist() == data.obs_names.tolist()
    for column in (columns.CELL_TYPE, columns.PREDICTED, columns.CONFIDENCE):
        assert displayed.obs[column].tolist() == data.obs[column].tolist()
    np.testing.assert_allclose(displayed.obsm["map"] * [1, -1], data.obsm["spatial"], rtol=1e-6)
    genes = [name for name in data.var_names if not name.startswith("Neg")]
    assert displayed.var_names.tolist() == genes
    expected = log1p_normalize(data[:, genes].X)
    np.testing.assert_allclose(displayed.X.toarray(), expected.toarray(), rtol=1e-6)


def test_configuration_refers_to_existing_data(tmp_path: Path) -> None:
    folder = write_vitessce(called(30), tmp_path / "web")
    config = config_of(folder)
    data = zarr.open_group(folder / "data.zarr", mode="r")
    assert len(list(paths_of(config))) == 5
    for path in paths_of(config):
        assert path in data
    for view in config["layout"]:
        for kind, scope in view["coordinationScopes"].items():
            assert scope in config["coordinationSpace"][kind], (view["component"], kind)
        assert view["x"] + view["w"] <= 12
        assert view["y"] + view["h"] <= 12


def test_colours_of_the_model_and_order_of_types(tmp_path: Path) -> None:
    data = called(60)
    data.uns[columns.MANIFEST] = {"colors_json": json.dumps({"B cell": "#102030"})}
    space = config_of(write_vitessce(data, tmp_path / "web"))["coordinationSpace"]
    colors = {entry["path"][-1]: entry["color"] for entry in space["obsSetColor"]["types"]}
    assert colors["B cell"] == [16, 32, 48]
    assert list(colors)[-1] == columns.UNASSIGNED
    assert len(set(colors[columns.UNASSIGNED])) == 1
    assert [path[-1] for path in space["obsSetSelection"]["types"]] == list(colors)


def test_selected_genes(tmp_path: Path) -> None:
    folder = write_vitessce(called(9), tmp_path / "web", genes=["GENE3", "GENE1"])
    assert anndata.read_zarr(folder / "data.zarr").var_names.tolist() == ["GENE3", "GENE1"]
    with pytest.raises(InputError, match="GENE77"):
        write_vitessce(called(9), tmp_path / "web", genes=["GENE77"])


def test_folder_with_other_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="is not a Vitessce folder"):
        write_vitessce(called(9), tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    write_vitessce(called(9), tmp_path / "web")
    assert config_of(write_vitessce(called(12), tmp_path / "web"))["description"] == "12 cells"


def test_missing_coordinates_and_viewer(tmp_path: Path) -> None:
    bare = called(9)
    del bare.obsm["spatial"]
    with pytest.raises(InputError, match="no coordinates"):
        write_vitessce(bare, tmp_path / "web")
    with pytest.raises(FileMissingError, match=r"viewer\.js"):
        write_vitessce(called(9), tmp_path / "web", viewer=tmp_path)
    assert [item.name for item in tmp_path.iterdir()] == []


@pytest.fixture(scope="session")
def viewer(request: pytest.FixtureRequest) -> Path:
    """Return the bundle of Vitessce, built once from npm packages (takes 6 s)."""
    folder: Path = request.config.cache.mkdir("vitessce-viewer-4.0.8")
    if not (folder / "viewer.js").is_file():
        if shutil.which("npm") is None:
            pytest.skip("npm is not installed, which the viewer needs")
        command = [sys.executable, str(ROOT / "tools" / "build_vitessce_viewer.py"), str(folder)]
        process = subprocess.run(
            command, capture_output=True, text=True, check=False, env=home.package_manager_environment()
        )
        if process.returncode != 0:
            pytest.skip(f"the viewer cannot be fetched here: {process.stderr.strip().splitlines()[-1:]}")
    return folder


@pytest.fixture
def page(viewer: Path, tmp_path: Path) -> Iterator[str]:
    """Serve an exported folder and return the address of the page."""
    data = called(400)
    data.obs[columns.CELL_TYPE] = pd.Categorical(np.where(np.arange(400) % 2, "B cell", "macrophage"))
    data.uns[columns.MANIFEST] = {"colors_json": json.dumps({"B cell": "#ff0000", "macrophage": "#0000ff"})}
    data.obsm["spatial"][4] = np.nan
    folder = write_vitessce(data, tmp_path / "web", viewer=viewer)
    with web_server(folder) as address:
        yield f"{address}/index.html"


@pytest.mark.slow
@pytest.mark.browser
def test_browser_shows_the_page_without_network(page: str) -> None:
    from PIL import Image

    asked: list[str] = []
    faults: list[str] = []
    with chromium(DRAWN_BY_CPU) as browser:
        tab = browser.new_page(viewport={"width": 1400, "height": 900})
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.goto(page)
        for text in ("Cell types", "Confidence", "Expression", "macrophage", "400 cells", "Cell Set Size"):
            tab.get_by_text(text).first.wait_for(timeout=120_000)
        tab.wait_for_function("!document.body.innerText.includes('Loading')", timeout=120_000)
        read = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    assert faults == []
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {page.split("/")[2]}
    types = np.asarray(read)[60:580, 0:350].reshape(-1, 3)
    for color in ([255, 0, 0], [0, 0, 255]):
        assert (types == color).all(axis=1).sum() > 100
