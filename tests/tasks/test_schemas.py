"""Results of stages: records, identities and accessors."""

import pytest
from pydantic import ValidationError

from spatialcore.annotation.stages import ANNOTATION_ORDER, TRAINING_ORDER
from spatialcore.storage import StoredFile
from tasks import schemas
from tasks.cache_keys import CODE_VERSIONS
from tasks.schemas import CombinedReferences, MappedLabels, QueryCells, SourceVersion, StageResult, TrainedModel


def stage_classes(base: type[StageResult] = StageResult) -> set[type[StageResult]]:
    below = {kind for subclass in base.__subclasses__() for kind in stage_classes(subclass)}
    return below | ({base} if "STAGE" in vars(base) else set())


def file(name: str, sha256: str = "a") -> StoredFile:
    return StoredFile(uri=f"/store/cache/x-1/{name}", token="1", sha256=sha256, size=1)


def test_every_stage_has_one_class() -> None:
    stages = sorted(kind.STAGE for kind in stage_classes())
    assert stages == sorted(CODE_VERSIONS)
    assert {*TRAINING_ORDER, *ANNOTATION_ORDER} <= set(stages)


@pytest.mark.parametrize("kind", sorted(stage_classes(), key=lambda kind: kind.STAGE))
def test_results_round_trip_through_records(kind: type[StageResult]) -> None:
    result = kind(phase=kind.STAGE, key="k", files={"a": file("a")}, facts={"sample": "s", "source": "u@1"})
    assert kind.model_validate_json(result.model_dump_json()) == result


def test_identity_is_of_the_content() -> None:
    results = [
        QueryCells(phase="read_query", key=key, files={"query.h5ad": file("query.h5ad", sha256)}, facts={"sample": key})
        for key, sha256 in [("k1", "a"), ("k2", "a"), ("k1", "b")]
    ]
    assert results[0].identity == results[1].identity != results[2].identity
    assert results[0].sample == "k1"
    assert results[0].data.sha256 == "a"


def test_optional_files() -> None:
    mapped = MappedLabels(
        phase="map_ontology", key="k", files={name: file(name) for name in ("mapped.h5ad", "combined.h5ad")}
    )
    assert mapped.mapping is None
    assert (mapped.cells.uri, mapped.counts.uri) == ("/store/cache/x-1/mapped.h5ad", "/store/cache/x-1/combined.h5ad")
    with pytest.raises(KeyError):
        CombinedReferences(phase="combine", key="k", files={}).counts  # noqa: B018


def test_files_of_a_model_the_pickle_first() -> None:
    names = ["blood_card.md", "blood_colors.json", "blood.pkl", "blood_celltypist.json"]
    model = TrainedModel(
        phase="train", key="k", files={name: file(name) for name in names}, facts={"artifact": "blood.pkl"}
    )
    assert model.model_files == ["blood.pkl", "blood_celltypist.json", "blood_colors.json"]


def test_a_reference_in_the_store_keeps_its_identity_when_the_store_moves() -> None:
    versions = [
        SourceVersion(uri=f"{store}/references/lung.h5ad", token="1", label_column="cell_type").within(store)
        for store in ("s3://lab/store", "/data/store")
    ]
    assert versions[0] == versions[1]
    outside = SourceVersion(uri="s3://other/lung.h5ad", token="1", label_column="cell_type")
    assert outside.within("s3://lab/store") == outside
    assert outside.identity != outside.model_copy(update={"label_column": "author_cell_type"}).identity


def test_results_are_frozen_and_have_no_other_fields() -> None:
    result = CombinedReferences(phase="combine", key="k", files={})
    with pytest.raises(ValidationError, match="frozen"):
        result.key = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        schemas.ClassScore(cell_type="B cell", cells=1, challenger=0.1, champion=0.2, other=1)  # type: ignore[call-arg]
