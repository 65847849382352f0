"""Build the ontology index and the graph from the newest Cell Ontology in cellxgene-ontology-guide.

Writes ontology_index.json and cl_hierarchy.json in spatialcore/data/ontology_mappings; ``--check`` compares only.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "spatialcore" / "data" / "ontology_mappings"
# Common names that are not in the ontology -> id of their term.
ADDED_KEYS = {
    "conventional dendritic cell type 1": "CL:0002394",
    "conventional dendritic cell type 2": "CL:0002399",
}


def read_ontology() -> tuple[str, dict[str, Any]]:
    """Return version and terms of the newest Cell Ontology in the package."""
    import cellxgene_ontology_guide
    import zstandard

    folder = Path(cellxgene_ontology_guide.__file__).parent / "data"
    releases = json.loads((folder / "ontology_info.json").read_text())
    newest = max(releases, key=lambda version: tuple(int(part) for part in version.split(".")))
    version = releases[newest]["ontologies"]["CL"]["version"]
    with (folder / f"CL-ontology-{version}.json.zst").open("rb") as file:
        terms: dict[str, Any] = json.load(zstandard.ZstdDecompressor().stream_reader(file))
    return version, terms


def index_of(version: str, terms: dict[str, Any]) -> dict[str, Any]:
    """Return the index: id and name of the term by lower-case name or exact synonym."""
    live = {term: facts for term, facts in terms.items() if not facts["deprecated"]}
    keys: dict[str, dict[str, str]] = {}
    for term, facts in sorted(live.items()):
        keys[facts["label"].lower()] = {"id": term, "name": facts["label"]}
    for term, facts in sorted(live.items()):
        for synonym in facts.get("synonyms", []):
            keys.setdefault(" ".join(synonym.lower().split()), {"id": term, "name": facts["label"]})
    for key, term in ADDED_KEYS.items():
        keys.setdefault(key, {"id": term, "name": live[term]["label"]})
    metadata = {
        "ontology": "Cell Ontology (CL)",
        "version": version,
        "created": version.removeprefix("v"),
        "cl_terms": len(live),
        "cl_keys": len(keys),
        "licence": "CC BY 4.0",
    }
    return {"metadata": metadata, "cl": dict(sorted(keys.items()))}


def hierarchy_of(version: str, terms: dict[str, Any]) -> dict[str, Any]:
    """Return names and is_a parents of live terms, and the replacements of obsolete terms."""
    live = {term: facts for term, facts in sorted(terms.items()) if not facts["deprecated"]}
    parents = {
        term: sorted(parent for parent, steps in facts["ancestors"].items() if steps == 1)
        for term, facts in live.items()
    }
    replaced = {
        term: facts["replaced_by"]
        for term, facts in sorted(terms.items())
        if facts["deprecated"] and facts.get("replaced_by") in live
    }
    obsolete = sorted(term for term, facts in terms.items() if facts["deprecated"] and term not in replaced)
    names = {term: facts["label"] for term, facts in live.items()}
    return {"version": version, "names": names, "parents": parents, "replaced_by": replaced, "obsolete": obsolete}


def render(content: dict[str, Any]) -> str:
    """Return JSON with one entry of the second level per line, for readable diffs."""
    sections = []
    for name, section in content.items():
        if not isinstance(section, dict):
            sections.append(f"{json.dumps(name)}: {json.dumps(section, ensure_ascii=False)}")
            continue
        lines = [
            f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}"
            for key, value in section.items()
        ]
        sections.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def build() -> dict[str, str]:
    """Return the contents of the files by name."""
    version, terms = read_ontology()
    return {
        "ontology_index.json": render(index_of(version, terms)),
        "cl_hierarchy.json": render(hierarchy_of(version, terms)),
    }


def main() -> int:
    """Write the files, or report those that differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    check = parser.parse_args().check
    stale = []
    for name, content in build().items():
        file = TARGET / name
        if not check:
            file.write_text(content)
        elif not file.is_file() or file.read_text() != content:
            stale.append(name)
    if stale:
        print(f"out of date: {', '.join(stale)}", file=sys.stderr)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
