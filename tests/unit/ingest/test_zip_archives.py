import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.containers.bounds import Bounds
from mailsift.ingest.containers.zipped import ZipArchive
from mailsift.shared.errors import PermanentError
from packing import MIB, overlapping_zip, with_encrypted_flag, with_sizes, zipped

LIST = b"a@b.cd\n" * 1000


def read(packed: bytes, bounds: Bounds = Bounds()) -> dict[str, bytes]:  # noqa: B008 - frozen
    archive = ZipArchive(io.BytesIO(packed), bounds)
    contents = {}
    for member in archive.members:
        with archive.open(member) as stream:
            contents[member.name] = stream.read()
    return contents


def refusal(packed: bytes, bounds: Bounds = Bounds()) -> str:  # noqa: B008 - frozen
    with pytest.raises(PermanentError) as caught:
        read(packed, bounds)
    return caught.value.code


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,8}\.csv", fullmatch=True), st.binary(), min_size=1, max_size=4),
    st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]),
)
def test_what_was_packed_comes_out(members: dict[str, bytes], method: int) -> None:
    assert read(zipped(members, method)) == members


def test_a_zip_written_as_a_stream_comes_out() -> None:
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

    packed = Unseekable()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("list.csv", LIST)
    assert read(packed.getvalue()) == {"list.csv": LIST}


def test_two_members_of_one_name_are_two() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writer:
        writer.writestr("list.csv", b"first")
        with pytest.warns(UserWarning, match="Duplicate"):
            writer.writestr("list.csv", b"second")
    archive = ZipArchive(packed, Bounds())
    contents = []
    for member in archive.members:
        with archive.open(member) as stream:
            contents.append(stream.read())
    assert contents == [b"first", b"second"]


def test_leftovers_of_file_managers_are_passed_over_and_named() -> None:
    packed = io.BytesIO()
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(packed, "w") as writer:
        writer.mkdir("lists")
        for name in ("lists/a.csv", "__MACOSX/lists/._a.csv", "lists/.DS_Store", "Thumbs.db"):
            writer.writestr(name, LIST)
        writer.writestr(link, b"/etc/passwd")
    archive = ZipArchive(packed, Bounds())
    assert [member.name for member in archive.members] == ["lists/a.csv"]
    assert archive.passed_over == ("lists/", "__MACOSX/lists/._a.csv", "lists/.DS_Store", "Thumbs.db", "link.csv")


@pytest.mark.parametrize("name", ["../../etc/cron.d/x.csv", "/etc/passwd", "C:\\Windows\\x.csv", "a/../../b.csv"])
def test_a_name_that_leads_elsewhere_is_only_a_name(name: str) -> None:
    assert read(zipped({name: LIST})) == {name: LIST}


def test_a_list_without_a_name_is_read_all_the_same() -> None:
    packed = zipped({"x.csv": LIST, "y.csv": b"c@d.ef\n"}).replace(b"x.csv", b"\0.csv")
    assert read(packed) == {"": LIST, "y.csv": b"c@d.ef\n"}


def test_a_name_is_fit_to_be_shown() -> None:
    [name] = read(zipped({"\u202excod.\u200bvsc" + "x" * 500: LIST}))
    assert name.startswith("\ufffdxcod.\ufffdvsc")
    assert len(name) == 80


def test_no_file_in_it_is_no_list() -> None:
    assert refusal(zipped({})) == "archive_empty"
    assert refusal(zipped({"__MACOSX/a.csv": LIST})) == "archive_empty"


def test_a_locked_member_is_said_to_be_locked() -> None:
    assert refusal(with_encrypted_flag(zipped({"list.csv": LIST}))) == "archive_encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_cannot_be_bounded_are_refused(method: int) -> None:
    assert refusal(zipped({"list.csv": LIST}, method)) == "archive_unsupported"


def test_a_bomb_is_put_down() -> None:
    assert refusal(zipped({"list.csv": bytes(8 * MIB)}), Bounds(window_bytes=MIB)) == "archive_bomb"
    assert (
        refusal(zipped({"a.csv": bytes(8 * MIB), "b.csv": bytes(8 * MIB)}), Bounds(window_bytes=4 * MIB))
        == "archive_bomb"
    )
    assert refusal(zipped({"list.csv": LIST}), Bounds(expanded_bytes=1000)) == "archive_too_large"


def test_members_that_share_their_bytes_are_a_bomb() -> None:
    assert refusal(overlapping_zip(2)) == "archive_bomb"
    assert refusal(overlapping_zip(3_000)) == "archive_bomb"


def test_more_members_than_anybody_has_lists_are_refused() -> None:
    packed = zipped({f"{number}.csv": LIST for number in range(11)})
    assert len(read(packed, Bounds(members=11))) == 11
    assert refusal(packed, Bounds(members=10)) == "archive_too_large"


def test_a_table_of_contents_is_not_read_at_any_length() -> None:
    packed = zipped({f"{number}.csv": b"" for number in range(1000)})
    assert refusal(packed, Bounds(directory_bytes=40_000)) == "archive_too_large"


@pytest.mark.parametrize("size", [0, 1, len(LIST) - 1, len(LIST) + 1, 2**32 - 2])
def test_a_member_that_is_not_as_long_as_it_says_is_damaged(size: int) -> None:
    assert refusal(with_sizes(zipped({"list.csv": LIST}), expanded=size)) == "archive_damaged"


def test_a_file_that_ends_too_early_is_damaged_wherever_that_is() -> None:
    packed = zipped({"list.csv": LIST})
    assert {refusal(packed[:end]) for end in range(4, len(packed))} == {"archive_damaged"}


def test_a_byte_that_was_changed_is_found_or_changes_nothing() -> None:
    packed = zipped({"list.csv": LIST[:100]})
    for place in range(len(packed)):
        changed = packed[:place] + bytes([packed[place] ^ 0x11]) + packed[place + 1 :]
        try:
            contents = read(changed)
        except PermanentError:
            continue
        assert list(contents.values()) == [LIST[:100]]
