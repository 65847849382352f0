"""Base job templates for the clouds, as their own workers read them."""

import pytest

from deployments.environment import Installation
from deployments.job_template import WORKERS, job_template
from spatialcore.errors import DependencyError

HERE = Installation.from_environment(
    {"SPATIALCORE_STORE": "s3://lab/store", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "planted"}
)


@pytest.mark.parametrize("platform", sorted(WORKERS))
def test_a_template_holds_our_defaults_and_no_secret(platform: str) -> None:
    pytest.importorskip(WORKERS[platform][0])
    template = job_template(platform, HERE)
    defaults = {name: each.get("default") for name, each in template["variables"]["properties"].items()}
    assert "spatialcore:latest" in defaults["image"]
    assert defaults["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"
    assert defaults["env"]["AWS_SECRET_ACCESS_KEY"].startswith("{{ prefect.blocks.")
    assert "planted" not in str(template)


def test_a_platform_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WORKERS, "kubernetes", ("no_such_module", "KubernetesWorker", "prefect-kubernetes"))
    with pytest.raises(DependencyError, match="prefect-kubernetes"):
        job_template("kubernetes", HERE)
