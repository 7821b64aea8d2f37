"""How a user wants an export written, besides its type; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from mailsift.shared.verdicts import Compression, FileType, Formulas


@dataclass(frozen=True, slots=True)
class WritingOptions:
    """How the file of an export is written."""

    compression: Compression = Compression.NONE
    formulas: Formulas = Formulas.NEUTRALISE
    """Of CSV and TSV; no other format has cells that run."""
    bom: bool = False
    """Whether CSV and TSV begin with the mark by which Excel knows UTF-8."""
    columns: tuple[str, ...] = ()
    """Those that it has, in this order; none for all."""
    rename: Mapping[str, str] = field(default_factory=dict)
    """New names of columns, by the names that they would have."""

    def suffix(self, file_type: FileType) -> str:
        """What the name of the file ends in."""
        return f".{file_type.value}{'.gz' if self.compression is Compression.GZIP else ''}"

    def to_json(self) -> dict[str, Any]:
        """Give it the shape of the column `writing`, which holds no more than what differs from the usual."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        said = {name: value for name, value in said.items() if value != getattr(AS_USUAL, name)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(
            Compression(stored.get("compression", AS_USUAL.compression)),
            Formulas(stored.get("formulas", AS_USUAL.formulas)),
            bool(stored.get("bom", AS_USUAL.bom)),
            tuple(stored.get("columns", AS_USUAL.columns)),
            dict(stored.get("rename", AS_USUAL.rename)),
        )


AS_USUAL = WritingOptions()
