"""CellTypist's pre-trained models by tissue, for data without references."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from spatialcore.core.files import whole
from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, InputError

log = get_logger(__name__)
SINGLE = "Immune_All_Low.pkl"
SERVER = "https://celltypist.cog.sanger.ac.uk/models"
_GENERAL = (SINGLE, "Pan_Fetal_Human.pkl")

TISSUE_MODELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "unknown": _GENERAL,
        "blood": _GENERAL,
        "pbmc": _GENERAL,
        "brain": (*_GENERAL, "Adult_Human_MTG.pkl"),
        "breast": (*_GENERAL, "Cells_Adult_Breast.pkl"),
        "colon": (*_GENERAL, "Cells_Intestinal_Tract.pkl"),
        "heart": (*_GENERAL, "Healthy_Adult_Heart.pkl"),
        "intestine": (*_GENERAL, "Cells_Intestinal_Tract.pkl"),
        "liver": (*_GENERAL, "Healthy_Human_Liver.pkl"),
        "lung": (*_GENERAL, "Human_Lung_Atlas.pkl"),
        "lung_airway": (*_GENERAL, "Cells_Lung_Airway.pkl"),
        "lung_cancer": (SINGLE, "Human_Lung_Atlas.pkl"),
        "pancreas": (*_GENERAL, "Adult_Human_PancreaticIslet.pkl"),
        "skin": (*_GENERAL, "Adult_Human_Skin.pkl"),
        "tonsil": (*_GENERAL, "Cells_Human_Tonsil.pkl"),
    }
)


def models_for_tissue(tissue: str, *, ensemble: bool = True) -> tuple[str, ...]:
    """Return the file names of CellTypist's models for a tissue; one general model without `ensemble`.

    Raises
    ------
    InputError
        The tissue is not listed; the message has the list.
    """
    key = tissue.strip().lower().replace(" ", "_")
    if key not in TISSUE_MODELS:
        raise InputError(
            f"no pre-trained models are listed for tissue {tissue!r}",
            hint=f"one of {', '.join(sorted(TISSUE_MODELS))}; or pass custom_model_path",
        )
    return TISSUE_MODELS[key] if ensemble else (SINGLE,)


def celltypist_folder() -> Path:
    """Return the folder where CellTypist keeps its models (``CELLTYPIST_FOLDER`` or ``~/.celltypist``)."""
    base = os.environ.get("CELLTYPIST_FOLDER") or Path.home() / ".celltypist"
    return Path(base) / "data" / "models"


def find_pretrained(names: tuple[str, ...]) -> list[Path]:
    """Return the paths of CellTypist's models, downloading missing ones from CellTypist's server.

    Raises
    ------
    FileMissingError
        A model is not in the folder and cannot be downloaded.
    """
    folder = celltypist_folder()
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        _download(missing, folder)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise FileMissingError(
            f"CellTypist's {', '.join(missing)} not found in {folder}, and could not be downloaded",
            hint="put the files there, set CELLTYPIST_FOLDER, or pass custom_model_path with a model of your own",
        )
    return [folder / name for name in names]


def _download(names: list[str], folder: Path) -> None:
    """Download models one by one; a failure is logged, and the caller checks the folder."""
    import requests

    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        log.info("downloading CellTypist's %s", name)
        try:
            _download_one(name, folder)
        except (requests.RequestException, OSError, KeyError, ValueError) as error:
            log.warning("%s could not be downloaded (%s/%s): %s", name, SERVER, name, error)


def _download_one(name: str, folder: Path) -> None:
    import requests

    index = requests.get(f"{SERVER}/models.json", timeout=(5, 30))
    index.raise_for_status()
    address = {entry["filename"]: entry["url"] for entry in index.json()["models"]}[name]
    response = requests.get(address, timeout=(5, 120))
    response.raise_for_status()
    with whole(folder / name) as part:
        part.write_bytes(response.content)
