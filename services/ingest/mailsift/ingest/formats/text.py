"""Text out of a byte stream, a piece at a time, and an end to it where the bytes are no text any more."""

from __future__ import annotations

import codecs
from typing import BinaryIO, Final

from mailsift.shared.errors import PermanentError

BLOCK_SIZE: Final = 256 * 1024

# What compressed or compiled bytes are full of, and text is not. NULs are not counted: programs that were cut off
# leave many of them at the end of a text, where they say nothing.
_CONTROLS: Final = bytes({*range(0x01, 0x09), *range(0x0E, 0x1A), *range(0x1C, 0x20), 0x7F})
_MAX_CONTROLS: Final = 0.05
_FEW_BYTES: Final = 1024
_WIDE: Final = ("utf-16", "utf-32", "utf_16", "utf_32")


class TextStream:
    """The text of a stream, once.

    Bytes that do not decode become U+FFFD and NUL characters are dropped, for neither has a place in the database.
    """

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._is_wide = encoding.startswith(_WIDE)
        self.at_end = False
        self.bytes_read = 0

    def read(self) -> str:
        """The next piece, which may be empty before the end too. Raises PermanentError `binary_file`."""
        chunk = self._stream.read(BLOCK_SIZE)
        self.bytes_read += len(chunk)
        self.at_end = not chunk
        if not self._is_wide and is_binary(chunk):
            place = self.bytes_read - len(chunk)
            raise PermanentError(
                "binary_file",
                f"The file stops being text somewhere behind its byte {place:,}. Please mend it and upload it again.",
            )
        return self._decoder.decode(chunk, final=self.at_end).replace("\0", "")


def is_binary(chunk: bytes) -> bool:
    """Whether a piece of a file, written in bytes of which most are characters, cannot be text."""
    filled = len(chunk) - chunk.count(0)
    controls = len(chunk) - len(chunk.translate(None, _CONTROLS))
    return filled > _FEW_BYTES and controls > _MAX_CONTROLS * filled
