"""Accuracy of mapping labels to Cell Ontology terms, on curated tables.

Every (source, label) pair is mapped once, by the label alone. The truth of a label is the set of ids that the curators
of the source gave it. Entries of the lexicon from the evaluated table are withheld; ``--withhold curators`` also
withholds those of other tables of the same curators, ``--withhold all`` the whole lexicon, ``--withhold none`` nothing.
For recurring labels two bounds are printed: the accuracy of the best single term per label, and that of the vote of the
other tables. ``--halves N`` evaluates N random halves of the tables with the lexicon of the other half.
``--rival FILE`` (CSV: label, id) evaluates another mapper on its labels.

    python benchmarks/ontology.py ../shared/truth --worst 20
"""

import argparse
import random
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from spatialcore.annotation.ontology.hierarchy import current_id
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.annotation.ontology.relations import ancestors, distance, on_one_line
from spatialcore.errors import InputError

# Two terms are of different lineages if both are below some of these terms and they have none in common.
LINEAGES = {
    "T": "CL:0000084", "B": "CL:0000945", "ILC": "CL:0001065", "myeloid": "CL:0000766", "erythroid": "CL:0000764",
    "megakaryocyte": "CL:0000556", "endothelial": "CL:0000115", "epithelial": "CL:0000066", "neuron": "CL:0000540",
    "glia": "CL:0000125", "muscle": "CL:0000187", "connective": "CL:0002320", "germ": "CL:0000586",
}  # fmt: skip
COLUMNS = {"label", "cl_id", "source", "trivial"}
HRA = ("hra_celltypist", "hra_azimuth", "hra_frmatch", "hra_popv", "asctb")


def curators_of(source: str) -> tuple[str, ...]:
    """Return the tables of the same curators."""
    return HRA if source in HRA else (source,)


def lineages(term: str) -> set[str]:
    """Return the lineages a term belongs to."""
    line = {term, *ancestors(term)}
    return {name for name, anchor in LINEAGES.items() if anchor in line}


def is_wrong_lineage(term: str, truth: frozenset[str]) -> bool:
    """Return whether a term is of another lineage than all correct terms."""
    return all(
        not on_one_line(term, correct) and bool(lineages(term)) and bool(lineages(correct))
        and not lineages(term) & lineages(correct)
        for correct in truth
    )  # fmt: skip


def steps(term: str, truth: frozenset[str]) -> int:
    """Return the fewest is_a steps to a correct term, 99 if there is no path."""
    distances = []
    for correct in truth:
        try:
            distances.append(distance(term, correct))
        except InputError:  # a part of a cell has no common ancestor with a cell
            distances.append(99)
    return min(distances)


def read_truth(folder: Path) -> pd.DataFrame:
    """Return one row per source and label: correct ids, and whether the label is trivial or recurs in other sources."""
    tables = [pd.read_csv(file, keep_default_na=False) for file in sorted(folder.glob("*.csv"))]
    rows = pd.concat([table for table in tables if set(table.columns) >= COLUMNS], ignore_index=True)
    rows["cl_id"] = rows["cl_id"].map(current_id)
    rows = rows[rows["cl_id"].notna()]
    rows["trivial"] = rows["trivial"].astype(str) == "True"
    rows["seen"] = rows.get("seen_in_dev", pd.Series("", index=rows.index)).astype(str) == "True"
    pairs = rows.groupby(["source", "label"], sort=True).agg(
        truth=("cl_id", frozenset), trivial=("trivial", "any"), seen=("seen", "any")
    )
    pairs = pairs.reset_index()
    spelling = pairs["label"].str.lower()
    pairs["recurring"] = (spelling.map(pairs.groupby(spelling)["source"].nunique()) > 1) | pairs["seen"]
    return pairs


def judge(pairs: pd.DataFrame, terms: pd.Series) -> pd.DataFrame:
    """Return the pairs with their terms (column found) and the distance to the truth."""
    judged = pairs.assign(found=terms.to_numpy())
    judged["steps"] = [steps(term, truth) if term else 99 for term, truth in judged[["found", "truth"]].to_numpy()]
    judged["wrong"] = [
        bool(term) and is_wrong_lineage(term, truth) for term, truth in judged[["found", "truth"]].to_numpy()
    ]
    return judged


def summary(judged: pd.DataFrame) -> dict[str, float]:
    """Return the accuracy of judged pairs in percent."""
    if judged.empty:
        return {"labels": 0}
    return {
        "labels": len(judged),
        "exact": 100 * (judged["steps"] == 0).mean(),
        "within2": 100 * (judged["steps"] <= 2).mean(),
        "wrong": 100 * judged["wrong"].mean(),
        "coverage": 100 * (judged["found"] != "").mean(),
    }


def report(judged: pd.DataFrame) -> pd.DataFrame:
    """Return the accuracy by source, and over all sources by kind of label."""
    plain = judged[~judged["trivial"]]
    rows = {source: summary(plain[plain["source"] == source]) for source in judged["source"].unique()}
    rows["non-trivial"] = summary(plain)
    rows["non-trivial, once"] = summary(plain[~plain["recurring"]])
    rows["trivial"] = summary(judged[judged["trivial"]])
    rows["recurring"] = summary(plain[plain["recurring"]])
    rows["trivial and recurring"] = summary(judged[judged["trivial"] | judged["recurring"]])
    rows["all"] = summary(judged)
    return pd.DataFrame(rows).T


