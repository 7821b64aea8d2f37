"""What each recommendation for a domain says."""

from __future__ import annotations

from typing import Final

from mailsift.api.wording.languages import Words

RECOMMENDATIONS: Final = {
    "domain_not_found": Words(
        "The domain does not exist in DNS. Register it, or check its spelling.",
        "Die Domain existiert nicht im DNS. Registrieren Sie sie, oder prüfen Sie die Schreibweise.",
    ),
    "null_mx": Words(
        "The domain says that it takes no mail (null MX). If it should, publish an MX record.",
        "Die Domain erklärt, dass sie keine E-Mails annimmt (Null-MX). Soll sie es doch, hinterlegen Sie einen "
        "MX-Eintrag.",
    ),
    "no_mail_host": Words(
        "There is neither an MX record nor an address: mail cannot be delivered. Publish an MX record.",
        "Es gibt weder einen MX-Eintrag noch eine Adresse: E-Mails sind unzustellbar. Hinterlegen Sie einen MX- "
        "Eintrag.",
    ),
    "mx_unresolvable": Words(
        "None of the mail hosts has an address, {about} neither. Correct the MX records, or add the address records.",
        "Kein Mailserver hat eine Adresse, auch {about} nicht. Korrigieren Sie die MX-Einträge oder ergänzen Sie "
        "die Adressen.",
    ),
    "mx_nowhere": Words(
        "The mail host {about} has an address that is no host's, such as 127.0.0.1. Give it a public one.",
        "Der Mailserver {about} hat eine Adresse, die niemandem gehört, etwa 127.0.0.1. Geben Sie ihm eine "
        "öffentliche.",
    ),
    "mx_private": Words(
        "The mail host {about} is in a private network and cannot be reached from the internet. Give it a public "
        "address.",
        "Der Mailserver {about} steht in einem privaten Netz und ist aus dem Internet nicht erreichbar. Geben Sie "
        "ihm eine öffentliche Adresse.",
    ),
    "mx_literal": Words(
        "An MX record names an IP address, {about}: most senders do not deliver there. Name a host instead.",
        "Ein MX-Eintrag nennt eine IP-Adresse, {about}: die meisten Absender stellen dorthin nicht zu. Nennen Sie "
        "stattdessen einen Rechnernamen.",
    ),
    "mx_alias": Words(
        "The mail host {about} is an alias (CNAME), which some senders do not follow. Name the host itself.",
        "Der Mailserver {about} ist ein Alias (CNAME), dem manche Absender nicht folgen. Nennen Sie den Rechner "
        "selbst.",
    ),
    "implicit_mx": Words(
        "There is no MX record, so mail goes to the address of the domain itself. Publish an MX record.",
        "Es gibt keinen MX-Eintrag, also gehen E-Mails an die Adresse der Domain selbst. Hinterlegen Sie einen "
        "MX-Eintrag.",
    ),
    "wildcard_mx": Words(
        "Below {about} any name takes mail, typing errors too. Replace the wildcard MX by one for each name in use.",
        "Unterhalb von {about} nimmt jeder Name E-Mails an, auch jeder Tippfehler. Ersetzen Sie den Wildcard-MX "
        "durch einen je benutztem Namen.",
    ),
    "parked": Words(
        "The domain is parked or for sale: nobody reads mail there.",
        "Die Domain ist geparkt oder steht zum Verkauf: dort liest niemand E-Mails.",
    ),
    "disposable": Words(
        "The domain is on a list of throw-away addresses. If that is wrong, have it taken off the list.",
        "Die Domain steht auf einer Liste von Wegwerfadressen. Ist das falsch, lassen Sie sie austragen.",
    ),
    "probable_typo": Words(
        "The domain is one slip away from {about}. Was that meant?",
        "Die Domain ist nur einen Tippfehler von {about} entfernt. War diese gemeint?",
    ),
    "dns_servfail": Words(
        "The nameservers fail to answer (SERVFAIL). Check the delegation and DNSSEC.",
        "Die Nameserver scheitern an der Antwort (SERVFAIL). Prüfen Sie Delegierung und DNSSEC.",
    ),
    "dns_lame": Words(
        "The nameservers that the domain is delegated to do not answer for it. Correct the delegation.",
        "Die Nameserver, an die die Domain delegiert ist, sind für sie nicht zuständig. Korrigieren Sie die "
        "Delegierung.",
    ),
    "dns_refused": Words(
        "The nameservers refuse to answer, so that nothing can be told of the domain.",
        "Die Nameserver verweigern die Antwort, daher lässt sich über die Domain nichts sagen.",
    ),
    "dns_timeout": Words(
        "The nameservers did not answer in time. Try again later, and check that they can be reached.",
        "Die Nameserver haben nicht rechtzeitig geantwortet. Versuchen Sie es später erneut, und prüfen Sie ihre "
        "Erreichbarkeit.",
    ),
    "dns_unreachable": Words(
        "No nameserver could be reached, so that nothing was found out. Try again later.",
        "Kein Nameserver war erreichbar, daher wurde nichts herausgefunden. Versuchen Sie es später erneut.",
    ),
    "spf_missing": Words(
        "There is no SPF record. Publish one that names who may send for the domain and ends in -all.",
        "Es gibt keinen SPF-Eintrag. Hinterlegen Sie einen, der alle zugelassenen Absender nennt und mit -all endet.",
    ),
    "spf_broken": Words(
        "Receivers cannot use the SPF record; the fault is at {about}. Correct it.",
        "Empfänger können den SPF-Eintrag nicht verwenden; der Fehler liegt bei {about}. Korrigieren Sie ihn.",
    ),
    "spf_allows_anyone": Words(
        "The SPF record lets anybody send in the name of the domain (+all). End it in -all.",
        "Der SPF-Eintrag lässt jeden im Namen der Domain senden (+all). Beenden Sie ihn mit -all.",
    ),
    "spf_open_end": Words(
        "The SPF record does not say what becomes of mail from hosts that it does not name. End it in -all or ~all.",
        "Der SPF-Eintrag sagt nicht, was mit E-Mails von nicht genannten Rechnern geschieht. Beenden Sie ihn mit "
        "-all oder ~all.",
    ),
    "spf_near_limit": Words(
        "The SPF record needs {about} of the 10 lookups that receivers make. Take out what is not needed.",
        "Der SPF-Eintrag braucht {about} der 10 Abfragen, die Empfänger machen. Entfernen Sie, was nicht nötig ist.",
    ),
    "dkim_broken": Words(
        "The DKIM key under the selector {about} cannot be used. Publish it anew.",
        "Der DKIM-Schlüssel unter dem Selektor {about} ist unbrauchbar. Hinterlegen Sie ihn neu.",
    ),
    "dkim_weak": Words(
        "The DKIM key under the selector {about} is shorter than 2048 bits. Replace it by a longer one.",
        "Der DKIM-Schlüssel unter dem Selektor {about} ist kürzer als 2048 Bit. Ersetzen Sie ihn durch einen längeren.",
    ),
    "dkim_missing": Words(
        "No DKIM key is published. Sign your mail, and publish the key.",
        "Es ist kein DKIM-Schlüssel hinterlegt. Signieren Sie Ihre E-Mails, und hinterlegen Sie den Schlüssel.",
    ),
    "dmarc_missing": Words(
        "There is no DMARC record. Publish one, with p=none and reports (rua) to begin with.",
        "Es gibt keinen DMARC-Eintrag. Hinterlegen Sie einen, zunächst mit p=none und Berichten (rua).",
    ),
    "dmarc_broken": Words(
        "Receivers cannot use the DMARC record. Leave one record with a policy (p=).",
        "Empfänger können den DMARC-Eintrag nicht verwenden. Hinterlegen Sie genau einen mit einer Richtlinie (p=).",
    ),
    "dmarc_policy_none": Words(
        "The DMARC policy of {about} is p=none, which protects nobody. Go on to quarantine, then to reject.",
        "Die DMARC-Richtlinie von {about} ist p=none und schützt niemanden. Gehen Sie zu quarantine und dann zu "
        "reject über.",
    ),
    "dmarc_test_mode": Words(
        "The DMARC record of {about} is in test mode (t=y), so that its policy is not applied. Take it out.",
        "Der DMARC-Eintrag von {about} ist im Testbetrieb (t=y), seine Richtlinie gilt also nicht. Entfernen Sie das.",
    ),
    "dmarc_no_reports": Words(
        "The DMARC record of {about} asks for no reports. Name a mailbox in rua to see who sends in your name.",
        "Der DMARC-Eintrag von {about} verlangt keine Berichte. Nennen Sie in rua ein Postfach, um zu sehen, wer "
        "in Ihrem Namen sendet.",
    ),
    "mta_sts_missing": Words(
        "There is no MTA-STS record: a connection to the mail hosts may be downgraded to plain text. Publish a policy.",
        "Es gibt keinen MTA-STS-Eintrag: Verbindungen zu den Mailservern lassen sich auf Klartext herabstufen. "
        "Hinterlegen Sie eine Richtlinie.",
    ),
    "mta_sts_broken": Words(
        "The MTA-STS record cannot be read. Leave one of the form v=STSv1; id=...",
        "Der MTA-STS-Eintrag ist nicht lesbar. Hinterlegen Sie genau einen der Form v=STSv1; id=...",
    ),
    "tls_rpt_missing": Words(
        "There is no TLS-RPT record, so that nobody reports failures of encryption to you. Publish one.",
        "Es gibt keinen TLS-RPT-Eintrag, daher meldet Ihnen niemand Fehler der Verschlüsselung. Hinterlegen Sie einen.",
    ),
    "tls_rpt_broken": Words(
        "The TLS-RPT record cannot be read. Leave one of the form v=TLSRPTv1; rua=mailto:...",
        "Der TLS-RPT-Eintrag ist nicht lesbar. Hinterlegen Sie genau einen der Form v=TLSRPTv1; rua=mailto:...",
    ),
    "single_mail_host": Words(
        "There is one mail host only, {about}. A second one takes mail while it is down.",
        "Es gibt nur einen Mailserver, {about}. Ein zweiter nimmt E-Mails an, wenn er ausfällt.",
    ),
}
