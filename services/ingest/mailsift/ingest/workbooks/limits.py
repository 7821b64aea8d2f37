"""What one workbook may use up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkbookLimits:
    """Beyond any of these a workbook is refused. Memory and processor are those of the process that reads it."""

    file_bytes: int = 256 * 1024**2
    expanded_bytes: int = 4 * 1024**3
    """What the archive that an .xlsx or .ods is says that it unpacks to."""
    memory_bytes: int = 384 * 1024**2
    """Of address space."""
    cpu_seconds: int = 900
    """A small workbook gets less, by what there is to parse."""
    silent_seconds: float = 120
    """How long it may take to the next rows."""
