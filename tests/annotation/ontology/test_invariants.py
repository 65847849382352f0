"""Invariants of the mapping for all live terms of the Cell Ontology and all spellings of their names."""

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialcore.annotation.ontology import coarsen, is_term, name_of
from spatialcore.annotation.ontology.abbreviations import abbreviations, expansion
from spatialcore.annotation.ontology.head_noun import lineages
from spatialcore.annotation.ontology.hierarchy import ROOT, hierarchy
from spatialcore.annotation.ontology.mapping import add_ontology_ids
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.annotation.ontology.relations import is_a, on_one_line
from spatialcore.annotation.ontology.vocabulary import words as vocabulary

GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "theta": "θ"}
NOUNS = re.compile(r"(?:cell|cyte|blast|neuron|phage|phil|clast|glia)$")


def plural(name: str) -> str:
    return name + "s" if NOUNS.search(name) and not name.endswith("glia") else name


def greek(name: str) -> str:
    return re.sub(rf"\b(?:{'|'.join(GREEK)})\b", lambda match: GREEK[match.group()], name)


def camel(name: str) -> str:
    plain = re.fullmatch(r"[a-z]{2,}(?: [a-z]{2,})+", name)
    return "".join(word.capitalize() for word in name.split()) if plain else name


def cells_behind(name: str) -> str:
    return name if re.search(r"\bcells?\b|[,(]", name) else f"{name} cells"


def cells_in_front(name: str) -> str:
    return f"Cells, {name[:-5]}" if name.endswith(" cell") else name


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "title case": str.title,
    "plural": plural,
    "hyphens": lambda name: re.sub(r"(?<=[a-z]) (?=[a-z])", "-", name),
    "no hyphens": lambda name: re.sub(r"(?<=[a-z]{3})-(?=[a-z]{3})", " ", name),
    "greek": greek,
    "plus": lambda name: name.replace("-positive", "+"),
    "minus": lambda name: re.sub(r"(?<=\d)-negative", "-", name),
    "hi": lambda name: re.sub(r"-high\b", "hi", name),
    "lo": lambda name: re.sub(r"-low\b", "lo", name),
    "underscores": lambda name: name.replace(" ", "_"),
    "camel case": camel,
    "cells behind": cells_behind,
    "cells in front": cells_in_front,
    "number in front": lambda name: f"3_{name}",
    "cluster in front": lambda name: f"cluster 12: {name}",
    "code in front": lambda name: f"F-0: {name}",
    "spaces": lambda name: f"  {name.replace(' ', '  ')} ",
}


@cache
def answer(label: str) -> str:
    return coarsen(matcher_for().match(label).id)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_name_maps_to_its_term_in_every_spelling(spelling):
    write = SPELLINGS[spelling]
    wrong = {write(name): answer(write(name)) for term, name in hierarchy().names.items()
             if answer(write(name)) != coarsen(term)}  # fmt: skip
    assert wrong == {}


# Additions to a type in labels. With a number, some names become the name of another type.
ADDITIONS: dict[str, Callable[[str], str]] = {
    "number behind": lambda name: f"{name}_12",
    "gene behind": lambda name: f"{name} (ABCA1+)",
    "gene in front": lambda name: f"ABCA1+ {name}",
    "organ in front": lambda name: f"Skin-{name}",
}


@pytest.mark.parametrize("addition", ADDITIONS)
def test_additions_rarely_change_the_term_and_never_the_lineage(addition):
    write = ADDITIONS[addition]
    other = {name: result for term, name in hierarchy().names.items()
             if is_a(term, ROOT) and (result := answer(write(name))) != coarsen(term)}  # fmt: skip
    assert len(other) < 0.03 * len(hierarchy().names)
    related_term = {name: lineages(result) & lineages(term_of(name)) for name, result in other.items() if result}
    assert [name for name, shared in related_term.items() if lineages(term_of(name)) and not shared] == []


def term_of(name: str) -> str:
    return matcher_for().exact(name).id


