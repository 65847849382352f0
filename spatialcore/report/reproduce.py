"""The settings of the run as YAML, to run it again."""

import yaml
from anndata import AnnData

from spatialcore.annotation.config import Settings
from spatialcore.plotting.recorded import recorded


def configuration_yaml(adata: AnnData, config: Settings | None) -> str:
    """Return the run's configuration: the one given, else the one in the data; empty where there is none."""
    if config is not None:
        return config.to_yaml()
    settings = recorded(adata, "config_json")
    return yaml.safe_dump(settings, sort_keys=False) if settings else ""
