"""The legal forms of many countries, as they stand in the names of companies.

Add a spelling where one is missing: as ``text.words`` gives it (lower case, no accents, ``s.a.`` as ``sa``).
Two forms that mean the same are one here; what is no legal form (group, holding, international) stays part of
the name.
"""

from __future__ import annotations

# What stands at the end of a name.
_AT_THE_END = {
    "inc": "inc|incorporated|corp|corporation|co|company|and co|and company|cie|and cie|inc co|co inc",
    "ltd": "ltd|limited|co ltd|co limited|company limited|and co ltd|private limited|pvt ltd|pvt limited"
    "|private ltd"
    "|p ltd|pty ltd|pty limited|pty|proprietary limited|proprietary ltd|pte ltd|pte limited|pte|ltd co"
    "|sdn bhd|bhd|berhad|sendirian berhad|ltee|limitee|limited company|cyf|cyfyngedig|teo|teoranta",
    "plc": "plc|public limited company|ccc|dac|designated activity company|cpt",
    "llc": "llc|limited liability company|pllc|plllc|lc|ltd liability co|wll|fze|fz llc|fzco|fzc|fz co",
    "llp": "llp|limited liability partnership|lllp",
    "lp": "lp|limited partnership|slp",
    "cic": "cic|community interest company|cio",
    "gmbh": "gmbh|mbh|gesellschaft mit beschrankter haftung|ggmbh|ges mbh|gesmbh|gesellschaft mbh|ug"
    "|unternehmergesellschaft|ug haftungsbeschrankt|haftungsbeschrankt|ug haftungsbeschraenkt",
    "gmbh and co kg": "gmbh and co kg|gmbh co kg|gmbh and co kgaa|ag and co kg|ag and co kgaa|gmbh and co ohg"
    "|ug and co kg|ug haftungsbeschrankt and co kg|se and co kg|se and co kgaa|gmbh and cie kg",
    "ag": "ag|aktiengesellschaft|kgaa",
    "kg": "kg|kommanditgesellschaft|and co kg|co kg|ohg|offene handelsgesellschaft|og",
    "gbr": "gbr",
    "ek": "ek|e k|eingetragener kaufmann|ekfr|ekfm|einzelunternehmen|inh",
    "eg": "eg|genossenschaft|eingetragene genossenschaft",
    "ev": "ev|e v|eingetragener verein",
    "se": "se|societas europaea",
    "sa": "sa|s a|societe anonyme|sociedad anonima|sociedade anonima|societa anonima|saca|sau"
    "|sociedad anonima unipersonal",
    "sas": "sas|sasu|s a s|societe par actions simplifiee|sociedad por acciones simplificada",
    "sarl": "sarl|s a r l|sa rl|s arl|societe a responsabilite limitee|eurl|selarl|sa r l",
    "sci": "sci|snc|scs|scop|scp|scea",
    "spa": "spa|s p a|societa per azioni|sapa|sociedad por acciones",
    "srl": "srl|s r l|srls|societa a responsabilita limitata|sociedad de responsabilidad limitada|srlu"
    "|societate cu raspundere limitata",
    "sl": "sl|slu|slne|sociedad limitada|sll|s l",
    "sa de cv": "sa de cv|s a de c v|sab de cv|sab|sapi de cv|sociedad anonima de capital variable|sa de c v",
    "s de rl": "s de rl de cv|s de rl|sc de rl|sc de rl de cv|srl de cv",
    "ltda": "ltda|limitada|ltda me|eireli|epp|lda|unipessoal lda|sociedade unipessoal lda|ltda epp|cia ltda",
    "bv": "bv|b v|besloten vennootschap",
    "nv": "nv|n v|naamloze vennootschap",
    "vof": "vof|cv|commanditaire vennootschap|maatschap",
    "bvba": "bvba|sprl|ebvba|cvba|scrl|asbl|vzw|gcv|comm v",
    "ab": "ab|aktiebolag|ab publ|publ|aktiebolaget",
    "hb": "hb|kb|handelsbolag|kommanditbolag|ek for",
    "as": "as|a s|aksjeselskap|aktieselskab|asa|aktsiaselts",
    "aps": "aps|anpartsselskab|ivs|k s|i s|amba|smba|fmba",
    "ans": "ans|enk|nuf",
    "oy": "oy|osakeyhtio|oyj|oy ab|ky|tmi|julkinen osakeyhtio",
    "ehf": "ehf|hf|slf|ohf",
    "sp z oo": "sp z oo|spolka z oo|spolka z ograniczona odpowiedzialnoscia|sp zoo|spzoo|sp z o o"
    "|sp z oo sp k"
    "|sp z oo sp komandytowa|sp k|sp j|spj|spk|psa",
    "sa pl": "spolka akcyjna",
    "sro": "sro|s r o|spol s r o|spol sro|spolecnost s rucenim omezenym|spolocnost s rucenim obmedzenym|vos",
    "as cz": "akciova spolecnost|akciova spolocnost|akc spol",
    "kft": "kft|korlatolt felelossegu tarsasag|kkt|zrt|nyrt",
    "doo": "doo|d o o|jdoo|dooel|drustvo s ogranicenom odgovornoscu",
    "dd": "dd|d d|ad|akcionarsko drustvo",
    "eood": "eood|ood|ead",
    "uab": "uab|vsi",
    "sia": "sia",
    "ou": "ou|osauhing",
    "ae": "ae|a e|epe|ike|anonimi etaireia",
    "as tr": "anonim sirketi|limited sirketi|ltd sti|sti|san ve tic as|san ve tic ltd sti|tic ltd sti|tic as",
    "ooo": "ooo|zao|oao|pao|ao|ip|ооо|зао|оао|пао|ао|ип|тов|прат|пат|тоо|чп|фоп|tov|prat|too",
    "kk": "kk|k k|kabushiki kaisha|kabushiki gaisha|yk|y k|yugen kaisha|gk|g k|godo kaisha|godo gaisha",
    "jsc": "jsc|ojsc|cjsc|pjsc|joint stock company|sae|saoc|saog|sal|psc|ksc|kscc|kscp",
    "pt": "tbk|persero|perseroan terbatas",
    "pte": "tnhh|mtv|cong ty tnhh|co phan",
    "sc": "sc|s c|sociedad civil|scpa|sccl|s coop|scoop|coop|cooperative|soc coop|societa cooperativa",
    "pc": "pc|p c|professional corporation|chartered|chtd",
}
# What stands before a name, in countries where it does.
_AT_THE_START = {
    "pt": "pt",
    "ooo": "ооо|зао|оао|пао|ао|ип|тов|прат|пат|тоо|чп|фоп|ooo|oao|zao|pao",
    "uab": "uab",
    "sia": "sia",
    "pte": "cong ty tnhh|cong ty co phan",
    "kk": "kabushiki kaisha|kabushiki gaisha",
}
# Scripts that put no blank between name and form.
UNSPACED = {
    "kk": ("株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "(株)", "(有)", "(同)"),
    "co ltd": (
        "股份有限公司",
        "有限责任公司",
        "有限責任公司",
        "有限公司",
        "集团有限公司",
        "集團有限公司",
        "公司",
    ),
    "jusik": ("주식회사", "유한회사", "(주)", "(유)"),
}


def _by_words(forms: dict[str, str]) -> dict[tuple[str, ...], str]:
    return {
        tuple(spelling.split()): form
        for form, spellings in forms.items()
        for spelling in spellings.split("|")
    }


AT_THE_END = _by_words(_AT_THE_END)
AT_THE_START = _by_words(_AT_THE_START)
LONGEST = max(len(spelling) for spelling in (*AT_THE_END, *AT_THE_START))