@pytest.mark.parametrize("letter", ["h", "m", "t", "b", "a", "c"])
def test_a_letter_in_front_of_a_word_is_a_state(letter):
    single = [name for name in hierarchy().names.values() if re.fullmatch("[a-z]{5,}", name)]
    assert len(single) > 100
    wrong = {name: result for name in single if (result := answer(f"{letter}{name.capitalize()}")) != answer(name)}
    assert wrong == {}


def test_every_id_maps_to_itself():
    assert [term for term in hierarchy().names if matcher_for().match(term).id != term] == []


def test_ids_that_are_not_live_terms():
    matcher = matcher_for()
    assert matcher.match("CL:0000003").id == "CL:0000000"  # retired, replaced
    assert [matcher.match(label).id for label in ("CL:9999999", "UBERON:0000955", "PATO:0000001")] == ["", "", ""]


def test_synonyms_map_to_their_term_or_to_that_of_the_curated_tables():
    matcher = matcher_for()
    for key, entry in matcher.entries.items():
        result = matcher.match(key)
        is_ours = result.tier == "tier0_pattern" or expansion(key) or key in vocabulary("trap")
        assert result.id == entry["id"] or is_ours, key


def test_expansions_of_whole_labels_are_terms():
    expansions = {label: expanded for label, pairs in abbreviations().items() for _, expanded in pairs if " " in label}
    assert len(expansions) > 20
    assert [label for label, expanded in expansions.items() if not matcher_for().exact(expanded).id] == []


@pytest.mark.parametrize(
    ("spelling", "reference"),
    [
        ("F-0: PRG4+ CLIC5+ lining", "PRG4+ CLIC5+ lining"),
        ("3_Macrophage", "Macrophage"),
        ("CD8+T_em", "CD8+ effector memory T cell"),
        ("CD8Tem", "CD8 Tem"),
        ("γδ T cells", "gamma-delta T cell"),
        ("Tγδ", "gamma delta T"),
        ("pDCs", "plasmacytoid dendritic cell"),
        ("NKcells", "NK cell"),
        ("T_cells_CD4pos", "CD4+ T cell"),
        ("Lung-Erythroblasts", "erythroblast"),
        ("EC10_CMC-like", "EC"),
    ],
)
def test_other_spellings_have_the_same_term(spelling, reference):
    assert answer(spelling) == answer(reference)


writings = st.lists(st.sampled_from(sorted(set(SPELLINGS) - {"camel case", "upper case"})), min_size=2, max_size=3)


@given(term=st.sampled_from(sorted(hierarchy().names)), chosen=writings)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_several_spelling_changes_at_once(term, chosen):
    label = name_of(term)
    for spelling in sorted(set(chosen)):  # "... in front" is applied last
        label = SPELLINGS[spelling](label)
    result = answer(label)
    assert result == coarsen(term) or (result == "" or on_one_line(result, term)), label


@given(label=st.text(max_size=30))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_text_has_a_live_term_or_none(label):
    result = matcher_for().match(label)
    assert result.id == "" or is_term(result.id)
    assert 0 <= result.score <= 1


LABELS = [
    *("Tem/Trm cytotoxic T cells", "Proliferating AT2", "hASPC1", "FB-like EC", "T/NK", "β cell", "CD14 Mono", "OPC"),
    *("L5/6 NP", "Monocyte-derived Mph", "ILC precursor", "SMC2_art", "perictye", "Dendritic cell (DC1)"),
]


@pytest.mark.parametrize("label", LABELS)
def test_mapping_is_idempotent(label):
    result = matcher_for().match(label)
    assert is_term(result.id)
    assert matcher_for().match(name_of(result.id)).id == result.id


