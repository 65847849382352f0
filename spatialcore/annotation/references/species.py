"""Infer the species of a run from genes, check it against the setting, and convert genes by orthologs if allowed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spatialcore.core.genes.species import (
    MIXED_GENES,
    MIXED_SHARE,
    SPECIES,
    Species,
    SpeciesSetting,
    count_species,
    example_of,
    is_of_other_species,
)
from spatialcore.core.genes.tables import orthologs
from spatialcore.core.logging import get_logger
from spatialcore.core.validation import require_one_of
from spatialcore.errors import SpeciesError

if TYPE_CHECKING:
    from spatialcore.annotation.references.reference import Reference

log = get_logger(__name__)

CASE = "mouse symbols are written Gad1: in capitals they are taken for human"

NamedGenes = tuple[str, Sequence[str], Sequence[str]]
"""The name of a reference, the symbols of its genes and their Ensembl ids."""


def read_species(
    name: str, symbols: Sequence[str], ids: Sequence[str] = (), setting: SpeciesSetting = "auto"
) -> Species | None:
    """Return the species of a file's genes; a setting is returned where the genes do not contradict it.

    Parameters
    ----------
    name
        The file, for the error.
    symbols, ids
        Its genes: symbol and Ensembl id ('' where unknown) of each.
    setting
        "human", "mouse", or "auto" to infer it from the genes.

    Returns
    -------
    str or None
        None where no gene says it and nothing is set.

    Raises
    ------
    SpeciesError
        The genes are of two species, or of another one than the setting.
    """
    require_one_of("species", setting, ("auto", *SPECIES))
    require_human_or_mouse(name, symbols, ids)
    counts = count_species(symbols, ids)
    if counts.is_mixed:
        raise SpeciesError(
            f"{name} has genes of two species: {counts.describe()} genes",
            hint="keep the features of one species",
        )
    if setting == "auto":
        return counts.species
    if counts.species not in (None, setting):
        raise SpeciesError(
            f"{name} has {counts.describe()} genes, but species is set to {setting}",
            hint=f"set species: auto; genes of {setting} are written like {example_of(setting)}",
        )
    return setting


def require_human_or_mouse(name: str, symbols: Sequence[str], ids: Sequence[str] = ()) -> None:
    """Raise if a considerable share of the genes has an Ensembl id of a third species, such as rat.

    Symbols cannot show it: those of rat are written as those of mouse.

    Raises
    ------
    SpeciesError
        Naming the file and some of the ids.
    """
    others = [one for one in (*symbols, *ids) if is_of_other_species(one)]
    if len(others) >= MIXED_GENES and len(others) >= MIXED_SHARE * len(symbols):
        raise SpeciesError(
            f"{name} has Ensembl ids of a species that is neither human nor mouse ({', '.join(others[:3])})",
            hint="replace its genes by their one-to-one orthologs in human or mouse, and leave out the ids",
        )


def require_same_species(species: Sequence[Species | None], names: Sequence[str]) -> None:
    """Raise if files that are combined come from different species.

    Raises
    ------
    SpeciesError
        Naming the files of each species.
    """
    files = {one: [name for name, of in zip(names, species, strict=True) if of == one] for one in SPECIES}
    if all(files.values()):
        listed = "; ".join(f"{one}: {', '.join(members)}" for one, members in files.items())
        raise SpeciesError(f"files of two species in one run ({listed})", hint="run each species on its own")


def match_species(
    references: Sequence["Reference"], panel: Sequence[str] | None, setting: SpeciesSetting, use_orthologs: bool
) -> None:
    """Bring every reference to the species of the panel, in place.

    Parameters
    ----------
    references
        Inspected references; those of the other species get the symbols of their one-to-one orthologs.
    panel
        The query's genes; None: the first reference decides.
    setting
        The species of the query.
    use_orthologs
        Whether references of the other species are accepted.

    Raises
    ------
    SpeciesError
        A reference is of another species and ``orthologs`` is False, or genes are of two species.
    """
    genes = [(each.source, each.features.symbols, each.features.ids) for each in references]
    species_of, target = read_species_of_references(genes, panel, setting, use_orthologs)
    for reference, species in zip(references, species_of, strict=True):
        reference.species = species
        if species not in (None, target) and target is not None:
            _translate(reference, species, target, panel)


def read_species_of_references(
    references: Sequence[NamedGenes], panel: Sequence[str] | None, setting: SpeciesSetting, use_orthologs: bool
) -> tuple[list[Species | None], Species | None]:
    """Return the species of each reference and that of the panel; see :func:`match_species`.

    Parameters
    ----------
    references
        Of each, its name, the symbols of its genes and their Ensembl ids.
    panel, setting, use_orthologs
        As in :func:`match_species`.

    Raises
    ------
    SpeciesError
        As :func:`match_species`.
    """
    species_of = [read_species(*each) for each in references]
    target = read_species("the query", panel, setting=setting) if panel is not None else _first(species_of, setting)
    for reference, species in zip(references, species_of, strict=True):
        if species not in (None, target) and target is not None and not use_orthologs:
            raise _other_species(reference, species, target, panel is not None)
    return species_of, target


def _first(species: Sequence[Species | None], setting: SpeciesSetting) -> Species | None:
    return next((one for one in species if one), None) if setting == "auto" else setting


def _other_species(reference: NamedGenes, species: Species | None, target: Species, has_query: bool) -> SpeciesError:
    name, symbols, ids = reference
    examples = count_species(symbols, ids).examples["mouse" if species == "mouse" else "human"]
    expected = f"the query is {target}" if has_query else f"{target} was expected"
    return SpeciesError(
        f"reference {name} is {species} ({', '.join(examples)}), {expected}",
        hint=f"pass a {target} reference, or orthologs: true to use one-to-one orthologs; {CASE}",
    )


def _translate(reference: "Reference", source: Species, target: Species, panel: Sequence[str] | None) -> None:
    table = orthologs(source, target)
    reference.features = reference.features.renamed(table)
    described = {"from": source, "to": target, "genes": sum(bool(name) for name in reference.features.symbols)}
    if panel is not None:
        with_ortholog = len(set(panel) & set(table.values()))
        described |= {"panel_genes": len(panel), "panel_genes_with_ortholog": with_ortholog}
        log.warning(
            "reference %s is %s: one-to-one orthologs are used, %d of %d panel genes have one",
            reference.source,
            source,
            with_ortholog,
            len(panel),
        )
    reference.orthologs = described
