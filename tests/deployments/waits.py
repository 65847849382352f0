"""A flow that only sleeps."""

import time

from prefect import flow


@flow
def waits(config: dict[str, float]) -> None:
    time.sleep(config["seconds"])
