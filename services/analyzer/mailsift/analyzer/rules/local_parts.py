"""What a local part says of whoever is behind it, if anybody is."""

from mailsift.analyzer.address_evidence import AddressEvidence
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.verdicts import Status

NO_REPLY = Finding("no_reply", points=-20)
TEST_ADDRESS = Finding("test_address", points=-30, status=Status.RISKY)
KEYBOARD_RUN = Finding("keyboard_run", points=-30, status=Status.RISKY)
ONE_LETTER = Finding("one_letter", points=-10)
ALL_DIGITS = Finding("all_digits", points=-10)
SUBADDRESS = Finding("subaddress")


def no_reply(evidence: AddressEvidence) -> Finding | None:
    """Mail comes from there, and nobody reads what goes there."""
    return NO_REPLY if evidence.no_reply is not None else None


def test_address(evidence: AddressEvidence) -> Finding | None:
    """Made up to try something: nothing but words as `test` and `dummy`, whatever digits stand behind them."""
    return TEST_ADDRESS if evidence.test is not None else None


def keyboard_run(evidence: AddressEvidence) -> Finding | None:
    """Typed by a hand that had nothing to say: `qwerty`, `asdf`."""
    return KEYBOARD_RUN if evidence.keyboard_run is not None else None


def one_letter(evidence: AddressEvidence) -> Finding | None:
    """A single letter or digit; beyond ASCII one may be a whole name."""
    base = evidence.mailbox.base if evidence.mailbox is not None else ""
    return ONE_LETTER if len(base) == 1 and base.isascii() else None


def all_digits(evidence: AddressEvidence) -> Finding | None:
    """A number: of a person only where mailboxes are named so, as students are at many universities."""
    mailbox, domain = evidence.mailbox, evidence.domain
    if mailbox is None or not mailbox.base.isdecimal():
        return None
    is_usual = mailbox.provider is not None and mailbox.provider.numbers_are_usual
    return None if is_usual or (domain is not None and domain.education is not None) else ALL_DIGITS


def subaddress(evidence: AddressEvidence) -> Finding | None:
    """A tag of the owner's own choice behind the name (RFC 5233), to know by whom it was passed on: it arrives."""
    return SUBADDRESS if evidence.mailbox is not None and evidence.mailbox.tag is not None else None


RULES = (no_reply, test_address, keyboard_run, one_letter, all_digits, subaddress)
