"""Calls by level on pairs of fine types: share called, accuracy, calibration, and prediction sets.

    python -m benchmarks.resolution --data ../shared/data

Three tables. **Calls at 0.8**: ``class`` calls the best class or nothing, ``auto`` the finest term that reaches 0.8.
``right``: the call is the true term or above it; ``near``: and within two is_a steps; ``info``: 1 for a class,
log(K / classes below) / log K for a term above, 0 for no call. **Levels**: expected calibration error and accuracy of
levels 1 to 3. **Sets at 0.9**: coverage and mean size of the smallest sets of the query (possibly empty), of the same
with at least the best class, and of split conformal prediction with the same probabilities; its bound is from a half of
the reference that is not used for training, measured on the query's platform. ``--parts sections`` gives the sets of
the real sections of benchmarks.between_studies, ``--parts hidden`` the calls of cells of types outside the reference,
hiding one type at a time.
"""

import argparse
import json
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData
from scipy.special import softmax

from benchmarks.calibration import expected_calibration_error, hidden_types
from benchmarks.data.fine_pairs import Fine, all_right, fine_pairs, is_near
from benchmarks.data.open_pairs import Pair
from benchmarks.data.study_pairs import spatial_pairs
from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.calls.level_columns import apply_threshold, class_codes, class_tree
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.calls.prediction_sets import cell_probabilities, smallest_sets
from spatialcore.annotation.ontology.mapping import add_ontology_ids
from spatialcore.annotation.ontology.relations import is_a
from spatialcore.annotation.training.platform.estimate import class_profiles, estimate_platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.core.types import Floats

THRESHOLD, COVERAGE = 0.8, 0.9
PARTS = ("fine", "sections", "hidden")
GLUTAMATERGIC = "CL:0000679"
LAYERS = frozenset({"L2/3", "L4", "L5", "L6"})
Table = dict[str, dict[str, float]]


def annotated(reference: AnnData, queries: list[AnnData]) -> list[AnnData]:
    """Train for the first query, and annotate all queries."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        train_celltypist_model(reference, output_path=path, trainer="logistic", query=queries[0])
        return [
            annotate_celltypist(
                query,
                custom_model_path=path,
                min_confidence=THRESHOLD,
                confidence_transform="calibrated",
                min_gene_overlap_pct=0,
                copy=True,
            )
            for query in queries
        ]


def tree_of(adata: AnnData) -> ClassTree:
    """Return the tree over the classes."""
    tree = class_tree(adata)
    assert tree is not None
    return tree


def calls(adata: AnnData, truth: npt.NDArray[np.str_], resolution: str) -> dict[str, float]:
    """Return accuracy and information of the calls at 0.8, at one resolution."""
    tree = tree_of(adata)
    adata = adata.copy()
    apply_threshold(adata, THRESHOLD, resolution)  # type: ignore[arg-type]
    names, ids = adata.obs[columns.CELL_TYPE].astype(str), adata.obs[columns.ONTOLOGY_ID].astype(str).to_numpy()
    called = (adata.obs[columns.CONFIDENCE] >= THRESHOLD).to_numpy()
    below = dict(zip(tree.names, tree.members.sum(axis=1), strict=True))
    k = tree.n_classes
    info = np.array([np.log(k / below.get(name, k)) / np.log(k) for name in names]) * called
    right = all_right(ids, truth)
    near = np.array([is_near(call, term) for call, term in zip(ids, truth, strict=True)])
    return {
        "called": called.mean(),
        "right": right[called].mean(),
        "near": near[called].mean(),
        "called and near": (called & near).mean(),
        "info": info.mean(),
    }


def level_results(adata: AnnData, truth: npt.NDArray[np.str_]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each level the confidence in the best term and whether it is correct."""
    tree, results = tree_of(adata), []
    apply_threshold(adata, 0.0)
    ids = dict(zip(tree.names, tree.ids, strict=True))
    for name, confidence in zip(columns.LEVELS, columns.LEVEL_CONFIDENCE, strict=True):
        terms = adata.obs[name].astype(str).map(ids).fillna("").to_numpy(dtype=str)
        results.append((adata.obs[confidence].to_numpy(), all_right(terms, truth)))
    return results


