"""The tree over the classes of a model, and confidences in its terms."""

import numpy as np
import pytest

from spatialcore.annotation.calls import levels
from spatialcore.annotation.calls.class_probabilities import class_probabilities
from spatialcore.annotation.calls.levels import ClassTree, finest_term, group_classes, lower_path
from spatialcore.annotation.ontology.hierarchy import name_of
from spatialcore.annotation.ontology.relations import is_a

BLOOD = {
    "CD4": "CL:0000624",
    "CD8": "CL:0000625",
    "CD14": "CL:0001054",
    "CD16": "CL:0002397",
    "B": "CL:0000236",
    "NK": "CL:0000623",
    "DC": "CL:0000451",
    "MK": "CL:0000556",
    "HSC": "CL:0000037",
}
# nine terms; a B cell descends from two overlapping terms
PARENTS = {
    "cell": (),
    "body": ("cell",),
    "blood": ("body",),
    "white": ("blood",),
    "eater": ("white",),
    "lymph": ("white",),
    "T": ("lymph",),
    "B": ("lymph", "eater"),
    "M": ("eater",),
}


def _above(term: str) -> dict[str, int]:
    result: dict[str, int] = {}
    for parent in PARENTS[term]:
        result |= {parent: 1, **_above(parent)}
    return result


@pytest.fixture
def nine_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "is_term", PARENTS.__contains__)
    monkeypatch.setattr(levels, "ancestors", _above)
    monkeypatch.setattr(levels, "depth", lambda term: len(_above(term)))
    monkeypatch.setattr(levels, "name_of", str.upper)


@pytest.mark.usefixtures("nine_terms")
def test_one_of_two_overlapping_terms_is_retained() -> None:
    assert group_classes(("T", "B", "M")) == {"eater": {1, 2}}  # as deep as "lymph", so the smaller id
    assert group_classes(("T", "B", "M", "")) == {"eater": {1, 2}, "white": {0, 1, 2}}
    assert group_classes(("T", "M")) == {}  # "white" has all classes, "body" and "blood" are too near the root


def test_a_class_of_two_lineages_is_left_out_of_the_coarser_one() -> None:
    brain = ("CL:0000129", "CL:0000235", "CL:0000127", "CL:0000128", "CL:0000617", "CL:0000115")
    nodes = {name_of(node): group for node, group in group_classes(brain).items()}
    assert nodes["macrophage"] == {0, 1}  # of the first two; microglia are neural cells as well
    assert nodes["neural cell"] == {2, 3, 4}


def test_nodes_are_nested_or_disjoint(rng: np.random.Generator) -> None:
    pool = ["CL:0000129", "CL:0000235", "CL:0000127", "CL:0000128", "CL:0000617", "CL:0000115", "CL:0000786"]
    pool += [*BLOOD.values(), "CL:0000097", "CL:0000784", "CL:0000765", "CL:0000066", "CL:0000057", "CL:0000669"]
    for _ in range(40):
        ids = tuple(rng.choice(pool, int(rng.integers(3, 14)), replace=False))
        nodes = group_classes(ids)
        for node, group in nodes.items():
            assert all(is_a(ids[k], node) for k in group)
            assert all(group < other or other < group or not group & other for other in set(nodes.values()) - {group})
        assert len(set(nodes.values())) == len(nodes)


@pytest.mark.usefixtures("nine_terms")
def test_the_tree_of_nine_terms_by_hand() -> None:
    tree = ClassTree.build(("t", "b", "m", "x"), {"t": "T", "b": "B", "m": "M"})
    assert tree.names == ("t", "b", "m", "x", "EATER", "WHITE")
    assert tree.paths.tolist() == [[0, 5, -1], [1, 4, 5], [2, 4, 5], [3, -1, -1]]
    assert tree.levels.tolist() == [[1, 0, 0], [2, 1, 0], [2, 1, 0], [0, 0, 0]]
    assert tree.members.tolist() == [*np.eye(4).tolist(), [0, 1, 1, 0], [1, 1, 1, 0]]
    shares = np.array([[0.1, 0.5, 0.2, 0.2], [0.7, 0.1, 0.1, 0.1]])
    confidence = tree.path_confidence(shares, np.array([1, 0]))
    np.testing.assert_allclose(confidence, [[0.5, 0.7, 0.8], [0.7, 0.9, np.nan]])
    best = np.array([1, 0, -1])
    path = np.vstack([confidence, np.zeros(3)])
    assert finest_term(tree, best, path, 0.75).tolist() == [2, 1, -1]
    assert finest_term(tree, best, path, 0.95).tolist() == [-1, -1, -1]
    assert finest_term(tree, best, path, 0.0).tolist() == [0, 0, -1]


