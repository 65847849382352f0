"""Data sets of the CELLxGENE portal with a short key."""

import re
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from spatialcore.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Dataset:
    """A data set of the portal.

    Parameters
    ----------
    key
        Short key, used as ``cellxgene://key``.
    tissue
        Name of the tissue.
    description
        Description in one line.
    dataset_id
        Id of the data set in the portal.
    label_column
        Column of obs with the curated cell types.
    """

    key: str
    tissue: str
    description: str
    dataset_id: str
    label_column: str = "cell_type"

    def __post_init__(self) -> None:
        check_dataset_id(self.dataset_id)


def check_dataset_id(text: str) -> str:
    """Return a data set id of the portal if it is valid.

    Raises
    ------
    InputError
        The id is not a UUID in lower case.
    """
    if not _UUID.fullmatch(text):
        raise InputError(
            f"invalid CELLxGENE data set id {text!r}",
            hint="expected a UUID such as f72958f5-7f42-4ebb-98da-445b0c6de516",
        )
    return text


_DATASETS: Final = {
    dataset.key: dataset
    for dataset in (
        Dataset(
            "healthy_human_liver", "liver", "Healthy human liver scRNA-seq", "4f88c1be-5156-463d-b64d-a3a3a8e0da6d"
        ),
        Dataset(
            "colon_immune_niches", "colon", "Colon immune microenvironment", "2872f4b0-b171-46e2-abc6-befcf6de6306"
        ),
        Dataset("human_lung_cell_atlas", "lung", "HLCA reference atlas", "f72958f5-7f42-4ebb-98da-445b0c6de516"),
        Dataset("lung_covid", "lung", "COVID-19 lung atlas", "d8da613f-e681-4c69-b463-e94f5e66847f"),
    )
}


def find_dataset(key: str) -> Dataset:
    """Return the data set with a short key.

    Raises
    ------
    InputError
        The key is unknown; the hint names similar keys.
    """
    if key not in _DATASETS:
        near = get_close_matches(key, _DATASETS, n=2, cutoff=0.4) or list(_DATASETS)
        raise InputError(f"unknown data set key {key!r}", hint=f"did you mean {' or '.join(near)}?")
    return _DATASETS[key]


def list_available_datasets() -> "pd.DataFrame":
    """Return the data sets with a short key.

    Returns
    -------
    DataFrame
        One row per data set: dataset_key, tissue, description, dataset_id, label_column.

    Examples
    --------
    >>> list_available_datasets()["dataset_key"].tolist()[0]
    'healthy_human_liver'
    """
    import pandas as pd

    return pd.DataFrame([asdict(dataset) for dataset in _DATASETS.values()]).rename(columns={"key": "dataset_key"})
