"""Read the records about TLS between mail servers: MTA-STS (RFC 8461 3.1) and TLS-RPT (RFC 8460 3)."""

import re
from typing import Final

from mailsift.analyzer.evidence import TransportPosture
from mailsift.analyzer.records.replies import Question, Walk
from mailsift.analyzer.records.tags import read_tags

MAX_VALUE_KEPT: Final = 512

_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")
_REPORT_ADDRESS: Final = re.compile(r"(?:mailto|https):[^\s,!]+")


def walk_mta_sts(domain: str) -> Walk[TransportPosture]:
    """Whether the domain says that it has a policy, which is a page on the web that nobody asks for here."""
    return (yield from _the_one(f"_mta-sts.{domain}", "STSv1", "id"))


def walk_tls_rpt(domain: str) -> Walk[TransportPosture]:
    """Whether the domain says where reports about failed TLS go."""
    return (yield from _the_one(f"_smtp._tls.{domain}", "TLSRPTv1", "rua"))


def _the_one(name: str, version: str, tag: str) -> Walk[TransportPosture]:
    reply = yield Question(name, "TXT")
    if not reply.lookup.tells:
        return TransportPosture(None, reply.lookup.value)
    records = [tags for text in reply.texts if (tags := read_tags(text))[:1] == (("v", version),)]
    if len(records) != 1:  # several are as good as none
        return TransportPosture(valid=False, detail="several" if records else "none")
    value = dict(records[0]).get(tag, "")
    if not _is_well_formed(tag, value):
        return TransportPosture(valid=False, detail="syntax")
    return TransportPosture(valid=True, detail="valid", value=value[:MAX_VALUE_KEPT])


def _is_well_formed(tag: str, value: str) -> bool:
    if tag == "id":
        return _ID.fullmatch(value) is not None
    return all(_REPORT_ADDRESS.fullmatch(address.strip()) for address in value.split(","))
