"""Opens files of any format, packed or not: to understand them, and to read them from their beginning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO, Final

from mailsift.ingest.containers.bounds import Bounds, Meter
from mailsift.ingest.containers.compressed import expand
from mailsift.ingest.containers.zipped import ZipArchive
from mailsift.ingest.detection import SAMPLE_SIZE
from mailsift.ingest.detection.contents import HEAD_SIZE, find_container
from mailsift.ingest.detection.uniting import options_of_one, packed_in, unite
from mailsift.ingest.dialect import Container, Dialect, Member
from mailsift.ingest.formats.packed import PackedTable
from mailsift.ingest.formats.table import Table
from mailsift.ingest.formats.union import UnionTable
from mailsift.ingest.plain import PlainFiles
from mailsift.ingest.workbooks.process import Watch
from mailsift.ingest.workbooks.workbooks import Workbooks
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions

# What a file beside lists may be, which then is passed over.
_NO_LIST: Final = frozenset({"binary_file", "empty_file", "no_email_column", "no_readable_row", "unreadable_encoding"})
_LEAST_SAMPLE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens files. Some take long: `watch` is called meanwhile, and raises when the job is to end."""

    workbooks: Workbooks = field(default_factory=Workbooks)
    bounds: Bounds = field(default_factory=Bounds)

    def understand(self, stream: BinaryIO, options: ReadingOptions, watch: Watch) -> Dialect:
        """Tell how to read a file, mostly by its beginning. Raises PermanentError if it is no list."""
        container = find_container(stream.read(HEAD_SIZE))
        stream.seek(0)
        if container is None:
            return self._plain.understand(stream, options, watch)
        if container is Container.ZIP:
            return self._understand_zip(ZipArchive(stream, self.bounds), options, watch)
        packed = expand(stream, container, Meter(self.bounds))
        return packed_in(container, self._plain.understand(packed, options, watch))

    @contextmanager
    def table(self, stream: BinaryIO, size: int, dialect: Dialect, watch: Watch) -> Iterator[Table]:
        """Open a file of `size` bytes for reading its data rows."""
        open_plain = partial(self._plain.table, watch=watch)
        if dialect.container is None:
            with open_plain(stream, size, dialect) as table:
                yield table
        elif dialect.container is Container.ZIP:
            yield UnionTable(ZipArchive(stream, self.bounds), dialect, open_plain)
        else:
            meter = Meter(self.bounds)
            with open_plain(expand(stream, dialect.container, meter), size, dialect) as table:
                yield PackedTable(table, meter)

    @property
    def _plain(self) -> PlainFiles:
        return PlainFiles(self.workbooks)

    def _understand_zip(self, archive: ZipArchive, options: ReadingOptions, watch: Watch) -> Dialect:
        """Understand each member by itself; what is no list is passed over where others are."""
        members = []
        passed_over = list(archive.passed_over)
        faults = []
        alone = len(archive.members) == 1
        most = max(_LEAST_SAMPLE, SAMPLE_SIZE // len(archive.members))
        for entry in archive.members:
            watch()
            try:
                with archive.open(entry) as stream:
                    dialect = self._plain.understand(
                        stream, options if alone else options_of_one(options), watch, most=most
                    )
            except PermanentError as error:
                if alone or error.code not in _NO_LIST:
                    raise
                faults.append(error)
                passed_over.append(f"{entry.name} ({error.code})")
            else:
                members.append(Member(entry.index, entry.name, dialect))
        if not members:
            raise faults[0]
        return unite(members, ReadingOptions() if alone else options, passed_over)
