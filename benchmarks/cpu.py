"""Whose processor time a measurement took, of all processes below this one."""

from __future__ import annotations

import os
from collections import defaultdict

import psutil

_WORDS = {
    "mailsift.dispatcher": "dispatcher",
    "benchmarks.producing": "producer",
    "worker:set_up": "worker",
    "psql": "psql",
    "benchmarks.relay": "relay",
    "/nsd": "nameserver",
    "beam.smp": "rabbitmq",
}


def processor_seconds() -> dict[str, float]:
    """Return the processor seconds used so far, by the part of the system that used them."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for process in psutil.Process(os.getpid()).children(recursive=True):
        try:
            times = process.cpu_times()
            seconds[_part(" ".join(process.cmdline()))] += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return seconds


def _part(command: str) -> str:
    if command.startswith("postgres: mailsift_"):
        return f"postgresql for {command.removeprefix('postgres: mailsift_').split(' ')[0]}"
    if "postgres" in command.partition(" ")[0]:
        return "postgresql itself"
    return next((part for word, part in _WORDS.items() if word in command), "other")