def terms_of(pairs: pd.DataFrame, withheld: str) -> pd.Series:
    """Return the terms of the labels; ``withheld`` is a kind (see ``--withhold``) or names of tables."""
    terms = []
    for source, label in pairs[["source", "label"]].to_numpy():
        excluded = {
            "none": "",
            "source": source,
            "curators": ",".join(curators_of(source)),
            "all": ",".join((*HRA, "hlca_author")),
        }.get(withheld, withheld)
        terms.append(matcher_for(excluded_sources=excluded).match(label).id)
    return pd.Series(terms, index=pairs.index)


def bounds(pairs: pd.DataFrame) -> dict[str, pd.Series]:
    """Return which pairs are correct with the best single term per label, and with the vote of other tables."""
    votes: dict[str, Counter[str]] = {}
    for label, truth in pairs[["label", "truth"]].to_numpy():
        votes.setdefault(label.lower(), Counter()).update(truth)
    best, other = [], []
    for label, truth in pairs[["label", "truth"]].to_numpy():
        label_votes = votes[label.lower()]
        best.append(max(sorted(label_votes), key=label_votes.__getitem__) in truth)
        other_votes = label_votes - Counter(truth)
        other.append(bool(other_votes) and max(sorted(other_votes), key=other_votes.__getitem__) in truth)
    return {"best single answer": pd.Series(best), "vote of the others": pd.Series(other)}


def show_bounds(pairs: pd.DataFrame) -> None:
    """Print the bounds for recurring labels."""
    recurring = pairs["recurring"] & ~pairs["trivial"]
    for name, is_correct in bounds(pairs).items():
        with_trivial = (is_correct | pairs["trivial"])[recurring | pairs["trivial"]]
        print(
            f"{name}: recurring {100 * is_correct[recurring].mean():.1f}, with trivial {100 * with_trivial.mean():.1f}"
        )


def show_halves(pairs: pd.DataFrame, count: int) -> None:
    """Print the accuracy on random halves of the tables, with the lexicon of the other half."""
    sources = sorted(pairs["source"].unique())
    for seed in range(count):
        half_sources = random.Random(seed).sample(sources, len(sources) // 2)
        half = pairs[pairs["source"].isin(half_sources)]
        figures = report(judge(half, terms_of(half, ",".join(half_sources)))).loc[
            ["non-trivial", "trivial and recurring"]
        ]
        print(f"\nhalf {seed}: {', '.join(sorted(half_sources))}\n{figures.round(1).to_string()}")


def abstained(folder: Path) -> tuple[int, int, list[str]]:
    """Return the number of unmapped labels among those that name no type, their total, and the mapped labels."""
    labels = sorted(set(pd.read_csv(folder / "negatives.csv", keep_default_na=False)["label"]))
    mapped = [label for label in labels if matcher_for().match(label).id]
    return len(labels) - len(mapped), len(labels), mapped


def show_worst(judged: pd.DataFrame, count: int) -> None:
    """Print the labels with the largest errors, wrong lineages first."""
    bad = judged[(judged["steps"] > 2) & (judged["found"] != "")]
    bad = bad.sort_values(["wrong", "steps", "label"], ascending=[False, False, True]).drop_duplicates("label")
    name = matcher_for().name_of
    for source, label, term, truth in bad[["source", "label", "found", "truth"]].head(count).to_numpy():
        correct = " | ".join(sorted(name(other) for other in truth))
        print(f"{source:16} {label!r} -> {name(term)}; curators: {correct}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--worst", type=int, default=0)
    parser.add_argument(
        "--withhold", choices=("source", "curators", "all", "none"), default="source",
        help="lexicon entries to withhold: of the evaluated table, of all tables of its curators, all, or none",
    )  # fmt: skip
    parser.add_argument("--halves", type=int, default=0)
    parser.add_argument("--rival", type=Path, help="CSV of label, id of another mapper")
    options = parser.parse_args()
    pairs = read_truth(options.truth)
    rival = pd.read_csv(options.rival, keep_default_na=False) if options.rival else None
    if rival is not None:
        pairs = pairs[pairs["label"].isin(rival["label"])].reset_index(drop=True)
    start = time.process_time()
    judged = judge(pairs, terms_of(pairs, options.withhold))
    spent = time.process_time() - start
    print(report(judged).round(1).to_string())
    show_bounds(pairs)
    print(f"\n{pairs['label'].nunique()} labels in {spent:.1f} CPU s (with evaluation)")
    if (options.truth / "negatives.csv").is_file():
        unmapped, total, mapped = abstained(options.truth)
        print(f"unmapped labels that name no type: {unmapped} of {total}; mapped: {', '.join(mapped)}")
    if rival is not None:
        ids = dict(zip(rival["label"], rival["id"].map(lambda term: current_id(term) or ""), strict=True))
        print(f"\nrival ({options.rival.name}) on the same labels")
        print(report(judge(pairs, pairs["label"].map(ids))).round(1).to_string())
    show_worst(judged, options.worst)
    show_halves(pairs, options.halves)


if __name__ == "__main__":
    main()
