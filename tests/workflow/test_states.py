from spatialcore.workflow.states import DataState, ModelState, overlap


def state(query: str, reference: str) -> DataState:
    return DataState(
        path="cells.h5ad",
        format="AnnData (.h5ad)",
        platform="xenium",
        cells=1200,
        features=313,
        genes=300,
        named_by="symbols",
        x="raw",
        raw_counts="X",
        median_counts_per_cell=150.0,
        coordinates="yes, in um",
        annotated=False,
        query=query,
        reference=reference,
        label_columns={"cell_type": 9},
        matches={"panel.csv": overlap(150, 200)},
    )


def test_overlap_is_the_share_of_the_total() -> None:
    assert overlap(50, 200) == {"shared": 50, "wanted": 200, "pct": 25.0}
    assert overlap(0, 0)["pct"] == 0.0


def test_data_is_usable_as_a_query_or_as_a_reference() -> None:
    assert state("yes", "no: no labels").usable
    assert state("no: profiles", "yes").usable
    assert not state("no: scaled", "no: scaled").usable
    assert state("yes", "yes").as_dict()["usable"] is True


def test_rows_of_data() -> None:
    rows = dict(state("yes", "no: no labels").rows())
    assert rows["features"] == "313: 300 genes by symbols, 13 others"
    assert rows["label columns"] == "cell_type (9 types)"
    assert rows["raw counts"] == "X, median 150 a cell"
    assert rows["genes of panel.csv"] == "150 of 200 (75 %)"


def test_rows_of_a_model() -> None:
    model = ModelState("m.pkl", ["B cell", "T cell"], 313, 1e4, False, "0" * 64, {"q.h5ad": overlap(1, 4)})
    rows = dict(model.rows())
    assert rows["classes"] == "2: B cell, T cell"
    assert rows["confidence"] == "not calibrated: z-scores"
    assert rows["its genes in q.h5ad"] == "1 of 4 (25 %)"
    assert model.as_dict()["usable"] is True
