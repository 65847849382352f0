"""Special characters in names are supported; names that could be paths are refused."""

from pathlib import Path

import pytest

from flows.annotate import annotate
from flows.parameters import AnnotateParameters
from flows.train_and_annotate import train_and_annotate
from spatialcore import registry
from spatialcore.errors import InputError
from tests.flows.conftest import blood_config


def test_a_tissue_with_a_space_and_a_sample_in_another_alphabet(blood: Path, tmp_path: Path) -> None:
    store, query = str(tmp_path / "store"), str(blood / "query.h5ad")
    names = ["Mäuse α", "a | [b](javascript:c)"]
    queries = [{"uri": query, "sample": name} for name in names]
    run = train_and_annotate(blood_config(blood, store, tissue="bone marrow", queries=queries, promote="always"))
    assert (run.tissue, [sample.sample for sample in run.samples]) == ("bone marrow", names)
    assert registry.tissues(store) == ["bone marrow"]
    assert registry.show(store, "bone marrow").tissue == "bone marrow"
    second = annotate(AnnotateParameters(queries=queries[:1], store=store, tissue="bone marrow", generate_plots=False))
    assert second.model_version == run.model_version
    uris = [file.uri for sample in run.samples for file in sample.files.values()]
    assert all(uri.isascii() and uri.startswith(f"{store}/runs/bone-marrow~") and " " not in uri for uri in uris)
    assert {path.name for path in tmp_path.iterdir()} == {"store"}


@pytest.mark.parametrize("name", ["../../../other", "..", "a/b", ".hidden", "a\nb", "x" * 300])
def test_a_name_that_could_be_a_path_is_refused_before_the_run(blood: Path, tmp_path: Path, name: str) -> None:
    query = str(blood / "query.h5ad")
    with pytest.raises(InputError, match=r"queries\.0\.sample: the name"):
        blood_config(blood, tmp_path / "store", queries=[{"uri": query, "sample": name}])
    with pytest.raises(InputError, match="tissue: the name"):
        blood_config(blood, tmp_path / "store", tissue=name)
    with pytest.raises(InputError, match="the tissue"):
        registry.current(str(tmp_path / "store"), name)
    assert list(tmp_path.iterdir()) == []
