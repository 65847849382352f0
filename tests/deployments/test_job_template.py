"""Base job templates of the clouds, as read by their workers."""

import pytest

from deployments.environment import Installation
from deployments.job_template import WORKERS, job_template
from spatialcore.errors import DependencyError

HERE = Installation.from_environment(
    {"SPATIALCORE_STORE": "s3://lab/store", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "planted"}
)


@pytest.mark.parametrize("platform", sorted(WORKERS))
def test_a_template_has_the_project_defaults_and_no_secret(platform: str) -> None:
    pytest.importorskip(WORKERS[platform][0])
    template = job_template(platform, HERE)
    defaults = {name: each.get("default") for name, each in template["variables"]["properties"].items()}
    assert "spatialcore:latest" in defaults["image"]
    assert defaults["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"
    assert defaults["env"]["AWS_SECRET_ACCESS_KEY"].startswith("{{ prefect.blocks.")
    assert "planted" not in str(template)


def test_a_missing_platform_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WORKERS, "kubernetes", ("no_such_module", "KubernetesWorker", "prefect-kubernetes"))
    with pytest.raises(DependencyError, match="prefect-kubernetes"):
        job_template("kubernetes", HERE)
