import io
import lzma
import sys
import tracemalloc
from collections import deque
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.containers.bounds import Bounds, Meter
from mailsift.ingest.containers.compressed import expand
from mailsift.ingest.dialect import Container
from mailsift.shared.errors import PermanentError
from packing import MIB, PACK, STREAMED, one_gigabyte_line, xz_that_asks_for

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

containers = pytest.mark.parametrize("container", STREAMED)


def unpack(packed: bytes, container: Container, bounds: Bounds = Bounds()) -> bytes:  # noqa: B008 - frozen
    return expand(io.BytesIO(packed), container, Meter(bounds)).read()


def refusal(packed: bytes, container: Container, bounds: Bounds = Bounds()) -> str:  # noqa: B008 - frozen
    with pytest.raises(PermanentError) as caught:
        unpack(packed, container, bounds)
    return caught.value.code


@given(st.binary(), st.sampled_from(STREAMED))
def test_what_was_packed_comes_out(content: bytes, container: Container) -> None:
    assert unpack(PACK[container](content), container) == content


@given(st.lists(st.binary(), min_size=2, max_size=4), st.sampled_from(STREAMED))
def test_parts_behind_each_other_come_out_as_one(parts: list[bytes], container: Container) -> None:
    assert unpack(b"".join(map(PACK[container], parts)), container) == b"".join(parts)


@containers
def test_a_list_larger_than_the_window_comes_out(container: Container) -> None:
    content = b"".join(b"user%d@example.com,Ann\n" % number for number in range(100_000))
    assert unpack(PACK[container](content), container) == content


@containers
def test_nuls_behind_the_end_are_padding(container: Container) -> None:
    assert unpack(PACK[container](b"a@b.cd\n") + bytes(512), container) == b"a@b.cd\n"


@containers
def test_anything_else_behind_the_end_is_damage(container: Container) -> None:
    assert refusal(PACK[container](b"a@b.cd\n") + b"trailing garbage, and more of it", container) == "archive_damaged"


@containers
def test_a_file_that_ends_too_early_is_damaged_wherever_that_is(container: Container) -> None:
    packed = PACK[container](b"".join(b"user%d@example.com\n" % number for number in range(50)))
    for end in range(1, len(packed)):
        assert refusal(packed[:end], container) == "archive_damaged"


@containers
def test_a_byte_that_was_changed_is_found_or_changes_nothing(container: Container) -> None:
    content = b"".join(b"user%d@example.com\n" % number for number in range(50))
    packed = PACK[container](content)
    for place in range(len(packed)):
        changed = packed[:place] + bytes([packed[place] ^ 0x10]) + packed[place + 1 :]
        with suppress(PermanentError):
            # Zstandard's own command writes a checksum, its library does not unless asked.
            assert unpack(changed, container) == content or container is Container.ZSTD


def test_a_checksum_of_zstandard_is_looked_at() -> None:
    packed = bytearray(zstd.compress(b"a@b.cd\n" * 9, options={zstd.CompressionParameter.checksum_flag: 1}))
    packed[-1] ^= 1
    assert refusal(bytes(packed), Container.ZSTD) == "archive_damaged"


def test_skippable_frames_of_zstandard_are_skipped() -> None:
    frame = (0x184D2A50).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"12345"
    assert unpack(frame + zstd.compress(b"a@b.cd\n") + frame, Container.ZSTD) == b"a@b.cd\n"


@containers
def test_nothing_comes_out_beyond_the_bound(container: Container) -> None:
    packed = PACK[container](b"x" * (2 * MIB))
    assert len(unpack(packed, container, Bounds(expanded_bytes=2 * MIB))) == 2 * MIB
    assert refusal(packed, container, Bounds(expanded_bytes=2 * MIB - 1)) == "archive_too_large"


@containers
def test_a_bomb_is_put_down_in_little_memory(container: Container) -> None:
    packed = one_gigabyte_line(container)
    stream = expand(io.BytesIO(packed), container, Meter(Bounds()))
    tracemalloc.start()
    with pytest.raises(PermanentError) as caught:
        deque(iter(partial(stream.read, MIB), b""), maxlen=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code == "archive_bomb"
    assert peak < 16 * MIB


@containers
def test_a_list_of_much_the_same_is_no_bomb(container: Container) -> None:
    content = b"".join(b"user%d@example.com,Ann Smith,Oslo,Norway\n" % number for number in range(50_000))
    packed = PACK[container](content) * 20
    assert unpack(packed, container, Bounds(window_bytes=16 * MIB)) == content * 20


def test_a_header_that_asks_for_gigabytes_gets_none() -> None:
    assert refusal(xz_that_asks_for(2**31), Container.XZ) == "archive_too_large"
    assert unpack(xz_that_asks_for(2**26), Container.XZ) == b"x" * 1000


def test_a_window_of_zstandard_beyond_what_it_recommends_is_refused() -> None:
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 28})
    packed = compressor.compress(b"a@b.cd\n", mode=zstd.ZstdCompressor.FLUSH_BLOCK) + compressor.flush()
    assert refusal(packed, Container.ZSTD) == "archive_too_large"


def test_lzma_of_the_old_kind_is_not_xz() -> None:
    assert refusal(lzma.compress(b"a@b.cd\n", lzma.FORMAT_ALONE), Container.XZ) == "archive_damaged"
