"""DKIM keys: what stands under a selector, and what it says of the domain."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import suppress

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.evidence import DkimPosture, Lookup, MailHost
from mailsift.analyzer.records.dkim import MAX_SELECTORS, DkimKey, KeyState, read_key, walk_dkim
from mailsift.analyzer.records.replies import Reply
from mailsift.analyzer.records.rsa_key import NotRsaError, rsa_bits
from mailsift.analyzer.reference.files import read_list
from mailsift.analyzer.reference.providers import provider_of
from mailsift.analyzer.reference.selectors import selectors_for
from walking import NODATA, NXDOMAIN, TIMEOUT, texts, walk

ED25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def _rsa(bits: int, *, bare: bool = False) -> bytes:
    """A key that nobody can sign with: only its length is looked at."""
    public = rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) + 1).public_key()
    if bare:
        return public.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(bits: int) -> str:
    return base64.b64encode(_rsa(bits)).decode()


GOOD = f"v=DKIM1; k=rsa; p={_text(2048)}"
REVOKED, SHORT, BROKEN = "v=DKIM1; p=", f"v=DKIM1; p={_text(1023)}", "v=DKIM1; p=*"

KEYS = (
    (GOOD, DkimKey(KeyState.VALID, "rsa", 2048)),
    (f"k=rsa; p={_text(1024)}", DkimKey(KeyState.VALID, "rsa", 1024)),
    (f"p={_text(2048)[:30]} {_text(2048)[30:]}", DkimKey(KeyState.VALID, "rsa", 2048)),
    (f"v=DKIM1; s=email:other; t=y; p={_text(4096)}", DkimKey(KeyState.VALID, "rsa", 4096)),
    (f"v=DKIM1; h=sha1:sha256; p={_text(2048)}", DkimKey(KeyState.VALID, "rsa", 2048)),
    (f"v=DKIM1; k=ed25519; p={ED25519}", DkimKey(KeyState.VALID, "ed25519", 256)),
    (SHORT, DkimKey(KeyState.SHORT, "rsa", 1023)),
    (f"p={_text(768)}", DkimKey(KeyState.SHORT, "rsa", 768)),
    (REVOKED, DkimKey(KeyState.REVOKED)),
    (f"v=DKIM1; h=sha1; p={_text(2048)}", DkimKey(KeyState.BROKEN)),
    ("v=DKIM1; k=rsa", DkimKey(KeyState.BROKEN)),
    (f"v=DKIM1; k=dsa; p={_text(2048)}", DkimKey(KeyState.BROKEN)),
    (f"v=DKIM1; k=ed25519; p={_text(2048)}", DkimKey(KeyState.BROKEN)),
    (f"v=DKIM1; k=rsa; p={ED25519}", DkimKey(KeyState.BROKEN)),
    ("v=DKIM1; p=not*base64", DkimKey(KeyState.BROKEN)),
    ("v=DKIM1; p=MIG", DkimKey(KeyState.BROKEN)),
    ("v=DKIM1; p=MIGf", DkimKey(KeyState.BROKEN)),
    (f"v=DKIM2; p={_text(2048)}", DkimKey(KeyState.BROKEN)),
    (f"k=rsa; v=DKIM1; p={_text(2048)}", DkimKey(KeyState.BROKEN)),
    (f"v=DKIM1; s=other; p={_text(2048)}", None),
    ("v=spf1 -all", None),
    ("hello", None),
    ("", None),
)


@pytest.mark.parametrize(("text", "expected"), KEYS)
def test_a_key_is_read(text: str, expected: DkimKey | None) -> None:
    assert read_key(text) == expected


@pytest.mark.parametrize("bits", [512, 1023, 1024, 1025, 2048, 4096])
@pytest.mark.parametrize("bare", [False, True])
def test_the_length_of_a_key_is_read_in_both_its_forms(bits: int, bare: bool) -> None:
    assert rsa_bits(_rsa(bits, bare=bare)) == bits


DER = _rsa(1024)


@given(
    st.binary(max_size=200)
    | st.builds(lambda at, byte: DER[:at] + byte + DER[at + 1 :], st.integers(0, 161), st.binary(max_size=2))
)
def test_what_openssl_takes_for_an_rsa_key_is_one_of_the_same_length(data: bytes) -> None:
    try:
        key = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        with suppress(NotRsaError):
            assert rsa_bits(data) >= 1
        return
    if isinstance(key, rsa.RSAPublicKey):
        assert rsa_bits(data) == key.key_size


SELECTORS = ("google", "s1")
UNKNOWN = DkimPosture(None, "unknown_selector", keys_exist=True)

WALKS: tuple[tuple[Mapping[str, Reply], DkimPosture], ...] = (
    ({"": NXDOMAIN}, DkimPosture(None, "no_keys", keys_exist=False)),
    ({"": TIMEOUT}, DkimPosture(None, "timeout")),
    ({}, UNKNOWN),
    ({"google.": NXDOMAIN}, UNKNOWN),
    ({"": texts("v=spf1"), "s1.": texts("v=spf1")}, UNKNOWN),
    ({"google.": texts(GOOD)}, DkimPosture(True, "valid", "google", True, "rsa", 2048)),
    ({"google.": texts(BROKEN), "s1.": texts(GOOD)}, DkimPosture(True, "valid", "s1", True, "rsa", 2048)),
    ({"google.": texts(REVOKED), "s1.": texts(GOOD)}, DkimPosture(True, "valid", "s1", True, "rsa", 2048, ("google",))),
    ({"google.": texts(BROKEN), "s1.": texts("v=spf1")}, DkimPosture(False, "broken", "google", True)),
    ({"google.": texts(BROKEN), "s1.": texts(SHORT)}, DkimPosture(False, "short", "s1", True, "rsa", 1023)),
    ({"google.": texts(REVOKED)}, DkimPosture(None, "revoked", keys_exist=True, revoked=("google",))),
    ({"google.": Reply(Lookup.SERVFAIL)}, DkimPosture(None, "servfail", keys_exist=True)),
    ({"google.": texts(BROKEN), "s1.": TIMEOUT}, DkimPosture(None, "timeout", keys_exist=True)),
)  # fmt: skip


@pytest.mark.parametrize(("answers", "expected"), WALKS)
def test_the_posture_follows_from_the_answers(answers: Mapping[str, Reply], expected: DkimPosture) -> None:
    told = {f"{selector}_domainkey.company.com TXT": reply for selector, reply in answers.items()}
    assert walk(walk_dkim("company.com", SELECTORS), told) == expected


def test_no_more_than_so_many_selectors_are_tried() -> None:
    asked: list[str] = []
    walk(walk_dkim("company.com", [f"s{number}" for number in range(99)]), {}, NODATA, asked)
    assert len(asked) == 1 + MAX_SELECTORS


def test_selectors_of_the_provider_are_tried_first_and_all_are_tried() -> None:
    assert selectors_for("fastmail")[:3] == ("fm1", "fm2", "fm3")
    assert set(selectors_for(None)) < set(selectors_for("fastmail"))
    assert selectors_for("nobody") == selectors_for(None)
    providers = {entry.split()[0] for entry in read_list("dkim_selectors").entries} - {"any"}
    assert providers <= {entry.split()[0] for entry in read_list("mail_providers").entries}
    for provider in providers:
        selectors = selectors_for(provider)
        assert len(selectors) == len(set(selectors)) <= MAX_SELECTORS
    found = provider_of([MailHost(1, "aspmx.l.google.com")])
    assert found is not None
    assert selectors_for(found.name)[0] == "google"


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    read_key(text)
    read_key(f"v=DKIM1; p={text}")
