"""Runs that have not come to their end: what was accepted so far, so that the same command goes on there."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mailsift.shared.reading import ReadingOptions
from mailsift.shared.scoring_policy import DEFAULT_POLICY, ScoringPolicy
from mailsift.shared.selection import EVERYTHING, Selection
from mailsift.shared.verdicts import AnalysisType, FileType, ListAnalysisType
from mailsift.shared.writing import AS_USUAL, WritingOptions
from mailsift.standalone.home import write_private


@dataclass(frozen=True, slots=True)
class RunKey:
    """What makes two commands the same run."""

    sha256: str
    file_type: FileType
    nameservers: tuple[str, ...]
    server: str | None
    options: ReadingOptions = field(default_factory=ReadingOptions)
    scoring: ScoringPolicy = DEFAULT_POLICY
    writing: WritingOptions = AS_USUAL
    selection: Selection = EVERYTHING
    analysis_type: ListAnalysisType = AnalysisType.ADVANCED

    @property
    def name(self) -> str:
        """A file name for it."""
        parts = [self.sha256, self.file_type.value, ",".join(self.nameservers), self.server or ""]
        # Only what was said: a run that began before there was such an option is still found.
        parts += [json.dumps(said, sort_keys=True) for said in self._said() if said]
        if self.scoring.said():
            parts.append(self.scoring.fingerprint)
        if self.analysis_type is not AnalysisType.ADVANCED:
            parts.append(self.analysis_type.value)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _said(self) -> tuple[dict[str, Any], ...]:
        return self.options.to_json(), self.writing.to_json(), self.selection.to_json()


@dataclass(frozen=True, slots=True)
class Run:
    """How far a run has come; `token` makes its requests the same ones when they are sent again."""

    token: str
    file_name: str
    upload_id: uuid.UUID | None = None
    analysis_id: uuid.UUID | None = None
    export_id: uuid.UUID | None = None

    def request_key(self, step: str) -> str:
        """The Idempotency-Key of a step's request: a crash between asking and writing that down doubles nothing."""
        return f"{self.token}-{step}"


class RunRecords:
    """A folder with a small file for every unfinished run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, key: RunKey, file_name: str) -> tuple[Run, bool]:
        """Find the run (and True), or begin it. Two commands that begin the same one at once share it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(key)
        while (run := _read(path)) is None:
            begun = Run(uuid.uuid4().hex, file_name)
            unfinished = write_private(path, asdict(begun))
            try:
                os.link(unfinished, path)
            except FileExistsError:
                # Somebody was faster. What is there and cannot be read is of no use to anybody.
                if _read(path) is None:
                    path.unlink(missing_ok=True)
            else:
                return begun, False
            finally:
                unfinished.unlink()
        return run, True

    def save(self, key: RunKey, run: Run) -> None:
        """Write down how far a run has come."""
        path = self._path(key)
        write_private(path, asdict(run)).replace(path)

    def forget(self, key: RunKey) -> None:
        """A run has ended: the same command begins anew."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: RunKey) -> Path:
        return self._folder / f"{key.name}.json"


def _read(path: Path) -> Run | None:
    try:
        found = json.loads(path.read_text())
        ids = (found[name] for name in ("upload_id", "analysis_id", "export_id"))
        return Run(
            str(found["token"]), str(found["file_name"]), *(None if id_ is None else uuid.UUID(id_) for id_ in ids)
        )
    except (FileNotFoundError, KeyError, TypeError, ValueError, AttributeError):
        return None