# Errors of an existing tool.
@pytest.mark.parametrize(
    ("label", "term"),
    [
        ("beta cell", "type B pancreatic cell"),
        ("alpha cell", "pancreatic A cell"),
        ("tumor-infiltrating T cell", "T cell"),
        ("squamous cell carcinoma", "malignant cell"),
        ("system cell", None),
        ("decaf", None),
        ("alpha", "pancreatic A cell"),
        ("brush cell", "tuft cell"),
        ("unipolar brush cell", "unipolar brush cell"),
        (
            "lung resident memory CD8-positive, alpha-beta T cell",
            "lung resident memory CD8-positive, alpha-beta T cell",
        ),
        ("EC1_cap", "capillary endothelial cell"),
        ("FB-like endothelial cells", "endothelial cell"),
        ("Astrocyte:Embryonic_stem_cell-derived", "astrocyte"),
        ("CD8 TCM", "CD8-positive, alpha-beta memory T cell"),
        ("Pancreas-Erythroblasts", "erythroblast"),
        ("T/NK", "lymphocyte"),
        ("CD14 Mono", "CD14-positive monocyte"),
        ("CD16 monocytes", "CD14-low, CD16-positive monocyte"),
        ("Tfh", "T follicular helper cell"),
        ("OPC", "oligodendrocyte precursor cell"),
    ],
)
def test_labels_that_an_existing_tool_maps_wrongly(label, term):
    result = answer(label)
    assert (name_of(result) if result else None) == term


@pytest.mark.parametrize(
    "label", ["CD68", "CLDN10+ cells", "Ki67", "cluster 7", "Lung", "high", "xyzzy", "x", "+", "7"]
)
def test_genes_organs_and_numbers_are_unmapped(label):
    assert matcher_for().match(label).id == ""


@pytest.mark.parametrize(
    ("label", "name"),
    [("xyzzy macrophagic thing", "macrophage"), ("Ionocite", "ionocyte"), ("hepatocites", "hepatocyte")],
)
def test_unmapped_labels_have_suggestions(label, name):
    result = matcher_for().match(label)
    assert result.id == ""
    assert result.suggestions[0][1] == name
    assert len({term for term, _, _ in result.suggestions}) == 3
    assert all(is_term(term) for term, _, _ in result.suggestions)


@pytest.mark.parametrize("label", ["Doublets", "nan", "<NA>", "Low Quality", "cluster 7", "Other"])
def test_labels_that_name_no_type_carry_none(label):
    assert matcher_for().match(label).suggestions == ()


@pytest.mark.parametrize(
    ("label", "tissue", "curated", "term"),
    [
        ("Goblet", "lung", "CL:0000160", "CL:0000160"),
        ("goblet cells", "lung", "CL:0000160", "CL:0000160"),
        ("Basal", "lung", "CL:0000646", "CL:0000646"),
        ("Goblet", "lung", "CL:0000235", "CL:1000143"),
        ("Macrophage", "lung", "CL:0000160", "CL:0000235"),
    ],
)
def test_a_label_and_a_curated_term_of_one_meaning_are_one_class(label, tissue, curated, term):
    obs = pd.DataFrame({"label": [label, "other"], "id": ["", curated]}, index=["a", "b"])
    adata, _, result = add_ontology_ids(AnnData(np.zeros((2, 1)), obs), "label", "id", tissue=tissue)
    assert adata.obs["id"].tolist() == [term, curated]
    assert result.table.set_index("input_label").loc[label, "id"] == term


@pytest.mark.parametrize("label", ["Doublets", "Zorblax", "Mystery", "cluster 12"])
def test_labels_that_resemble_no_term_have_no_suggestions(label):
    result = matcher_for().match(label)
    assert (result.id, result.suggestions) == ("", ())


@pytest.mark.parametrize(
    "label", ["CLDN10+ cells", "MPO+", "DDB2", "KI67", "cycling", "Meis2", "Zebra cell", "Stromal_x Tumor_x Hybrid"]
)
def test_no_suggestion_by_an_adjective_or_a_few_letters(label: str) -> None:
    wrong = {"mucosal type mast cell", "type 3 cone bipolar cell (sensu Mus)", "cycling T cell", "alarm substance cell"}
    assert not wrong & {name for _, name, _ in matcher_for().match(label).suggestions}


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("makrofage", "macrophage"),
        ("tanycite", "tanycyte"),
        ("GiantCell", "trophoblast giant cell"),
        ("mast cells and unknown immune cells", "mast cell"),
        ("Unknown Epithelial cell_FOS high", "epithelial cell"),
        ("B cell_Contamination", "B cell"),
    ],
)
def test_first_suggestion_of_an_unmapped_label(label: str, name: str) -> None:
    match = matcher_for().match(label)
    assert (match.id, match.suggestions[0][1]) == ("", name)