@pytest.mark.usefixtures("nine_terms")
def test_a_class_above_another_class_is_a_node() -> None:
    tree = ClassTree.build(("eater", "m", "t", "x"), {"eater": "eater", "m": "M", "t": "T"})
    assert tree.names[4:] == ("EATER", "WHITE")
    assert tree.paths[0].tolist() == [0, 4, 5]


def test_the_tree_of_blood() -> None:
    groups = {
        name_of(node): {list(BLOOD)[k] for k in group} for node, group in group_classes(tuple(BLOOD.values())).items()
    }
    assert groups == {
        "mature alpha-beta T cell": {"CD4", "CD8"},
        "CD14-positive monocyte": {"CD14", "CD16"},
        "mononuclear phagocyte": {"CD14", "CD16", "DC"},
        "lymphocyte": {"CD4", "CD8", "B", "NK"},
        "mononuclear leukocyte": {"CD4", "CD8", "B", "NK", "CD14", "CD16", "DC"},
    }


def test_confidences_are_the_sums_over_the_classes_below(rng: np.random.Generator) -> None:
    tree = ClassTree.build(tuple(BLOOD), BLOOD)
    scores = rng.normal(scale=3, size=(50, 9))
    best, confidence = scores.argmax(axis=1), rng.uniform(size=50)
    shares = class_probabilities(scores, best, confidence, temperature=2.0, fit=0.9)
    path = tree.path_confidence(shares, best)
    for cell in range(50):
        for position, term in enumerate(tree.paths[best[cell]]):
            if term < 0:
                assert np.isnan(path[cell, position])
            elif term < 9:
                assert path[cell, position] == pytest.approx(confidence[cell])
            else:
                below = [is_a(BLOOD[name], tree.ids[term]) for name in BLOOD]
                assert path[cell, position] == pytest.approx(shares[cell, below].sum())
        rising = path[cell][~np.isnan(path[cell])]
        assert (np.diff(rising) >= 0).all()
        named = finest_term(tree, best[cell : cell + 1], path[cell : cell + 1], 0.8)[0]
        assert named == next((i for i, value in enumerate(rising) if value >= 0.8), -1)


def test_classes_without_terms_have_no_nodes() -> None:
    tree = ClassTree.build(("a", "b"), {})
    assert len(tree.names) == tree.n_classes
    assert tree.paths.tolist() == [[0], [1]]
    assert tree.levels.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_the_tree_round_trips_through_json() -> None:
    tree = ClassTree.build(tuple(BLOOD), BLOOD)
    repeated = ClassTree.from_dict(tree.to_dict())
    assert (repeated.names, repeated.ids, repeated.n_classes) == (tree.names, tree.ids, tree.n_classes)
    np.testing.assert_array_equal(repeated.members, tree.members)
    np.testing.assert_array_equal(repeated.levels, tree.levels)


def test_terms_have_a_share_of_the_probability_outside_the_class() -> None:
    path = np.array([[0.6, 0.8, 1.0], [0.6, 0.9, np.nan]])
    lower_path(path, np.array([0.6, 0.6]), np.array([0.2, 0.8]))
    np.testing.assert_allclose(path, [[0.2, 0.6, 1.0], [0.8, 0.95, np.nan]])
    lower_path(np.empty((2, 0)), np.zeros(2), np.ones(2))  # a model without a tree