def sets(fine: Fine) -> dict[str, float]:
    """Return coverage and size of prediction sets, and of split conformal sets with the same scores."""
    train, held_out = halves(fine.reference)
    query, other = annotated(train, [fine.query, as_measured(held_out, fine)])
    probabilities = cell_probabilities(query)[0]
    ids = tree_of(query).ids[: probabilities.shape[1]]
    covered = covers(ids, held_out.obs[columns.ONTOLOGY_ID].astype(str).to_numpy())
    bound = np.quantile(np.where(covered, softmax_of(other), 0).max(axis=1), 1 - COVERAGE, method="lower")
    inside = covers(ids, fine.truth)
    used = inside.any(axis=1)
    return set_figures(probabilities[used], inside[used], softmax_of(query)[used], bound)


def softmax_of(adata: AnnData) -> Floats:
    """Return the softmax of the decision scores at the temperature of the calibration."""
    card = json.loads(adata.uns[columns.MANIFEST]["model_card_json"])
    shares: Floats = softmax(adata.obsm[columns.DECISION_SCORES] / card["calibration"]["temperature"], axis=1)
    return shares


def set_figures(
    probabilities: Floats, inside: npt.NDArray[np.bool_], by_softmax: Floats, bound: float | None = None
) -> dict[str, float]:
    """Return coverage and size of the sets, and of those of the softmax with a bound; `inside` marks correct classes.

    The last two are the sizes if the bound is moved so that exactly .9 of the cells are covered.
    """
    smallest = smallest_sets(probabilities, COVERAGE)
    best = np.eye(probabilities.shape[1], dtype=bool)[probabilities.argmax(axis=1)]
    kinds = {"": smallest, "at least one: ": smallest | best}
    if bound is not None:
        kinds["conformal: "] = by_softmax >= bound
    measures = {}
    for kind, chosen in kinds.items():
        measures[f"{kind}coverage"] = (chosen & inside).any(axis=1).mean()
        measures[f"{kind}size"] = chosen.sum(axis=1).mean()
    measures["at .9: size"] = size_at_coverage(probabilities, inside)
    measures["at .9: softmax"] = size_at_coverage(by_softmax, inside)
    return measures


def size_at_coverage(probabilities: Floats, inside: npt.NDArray[np.bool_]) -> float:
    """Return the mean size of sets that cover exactly the stated share of the cells.

    Examples
    --------
    >>> probabilities = np.linspace(0.1, 0.9, 10)[:, None] * [1.0, 0.5]
    >>> size_at_coverage(probabilities, np.tile([True, False], (10, 1)))
    1.5
    """
    of_truth = np.where(inside, probabilities, 0).max(axis=1)
    bound = np.quantile(of_truth, 1 - COVERAGE, method="higher")
    return float((probabilities >= bound).sum(axis=1).mean())


def section_sets(pair: Pair) -> dict[str, float]:
    """Return coverage and size of the sets of a section."""
    (query,) = annotated(with_terms(pair), [pair.query_data()])
    probabilities, called, tree = cell_probabilities(query)
    used = called & pair.in_reference
    classes = pair.as_truth(np.array(tree.names[: tree.n_classes]))
    inside = pair.truth[used, None] == classes
    return set_figures(probabilities[used], inside, softmax_of(query)[used])


def with_terms(pair: Pair) -> AnnData:
    """Return the reference of a pair, with terms for its labels by name."""
    reference, ids = pair.reference_data(), terms_of(pair.labels)
    reference.obs[columns.ONTOLOGY_ID] = [ids[label] for label in pair.labels]
    return reference


def terms_of(labels: npt.NDArray[np.str_]) -> dict[str, str]:
    """Return the Cell Ontology id of each label, empty if there is none."""
    names = np.unique(labels)
    shell = AnnData(obs=pd.DataFrame({"label": names}, index=names))
    table = add_ontology_ids(shell, source_col="label")[2].table
    ids: dict[str, str] = dict(zip(table["input_label"], table["id"].fillna(""), strict=True))
    return ids | dict.fromkeys(set(ids) & LAYERS, GLUTAMATERGIC)


def hidden_levels(pair: Pair) -> Iterator[dict[str, float]]:
    """Yield for each hidden type the share of its cells called as a class, and as a wrong or correct term."""
    terms = terms_of(pair.labels)
    for label in hidden_types(pair):
        part = pair.without(label)
        (query,) = annotated(with_terms(part), [part.query_data()])
        passing = (query.obs[columns.CONFIDENCE] >= THRESHOLD).to_numpy()
        hidden = pair.truth == label
        apply_threshold(query, THRESHOLD, "auto")
        called = (query.obs[columns.CONFIDENCE] >= THRESHOLD).to_numpy()[hidden]
        calls_of = query.obs[columns.ONTOLOGY_ID].astype(str).to_numpy()[hidden]
        right = called & [bool(term and terms[label]) and is_a(terms[label], term) for term in calls_of]
        tree = tree_of(query)
        above = [
            any(is_a(terms[label], tree.ids[t]) for t in path[1:] if t >= 0 and terms[label]) for path in tree.paths
        ]
        best = class_codes(query, tree)[hidden]
        yield {
            "class": passing[hidden].mean(),
            "auto, wrong": (called & ~right).mean(),
            "auto, right": right.mean(),
            "has right term": np.array([*above, False])[best].mean(),
        }


