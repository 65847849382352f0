"""spatialcore models: the registry of a store, and which version of a tissue's model is in use."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from spatialcore.cli.console import AsJson, console, table

if TYPE_CHECKING:
    from spatialcore.registry import ModelVersion, Pointer

app = typer.Typer(help="Published models: list, show, promote, roll back.", no_args_is_help=True)
Store = Annotated[
    str, typer.Option("--store", help="Folder, s3:// or gs:// prefix of the store.", envvar="SPATIALCORE_STORE")
]
Tissue = Annotated[str, typer.Argument(help="Whose model.")]
Reason = Annotated[str, typer.Option("--reason", help="Kept with the move.")]


@app.command("ls")
def ls(
    store: Store, tissue: Annotated[str | None, typer.Argument(help="One tissue only.")] = None, as_json: AsJson = False
) -> None:
    """List tissues and their versions; the one in use has a star."""
    console.start(as_json=as_json)
    from spatialcore import registry

    found: list[dict[str, Any]] = []
    for name in [tissue] if tissue else registry.tissues(store):
        there = registry.current(store, name)
        for version in registry.versions(store, name):
            found.append(_about(version) | {"in_use": there is not None and there.version == version.version})
    rows = [("*" if v["in_use"] else "", v["tissue"], v["version"], v["published"][:16], v["model"]) for v in found]
    shown = table("", ("", "tissue", "version", "published", "model"), rows)
    console.result(found, shown if rows else f"no model has been published in {store}")


@app.command("show")
def show(
    tissue: Tissue,
    store: Store,
    version: Annotated[str, typer.Argument(help="A version, or 'current'.")] = "current",
    as_json: AsJson = False,
) -> None:
    """Show one version: its files, digests and details."""
    console.start(as_json=as_json)
    from spatialcore import registry

    found = registry.show(store, tissue, version)
    rows = [(file.uri, f"{file.size / 1e6:.2f}", file.sha256[:12]) for file in found.files]
    facts = [(key, value) for key, value in found.details.items()]
    console.result(
        found.model_dump(mode="json"),
        table(f"{found.tissue} {found.version}", ("", ""), [("published", found.published), *facts]),
        table("", ("file", "MB", "sha256"), rows),
    )


@app.command("promote")
def promote(
    tissue: Tissue,
    version: Annotated[str, typer.Argument(help="The version to put to use.")],
    store: Store,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Put a version to use."""
    console.start(as_json=as_json)
    from spatialcore import registry

    _moved(registry.promote(store, tissue, version, reason=reason))


@app.command("rollback")
def rollback(tissue: Tissue, store: Store, reason: Reason = "rollback", as_json: AsJson = False) -> None:
    """Go back to the version that was in use before."""
    console.start(as_json=as_json)
    from spatialcore import registry

    _moved(registry.rollback(store, tissue, reason=reason))


def _moved(pointer: "Pointer") -> None:
    console.result(pointer.model_dump(mode="json"), f"{pointer.tissue}: {pointer.version} is in use")


def _about(version: "ModelVersion") -> dict[str, Any]:
    return {
        "tissue": version.tissue,
        "version": version.version,
        "published": version.published.isoformat(),
        "model": version.model_uri,
    }
