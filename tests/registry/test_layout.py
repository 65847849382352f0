"""Folders of models in a store."""

import pytest

from spatialcore.errors import InputError
from spatialcore.registry.layout import models_folder, pointer_uri, tissue_folder


def test_folders() -> None:
    assert models_folder("s3://lab/store/") == "s3://lab/store/models"
    assert tissue_folder("s3://lab/store", "lung") == "s3://lab/store/models/lung"
    assert pointer_uri("s3://lab/store", "lung") == "s3://lab/store/models/lung/current.json"


def test_tissues_with_special_names_have_separate_folders() -> None:
    folders = {tissue_folder("s3://lab/store", name) for name in ("Lung", "lung", "l ung", "lung?")}
    assert len(folders) == 4
    with pytest.raises(InputError, match="begins with a dot"):
        tissue_folder("s3://lab/store", "../lung")
