"""Answers DNS questions from a zone file; pure. Names below `_fault` say where an answer goes wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

LONGEST_CHAIN: Final = 8
PLAIN_UDP_BYTES: Final = 512
LARGEST_MESSAGE_BYTES: Final = 65_535
_FAULTS: Final = dns.name.from_text("_fault")


class Fault(StrEnum):
    """How a nameserver fails a question."""

    SERVFAIL = "servfail"
    LAME = "lame"
    """A SERVFAIL with its reason: no nameserver of the domain answers for it (RFC 8914)."""
    REFUSED = "refused"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Zone:
    """All that the demonstration's nameserver knows, from the root down."""

    records: dns.zone.Zone
    faults: dict[dns.name.Name, Fault]
    names: frozenset[dns.name.Name]
    """All that exist: a name does when anything stands below it, even if nothing stands at it (RFC 8020)."""

    def answer(self, query: dns.message.Message) -> dns.message.Message | None:
        """Answer as a resolver does; None is silence."""
        response = dns.message.make_response(query, recursion_available=True)
        if len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
            return response
        question = query.question[0]
        fault = self._fault_at(question.name)
        if fault is Fault.SILENCE:
            return None
        if fault is not None:
            _fail(response, fault)
            return response
        self._fill(response, question.name, question.rdtype)
        return response

    def answer_packet(self, packet: bytes, *, over_udp: bool) -> bytes | None:
        """Answer a packet with a packet, cut short over UDP where the asker says so; None is silence."""
        query = dns.message.from_wire(packet)
        response = self.answer(query)
        if response is None:
            return None
        size = max(query.payload, PLAIN_UDP_BYTES) if over_udp else LARGEST_MESSAGE_BYTES
        return response.to_wire(max_size=size, prefer_truncation=True)

    def _fault_at(self, name: dns.name.Name) -> Fault | None:
        while name != dns.name.root:
            if name in self.faults:
                return self.faults[name]
            name = name.parent()
        return None

    def _fill(self, response: dns.message.Message, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> None:
        for _ in range(LONGEST_CHAIN):
            source = self._source_of(name)
            found, alias = self._records(source, name, rdtype), self._records(source, name, dns.rdatatype.CNAME)
            if found is not None:
                response.answer.append(found)
                return
            if alias is None:
                self._deny(response, exists=source is not None)
                return
            response.answer.append(alias)
            name = alias[0].target
        response.set_rcode(dns.rcode.SERVFAIL)

    def _source_of(self, name: dns.name.Name) -> dns.name.Name | None:
        """The name that holds the records of another: itself, or the wildcard that stands for it (RFC 4592)."""
        if name in self.names:
            return name
        encloser = name.parent()
        while encloser not in self.names:
            encloser = encloser.parent()
        wildcard = dns.name.Name(("*",)) + encloser
        return wildcard if wildcard in self.records.nodes else None

    def _records(
        self, source: dns.name.Name | None, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> dns.rrset.RRset | None:
        found = None if source is None else self.records.get_rdataset(source, rdtype)
        return None if found is None else dns.rrset.from_rdata_list(name, found.ttl, list(found))

    def _deny(self, response: dns.message.Message, *, exists: bool) -> None:
        if not exists:
            response.set_rcode(dns.rcode.NXDOMAIN)
        authority = self.records.get_rrset(dns.name.root, dns.rdatatype.SOA)
        if authority is not None:
            response.authority.append(authority)


def _fail(response: dns.message.Message, fault: Fault) -> None:
    response.set_rcode(dns.rcode.REFUSED if fault is Fault.REFUSED else dns.rcode.SERVFAIL)
    if fault is Fault.LAME and response.edns >= 0:
        response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.NO_REACHABLE_AUTHORITY)])


def read_zone(text: str) -> Zone:
    """Read a zone file whose names are all absolute."""
    records = dns.zone.from_text(text, origin=dns.name.root, relativize=False, check_origin=False)
    faults = {}
    for name in [name for name in records.nodes if name.is_subdomain(_FAULTS)]:
        [word] = records.find_rdataset(name, dns.rdatatype.TXT)[0].strings
        faults[name.relativize(_FAULTS).derelativize(dns.name.root)] = Fault(word.decode())
        records.delete_node(name)
    return Zone(records, faults, frozenset(above for name in records.nodes for above in _with_parents(name)))


def _with_parents(name: dns.name.Name) -> Iterator[dns.name.Name]:
    yield name
    while name != dns.name.root:
        name = name.parent()
        yield name
