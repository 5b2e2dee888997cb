"""What processes use, by what the kernel says of them."""

from __future__ import annotations

import os
from pathlib import Path


def family(process: int) -> list[int]:
    """Return a process and its children, whichever of its threads started them."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [process, *(int(child) for task in tasks for child in task.read_text().split())]


def memory(processes: list[int], field: str = "Pss") -> float:
    """Return MiB of all processes together."""
    total = 0
    for process in processes:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{field}:"):
                total += int(line.split()[1])
    return total / 1024


def spent(process: int) -> float:
    """Return the seconds of processor time of a process, its children, and those it had and that are gone."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return cpu(family(process)) + (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def cpu(processes: list[int]) -> float:
    """Return the seconds of processor time that processes have used, all their threads together."""
    tasks = (task for process in processes for task in Path(f"/proc/{process}/task").glob("*/schedstat"))
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
