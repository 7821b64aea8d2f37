"""Which mailbox an address leads to: tags, canonical forms, and names that a provider gives to nobody."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailsift.analyzer.address_evidence import Mailbox, MailboxFault
from mailsift.analyzer.reference.mailboxes import mailbox_rules, read_mailbox
from mailsift.shared.addresses import Address, parse

DATA = tomllib.loads(files("mailsift.analyzer.reference").joinpath("data", "mailbox_providers.toml").read_text("utf-8"))
PROVIDERS = {name: stated for name, stated in DATA.items() if name != "version"}
DOMAINS = [domain for stated in PROVIDERS.values() for domain in stated["domains"]]


def _mailbox(text: str) -> Mailbox:
    address = parse(text)
    assert isinstance(address, Address)
    return read_mailbox(address, mailbox_rules(address.domain or ""))


CANONICAL = (
    ("John.Smith+news@gmail.com", "johnsmith@gmail.com", "news"),
    ("j.o.h.n.smith@googlemail.com", "johnsmith@gmail.com", None),
    ("john.smith+a+b@gmail.com", "johnsmith@gmail.com", "a+b"),
    ("john.smith+news@outlook.com", "john.smith@outlook.com", "news"),
    ("john.smith+news@hotmail.co.uk", "john.smith@hotmail.co.uk", "news"),
    ("john.smith+news@live.com", "john.smith@live.com", "news"),
    ("john.smith+news@fastmail.com", "john.smith@fastmail.com", "news"),
    ("news@john.fastmail.com", "john@fastmail.com", "news"),
    ("news+x@john.sent.com", "john@sent.com", "news+x"),
    ("news@mail.john.fastmail.com", "news@mail.john.fastmail.com", None),
    ("john.smith+news@icloud.com", "john.smith@icloud.com", "news"),
    ("john.smith@me.com", "john.smith@icloud.com", None),
    ("john.smith+news@mac.com", "john.smith@icloud.com", "news"),
    ("john.smith+news@proton.me", "john.smith@proton.me", "news"),
    ("john.smith+news@pm.me", "john.smith@pm.me", "news"),
    ("smith-news@yahoo.com", "smith@yahoo.com", "news"),
    ("smith-news-2@yahoo.fr", "smith@yahoo.fr", "news-2"),
    ("smith+news@yahoo.com", "smith+news@yahoo.com", "news"),
    ("john.smith@ya.ru", "john.smith@yandex.ru", None),
    # Nobody documents these: what is canonical is the address itself, and a plus most likely begins a tag.
    ("John.Smith+news@company.com", "john.smith+news@company.com", "news"),
    ("smith-news@company.com", "smith-news@company.com", None),
    ("john@bücher.example", "john@xn--bcher-kva.example", None),
    ("john+news@[192.0.2.1]", "john+news@[192.0.2.1]", "news"),
    ('"john smith+x"@gmail.com', '"john smith+x"@gmail.com', None),
    # A tag stands behind a name.
    ("+news@company.com", "+news@company.com", None),
    ("-news@yahoo.com", "-news@yahoo.com", None),
)


@pytest.mark.parametrize(("text", "canonical", "tag"), CANONICAL)
def test_the_canonical_form_is_what_the_provider_documents(text: str, canonical: str, tag: str | None) -> None:
    mailbox = _mailbox(text)
    assert (mailbox.canonical, mailbox.tag) == (canonical, tag)


def test_the_address_itself_stays_as_it_is() -> None:
    address = parse("John.Smith+news@googlemail.com")
    assert isinstance(address, Address)
    assert address.normalized == "john.smith+news@googlemail.com"


FAULTS = (
    ("john.smith@gmail.com", None),
    ("j.o.h.n.y@gmail.com", MailboxFault.TOO_SHORT),
    ("johnny@gmail.com", None),
    ("john+abcdef@gmail.com", MailboxFault.TOO_SHORT),
    (f"{'a' * 30}@gmail.com", None),
    (f"{'a' * 31}@gmail.com", MailboxFault.TOO_LONG),
    ("john_smith@gmail.com", MailboxFault.CHARACTER),
    ("jürgen.klein@gmail.com", MailboxFault.CHARACTER),
    ("john_smith@hotmail.com", None),
    ("007@hotmail.com", None),
    ("john'smith@outlook.com", MailboxFault.CHARACTER),
    ("john_smith@yahoo.com", None),
    ("john@yahoo.com", None),
    ("joe@yahoo.com", MailboxFault.TOO_SHORT),
    ("joe-shopping@yahoo.com", MailboxFault.TOO_SHORT),
    (f"{'a' * 33}@ymail.com", MailboxFault.TOO_LONG),
    ("john!@yahoo.co.uk", MailboxFault.CHARACTER),
    ("jo@icloud.com", MailboxFault.TOO_SHORT),
    ("stinging-lentils.0f@icloud.com", None),
    ("jürgen@me.com", MailboxFault.CHARACTER),
    ("abuse@gmail.com", None),
    ("x_y@company.com", None),
    ("a@fastmail.com", None),
    ("12345678@qq.com", None),
)


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_a_name_that_the_provider_gives_to_nobody(text: str, fault: MailboxFault | None) -> None:
    assert _mailbox(text).fault is fault


LOCAL_PARTS = st.text("abz09.+-_é", min_size=1, max_size=12)
TEXTS = st.builds(
    "{}@{}".format, LOCAL_PARTS, st.sampled_from([*DOMAINS, "company.com", "john.fastmail.com", "a-b.sent.com"])
)


@given(TEXTS)
@example("0.+@gmail.com")
@example("0.+@outlook.com")
def test_the_canonical_form_of_a_canonical_form_is_itself(text: str) -> None:
    address = parse(text)
    if isinstance(address, Address):
        canonical = read_mailbox(address, mailbox_rules(address.domain or "")).canonical
        assert _mailbox(canonical).canonical == canonical
        once_more = parse(canonical)
        assert isinstance(once_more, Address)
        assert once_more.normalized == canonical


SOURCE = re.compile(r"https?://\S+( https?://\S+)*")


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_statement_names_its_source(name: str) -> None:
    statements = {key: stated for key, stated in PROVIDERS[name].items() if key != "domains"}
    assert statements.keys() <= {"canonical", "local_part", "numbers"}
    sources = [stated if isinstance(stated, str) else stated["source"] for stated in statements.values()]
    assert sources
    assert all(SOURCE.fullmatch(source) for source in sources)


def test_a_domain_is_of_one_provider_and_written_as_dns_has_it() -> None:
    assert len(DOMAINS) == len(set(DOMAINS))
    for domain in DOMAINS:
        parsed = parse(f"john@{domain}")
        assert isinstance(parsed, Address)
        assert parsed.domain == domain


def test_the_provider_is_named_with_its_sources() -> None:
    provider = _mailbox("john.smith@gmail.com").provider
    assert provider is not None
    assert (provider.name, provider.version) == ("gmail", DATA["version"])
    assert provider.canonical_source == PROVIDERS["gmail"]["canonical"]["source"]
    assert provider.local_part_source == PROVIDERS["gmail"]["local_part"]["source"]
    assert _mailbox("john@company.com").provider is None


PAGE = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text("utf-8")


@pytest.mark.parametrize("name", [name for name, stated in PROVIDERS.items() if "numbers" not in stated])
def test_the_page_says_what_each_provider_documents(name: str) -> None:
    row = re.search(rf"^\| {name}\b[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE | re.IGNORECASE)
    assert row is not None
    tags, same, names = row.groups()
    canonical, local_part = PROVIDERS[name].get("canonical", {}), PROVIDERS[name].get("local_part", {})
    assert (f"`name{canonical.get('separator')}tag`" in tags) is ("separator" in canonical)
    assert canonical.get("domain", "") in same
    for bound in ("shortest", "longest"):
        assert str(local_part.get(bound, "")) in names
    assert bool(names.strip()) is bool(local_part)
