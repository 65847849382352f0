"""A flow that only takes time."""

import time

from prefect import flow


@flow
def waits(config: dict[str, float]) -> None:
    time.sleep(config["seconds"])
