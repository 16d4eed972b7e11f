"""What people fill in where they know nothing: names, mailboxes and numbers that say nothing about anybody.

Add a word here that stands for a missing value. Such a value stays in the raw rows; it is only no evidence.
Web domains of that kind are rows of ``seeds/reference/shared_domains.csv``.
"""

from __future__ import annotations

import re
from itertools import pairwise

# A name of these words alone, beside numbers and the words below, is none.
_NOTHING = frozenset(
    """
    test testing tests tester testy dummy fake placeholder unknown none null nil nan undefined tbd tba todo
    blank empty default asdf asdfgh qwerty foobar lorem ipsum unbekannt inconnu inconnue desconocido
    desconocida sconosciuto onbekend okand ukjent ukendt nieznany keine kein ninguno ninguna nessuno aucun
    aucune geen
    """.split()  # noqa: SIM905
)
_BESIDES = frozenset(
    """
    company firm account customer client name user contact person email not no given provided available
    applicable set entered specified yet a the angabe firma kunde first last
    """.split()  # noqa: SIM905
)
_NO_COMPANY = frozenset(
    {
        "na",
        "n a",
        "ka",
        "k a",
        "s o",
        "company",
        "the company",
        "company name",
        "no company",
        "no name",
        "not available",
        "not applicable",
        "not provided",
        "not given",
        "not specified",
        "not set",
        "not entered",
        "your company",
        "my company",
        "self",
        "self employed",
        "selfemployed",
        "freelance",
        "freelancer",
        "individual",
        "private",
        "private person",
        "privat",
        "privatperson",
        "personal",
        "keine angabe",
        "ohne",
        "sin nombre",
        "sans nom",
        "example",
        "sample",
        "demo",
        "customer",
        "client",
        "kunde",
        "account",
    }
)
_NO_PERSON = frozenset(
    "n a|no name|firstname|lastname|first name|last name|surname|name|contact|customer".split("|")  # noqa: SIM905
)
# People are called so.
_NAMES = frozenset({"nan", "nil", "blank", "tester", "testers", "geen", "kein"})
# Before the at sign, without dots, dashes and numbers.
_NO_MAILBOX = frozenset(
    """
    noemail nomail noaddress noemailaddress noreply donotreply dontreply none no na null nil nan test tests
    testing tester testuser testemail testaccount unknown undefined invalid fake fakeemail dummy example
    sample placeholder nobody noone anonymous anon notprovided notavailable notapplicable notgiven missing
    blank empty email mailaddress emailaddress yourname youremail yourmail name asdf qwerty abc xyz foo bar
    foobar tbd tba keine unbekannt inconnu desconocido
    """.split()  # noqa: SIM905
)
# Mailboxes of a task, which whoever has it reads.
_ROLES = frozenset(
    """
    info contact contactus hello hi office mail post team admin administrator administration reception
    frontdesk enquiries inquiries enquiry inquiry sales support help helpdesk service services
    customerservice customersupport billing bills bill accounts account accounting accountspayable
    accountpayable accountsreceivable ap ar payable payables payments payment finance financedepartment
    financeteam treasury invoice invoices invoicing einvoice procurement purchasing purchase orders order hr
    jobs careers marketing press media webmaster postmaster hostmaster it itsupport ops operations legal
    privacy security management buchhaltung rechnung rechnungen rechnungseingang kontakt verwaltung buero
    einkauf compta comptabilite facturation factures facture achats facturacion facturas factura
    contabilidad administracion compras fatture fatturazione contabilita amministrazione acquisti ufficio
    financeiro faturamento fiscal contabilidade contas facturen factuur facturatie boekhouding administratie
    faktura fakturaer ekonomi regnskap okonomi bogholderi ksiegowosc
    """.split()  # noqa: SIM905
)
_BETWEEN = re.compile(r"[._\-]")
_AT_THE_END = re.compile(r"\d+$")
# So many digits that are all one, or count up or down, nobody is given.
_RUN = 7


def is_no_company(name: str) -> bool:
    """Whether a name in folded words stands for none."""
    return name in _NO_COMPANY or _is_nothing(name)


def is_no_person(part: str) -> bool:
    """Whether a given or family name in folded words stands for none."""
    return part not in _NAMES and (part in _NO_PERSON or _is_nothing(part))


def is_no_mailbox(local: str) -> bool:
    """Whether what stands before the at sign is nobody's address."""
    letters = _AT_THE_END.sub("", _BETWEEN.sub("", local))
    is_none = not any(c.isalnum() for c in local)
    return is_none or letters in _NO_MAILBOX or _is_crossed_out(letters)


def is_role_mailbox(local: str) -> bool:
    """Whether an address is of a task, and not of a person."""
    return _AT_THE_END.sub("", _BETWEEN.sub("", local)) in _ROLES


def is_made_up(digits: str) -> bool:
    """Whether a number, as dialled in its country, ends in one digit repeated or in digits that count."""
    run = digits[-_RUN:]
    steps = {(int(later) - int(earlier)) % 10 for earlier, later in pairwise(run)}
    return steps <= {0} or steps in ({1}, {9})


def _is_nothing(name: str) -> bool:
    parts = name.split()
    return (
        any(part in _NOTHING or _is_crossed_out(part) for part in parts)
        and all(
            part in _NOTHING or part in _BESIDES or _is_crossed_out(part) or part.isdigit() for part in parts
        )
    ) or bool(re.fullmatch(r"(test|dummy)\d+", name))


def _is_crossed_out(word: str) -> bool:
    return len(word) > 1 and set(word) <= {"x"}
