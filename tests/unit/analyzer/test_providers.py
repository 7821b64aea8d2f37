"""Who runs the mail hosts of a domain, and who holds names for sale."""

from __future__ import annotations

import pytest

from mailsift.analyzer.evidence import DomainFacts, MailHost
from mailsift.analyzer.reference.lists import packaged_lists
from mailsift.analyzer.reference.providers import provider_of

# As they stand in the MX records of customers.
HOSTS = (
    (("aspmx.l.google.com", "alt1.aspmx.l.google.com"), "google"),
    (("smtp.google.com",), "google"),
    (("company-com.mail.protection.outlook.com",), "microsoft_365"),
    (("company-com.o-v1.mx.microsoft",), "microsoft_365"),
    (("outlook-com.olc.protection.outlook.com",), "outlook"),
    (("mxa-00169c01.gslb.pphosted.com",), "proofpoint"),
    (("us-smtp-inbound-1.mimecast.com",), "mimecast"),
    (("mta5.am0.yahoodns.net",), "yahoo"),
    (("mx.zoho.eu",), "zoho"),
    (("in1-smtp.messagingengine.com",), "fastmail"),
    (("mx01.mail.icloud.com",), "icloud"),
    (("d1234a.ess.barracudanetworks.com",), "barracuda"),
    (("mail.protonmail.ch",), "proton"),
    (("mx1.company.com",), None),
    (("mx1.company.com", "mx2.zoho.com"), "zoho"),
    (("mx.microsoft",), "microsoft_365"),
    (("notgoogle.com", "google.com.company.com", ""), None),
    ((), None),
)


@pytest.mark.parametrize(("hosts", "name"), HOSTS)
def test_the_provider_is_told_by_the_names_of_its_hosts(hosts: tuple[str, ...], name: str | None) -> None:
    found = provider_of(MailHost(number, host) for number, host in enumerate(hosts))
    assert (found and found.name) == name


def test_what_says_so_is_kept() -> None:
    found = provider_of([MailHost(1, "aspmx.l.google.com")])
    assert found is not None
    assert (found.hit.list_name, found.hit.entry) == ("mail_providers", "google.com")
    assert found.hit.version


@pytest.mark.parametrize(
    ("name_servers", "mx", "entry"),
    [
        (("ns1.sedoparking.com", "ns2.sedoparking.com"), (), "sedoparking.com"),
        (("ns1.company.com",), ("mail.h-email.net",), "h-email.net"),
        (("ns1.company.com",), ("mx1.company.com",), None),
        (("sedoparking.com.company.com", "notbodis.com"), (), None),
        ((), (), None),
    ],
)
def test_a_parked_domain_is_told_by_its_nameservers_and_mail_hosts(
    name_servers: tuple[str, ...], mx: tuple[str, ...], entry: str | None
) -> None:
    facts = DomainFacts("company.com", name_servers=name_servers, mx=tuple(MailHost(10, host) for host in mx))
    found = packaged_lists().parking_of(facts)
    assert (found and found.entry) == entry
