"""Measure code in a new process: CPU seconds, wall seconds, and memory above the state after the set-up."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PRELUDE = """
import json, resource, sys, threading, time
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6
peak, running = 0.0, True
def watch():
    global peak
    while running:
        peak = max(peak, resident())
        time.sleep(0.002)
"""
CODA = """
before = resident()
thread = threading.Thread(target=watch)
thread.start()
cpu, wall = time.process_time(), time.perf_counter()
result = work()
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
peak = max(peak, resident())
running = False
thread.join()
print("MEASURED" + json.dumps({"cpu_s": cpu, "wall_s": wall, "memory_mb": peak - before, "result": result}))
"""


def measure(setup: str, work: str, python: str | Path = sys.executable) -> dict[str, Any]:
    """Return cpu_s, wall_s, memory_mb (peak above the state after ``setup``) and the result of ``work``.

    Parameters
    ----------
    setup
        Statements that are not measured, such as imports and data.
    work
        The measured expression; its value must be JSON.
    python
        The interpreter; another environment for another tool.
    """
    code = f"{PRELUDE}\n{setup}\ndef work():\n    return {work}\n{CODA}"
    with tempfile.TemporaryDirectory() as folder:  # outside the checkout, which another interpreter would import
        process = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False, cwd=folder)
    lines = [line for line in process.stdout.splitlines() if line.startswith("MEASURED")]
    if not lines:
        return {"error": (process.stderr.strip().splitlines() or ["no output"])[-1]}
    result: dict[str, Any] = json.loads(lines[-1].removeprefix("MEASURED"))
    return result


def show(title: str, rows: dict[str, dict[str, Any]]) -> None:
    """Print a table with one row per measurement."""
    print(f"\n{title}\n{'':34}{'CPU s':>9}{'wall s':>9}{'MB':>9}  result")
    for name, row in rows.items():
        if "error" in row:
            print(f"{name:34}  {row['error']:.100}")
        else:
            print(f"{name:34}{row['cpu_s']:9.2f}{row['wall_s']:9.2f}{row['memory_mb']:9.0f}  {row['result']!s:.60}")
