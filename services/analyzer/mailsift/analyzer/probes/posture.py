"""Ask what a domain that takes mail publishes about it: all at once, for none of it needs the rest."""

from dataclasses import dataclass
from typing import Final

from mailsift.analyzer.evidence import (
    DkimPosture,
    DmarcPosture,
    Lookup,
    MailProvider,
    SpfPosture,
    TransportPosture,
)
from mailsift.analyzer.probes.inquiry import Inquiry
from mailsift.analyzer.records.dkim import walk_dkim
from mailsift.analyzer.records.dmarc import walk_dmarc
from mailsift.analyzer.records.replies import Question, Reply, only
from mailsift.analyzer.records.spf_walk import walk_spf
from mailsift.analyzer.records.transport import walk_mta_sts, walk_tls_rpt
from mailsift.analyzer.records.wildcard import WildcardFound, walk_wildcard
from mailsift.analyzer.reference.registrable import registrable_domain
from mailsift.analyzer.reference.selectors import selectors_for

_UNANSWERED: Final = frozenset(lookup.value for lookup in Lookup if not lookup.tells)


@dataclass(frozen=True, slots=True)
class Posture:
    """What was found, and the first answers of each kind."""

    spf: SpfPosture
    dmarc: DmarcPosture
    dkim: DkimPosture
    mta_sts: TransportPosture
    tls_rpt: TransportPosture
    name_servers: Reply
    wildcard: WildcardFound
    own_texts: Reply
    policy: Reply
    keys: Reply

    @property
    def is_open(self) -> bool:
        """Whether a question went unanswered: worth asking again soon."""
        postures = (self.spf, self.dmarc, self.dkim, self.mta_sts, self.tls_rpt)
        return any(posture.valid is None and posture.detail in _UNANSWERED for posture in postures)


async def find_posture(inquiry: Inquiry, domain: str, provider: MailProvider | None) -> Posture:
    """Follow every walk."""
    registrable = registrable_domain(domain)
    found = await inquiry.follow_all(
        [
            walk_spf(domain),
            walk_dmarc(domain),
            walk_dkim(domain, selectors_for(provider and provider.name)),
            walk_mta_sts(domain),
            walk_tls_rpt(domain),
            only(Question(registrable or domain, "NS")),
            walk_wildcard(domain, registrable),
        ]
    )
    own_texts, policy, keys = (
        inquiry.known(name, "TXT") for name in (domain, f"_dmarc.{domain}", f"_domainkey.{domain}")
    )
    spf, dmarc, dkim, mta_sts, tls_rpt, name_servers, wildcard = found
    return Posture(spf, dmarc, dkim, mta_sts, tls_rpt, name_servers, wildcard, own_texts, policy, keys)
