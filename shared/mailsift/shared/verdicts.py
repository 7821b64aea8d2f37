"""The words of the database, the API and the exported file, each set declared once."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal


class Status(StrEnum):
    """What is known about one address."""

    VALID = "valid"
    RISKY = "risky"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class LeadStatus(StrEnum):
    """How much an address is worth to somebody who wants to reach a company."""

    HIGH_QUALITY = "high-quality"
    MEDIUM_QUALITY = "medium-quality"
    LOW_QUALITY = "low-quality"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class RiskLevel(StrEnum):
    """How likely mail to an address hurts the sender's reputation."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of mail to an address."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    """For good: a soft bounce is none."""


class KeyKind(StrEnum):
    """What an API key opens."""

    LIVE = "live"
    """Its workspace."""
    TEST = "test"
    """The sandbox of its workspace, where answers are made up."""


class AnalysisType(StrEnum):
    """What a user can ask for."""

    SINGLE = "single"
    """One address, or some, with all that is known of each."""
    BULK = "bulk"
    """A list: syntax, whether domains take mail, and which lists they are on."""
    ADVANCED = "advanced"
    """As bulk, and how domains guard their name, and what a lead is worth."""
    DOMAIN = "domain"
    """A domain by itself: its facts, and what might be better about it."""

    @property
    def tells_leads(self) -> bool:
        """Whether it says what a lead is worth, for which it needs what domains publish about their mail."""
        return self in {AnalysisType.SINGLE, AnalysisType.ADVANCED}


ListAnalysisType = Literal[AnalysisType.BULK, AnalysisType.ADVANCED]
"""What can be asked for of a list."""

LIST_ANALYSIS_TYPES: Final[Mapping[str, ListAnalysisType]] = {
    "bulk": AnalysisType.BULK,
    "advanced": AnalysisType.ADVANCED,
}
"""By their words."""


class AnalysisStatus(StrEnum):
    """Where an analysis stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DomainStep(StrEnum):
    """What the analysis of a domain is at, in this order."""

    VALIDATING = "validating"
    LOOKING_UP = "looking_up"
    ANALYZING = "analyzing"
    GENERATING_RECOMMENDATIONS = "generating_recommendations"

    @property
    def progress(self) -> int:
        """How many per cent are behind when it begins."""
        return _PROGRESS[self]


_PROGRESS = {
    DomainStep.VALIDATING: 0,
    DomainStep.LOOKING_UP: 20,
    DomainStep.ANALYZING: 70,
    DomainStep.GENERATING_RECOMMENDATIONS: 90,
}


class Severity(StrEnum):
    """How much a recommendation matters."""

    CRITICAL = "critical"
    """Mail does not arrive, or anybody may send in the domain's name."""
    WARNING = "warning"
    ADVICE = "advice"


class UploadType(StrEnum):
    """How a list arrived: as a file, or as addresses in the request."""

    BULK = "bulk"
    SINGLE = "single"


class UploadSource(StrEnum):
    """Where a list came from."""

    FILE = "file"
    ADDRESSES = "addresses"
    URL = "url"
    OBJECT = "object"


class UploadStatus(StrEnum):
    """Where an upload stands; of a preview only the beginning was read, and it waits for its start."""

    PREVIEW = "preview"
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class UploadWarning(StrEnum):
    """What is odd about a list that was loaded all the same."""

    MOSTLY_DUPLICATES = "mostly_duplicates"
    """More than half of its addresses repeat others."""


class ExportStatus(StrEnum):
    """Where an export stands; the row of an expired file stays."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ErasureStatus(StrEnum):
    """How far the erasure of a person's data is."""

    PENDING = "pending"
    SEARCHING = "searching"
    WAITING = "waiting"
    """For jobs that have read what was erased meanwhile, and for lists that are not read yet."""
    COMPLETED = "completed"


class FileType(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    XLSX = "xlsx"
    PARQUET = "parquet"
    HTML = "html"
    """A report: the analysis in counts, and no address."""


class Compression(StrEnum):
    """What an export is packed with."""

    NONE = "none"
    GZIP = "gzip"


class Formulas(StrEnum):
    """What becomes of cells that a spreadsheet would run."""

    NEUTRALISE = "neutralise"
    """They get an apostrophe before them, which makes text of them."""
    KEEP = "keep"


class MemberRole(StrEnum):
    """What a member may do in a workspace."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"