def halves(reference: AnnData) -> tuple[AnnData, AnnData]:
    """Split every type of a reference in two."""
    rng, first = np.random.default_rng(0), np.zeros(reference.n_obs, dtype=bool)
    for _, rows in reference.obs.groupby(columns.UNIFIED_CELL_TYPE, observed=True).indices.items():
        first[rng.permutation(rows)[: -(-len(rows) // 2)]] = True
    return reference[first].copy(), reference[~first].copy()


def as_measured(held_out: AnnData, fine: Fine) -> AnnData:
    """Return reference cells as measured on the query's platform."""
    codes = pd.factorize(fine.reference.obs[columns.UNIFIED_CELL_TYPE])[0]
    profiles = class_profiles(fine.reference.layers[columns.COUNTS], codes, codes.max() + 1)
    target = TargetPlatform(platform=estimate_platform(profiles, fine.query.X))
    counts = target.simulate(held_out.layers[columns.COUNTS], np.random.default_rng(0))
    return AnnData(counts, obs=held_out.obs[[]].copy(), var=held_out.var.copy())


def covers(ids: tuple[str, ...], truth: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    """Return which classes are correct for each cell, cells x classes."""
    return np.column_stack([all_right([term] * len(truth), truth) for term in ids])


def markdown(title: str, rows: Table) -> str:
    """Return a table with the mean of its rows."""
    table = pd.DataFrame(rows).T
    table.loc["**mean**"] = table.mean()
    lines = [
        f"**{title}**",
        "",
        "| pair | " + " | ".join(map(str, table.columns)) + " |",
        "|---" * (len(table.columns) + 1) + "|",
    ]
    lines += [f"| {name} | " + " | ".join(f"{value:.3f}" for value in row) + " |" for name, row in table.iterrows()]
    return "\n".join(lines)


def print_fine(data: Path) -> None:
    """Measure calls, levels and sets on the pairs of fine types, and print them."""
    by_class, auto, levels, covered = {}, {}, {}, {}
    pooled: list[list[tuple[np.ndarray, np.ndarray]]] = []
    for fine in fine_pairs(data):
        labelled = fine.truth != ""
        query = fine.query[labelled].copy()
        (adata,) = annotated(fine.reference, [query])
        truth = fine.truth[labelled]
        by_class[fine.name], auto[fine.name] = calls(adata, truth, "class"), calls(adata, truth, "auto")
        pooled.append(level_results(adata, truth))
        levels[fine.name] = {
            f"{what} {level}": value
            for level, (confidence, right) in enumerate(pooled[-1], start=1)
            for what, value in (("ECE", expected_calibration_error(confidence, right)), ("accuracy", right.mean()))
        }
        covered[fine.name] = sets(Fine(fine.name, fine.reference, query, truth))
    for title, rows in (("class", by_class), ("auto", auto), ("levels", levels), ("sets", covered)):
        print(markdown(title, rows), end="\n\n")
    together = [
        expected_calibration_error(
            np.concatenate([pair[level][0] for pair in pooled]), np.concatenate([pair[level][1] for pair in pooled])
        )
        for level in range(3)
    ]
    print("ECE over the cells of all pairs:", ", ".join(f"level {i} {ece:.3f}" for i, ece in enumerate(together, 1)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if "fine" in options.parts:
        print_fine(options.data)
    if "sections" in options.parts:
        sections = {pair.name: section_sets(pair) for pair in spatial_pairs(options.data)}
        print(markdown("sets of sections", sections))
    if "hidden" in options.parts:
        rows = {pair.name: pd.DataFrame(hidden_levels(pair)) for pair in spatial_pairs(options.data)}
        print(markdown("hidden types", {name: {"types": len(t), **t.mean()} for name, t in rows.items()}))
        print("all types:", pd.concat(rows.values()).mean().round(3).to_dict())


if __name__ == "__main__":
    main()
