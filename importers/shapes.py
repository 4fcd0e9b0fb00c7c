"""A name taken apart for comparing: legal form off, small words off, words of four languages brought to one.

In: a name as written. Out: `Shape`. Pure; used by `resolve`. `base` and `form` decide what is certainly the same, so
only spellings of one form are brought together there ("Ltd", "Limited"), never forms that differ. Read `shape` first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ledger.arcs import folded

# Spellings of one legal form, only at the end of a name; the first word of a line is how the form is kept.
_FORM_WORDS = {
    spelling: line.split()[0]
    for line in """
ltd limited
co company
inc incorporated
corp corporation
pvt private
pty proprietary
ltda limitada
cia companhia compania
""".strip().splitlines()
    for spelling in line.split()
}
_FORM_PHRASES = {
    tuple(phrase.strip().split()): kept.strip()
    for kept, phrases in (
        line.split(":")
        for line in """
plc: public limited company
llc: limited liability company
llp: limited liability partnership
sa: sociedad anonima, sociedade anonima, societe anonyme, s a
sac: sociedad anonima cerrada, s a c
sas: sociedad por acciones simplificada, societe par actions simplifiee, s a s
sa de cv: sociedad anonima de capital variable, s a de c v
s de rl: sociedad de responsabilidad limitada, s de r l
s de rl de cv: sociedad de responsabilidad limitada de capital variable, s de r l de c v
sarl: societe a responsabilite limitee
eirl: empresa individual de responsabilidad limitada
gmbh: gesellschaft mit beschrankter haftung
ltd: l t d
""".strip().splitlines()
    )
    for phrase in phrases.split(",")
}
_FORMS = {
    *(
        (w,)
        for w in "ltd co inc corp ltda cia plc llc llp lp sa sac sas srl sarl eirl eireli gmbh ag bv nv spa".split()
    ),
    *((w,) for w in "me epp mei saa sca ca".split()),
    ("pvt", "ltd"),
    ("pty", "ltd"),
    ("sa", "de", "cv"),
    ("s", "de", "rl"),
    ("s", "de", "rl", "de", "cv"),
    ("sapi", "de", "cv"),
}
_FORM_LONGEST = max(map(len, [*_FORM_PHRASES, *_FORMS]))
_FORM_ENDS = {form[-1] for form in [*_FORM_PHRASES, *_FORMS]} | set(_FORM_WORDS)
_LEADING = {"sa", "sarl", "sas", "srl"}  # "S.A. La Sibila"
_LEADING_FIRST = {phrase[0] for phrase, form in _FORM_PHRASES.items() if form in _LEADING} | _LEADING

_SMALL = set(
    "the of and for to in on at a de del la las el los y e da das do dos du des le les et para por em messrs ms".split()
)
_AND = {"and", "y", "e", "et"}

# For likeness only, never for certainty: one word for its translations and usual abbreviations.
_ONE_WORD = {
    spelling: line.split()[0]
    for line in """
ministry ministerio ministere min
health salud saude sante
wellness bienestar
education educacion educacao
finance finanzas fazenda finances hacienda
agriculture agricultura
works obras
hospital hospitales hopital hosp
regional regionais reg
general geral
national nacional nationale natl
municipal municipais mun
municipality municipio municipalidad prefeitura mairie
government gobierno governo gouvernement govt
secretariat secretaria secretariado
department departamento departement dept
directorate direccion diretoria direction
institute instituto institut inst
university universidad universidade universite univ
fund fondo fundo fonds
bank banco banque
social sociales sociais
security seguridad seguranca securite seguro
development desarrollo desenvolvimento developpement dev
emergency emergencia emergencias urgence
protection proteccion protecao
police policia
women mujeres mujer mulheres femmes
foundation fundacion fundacao fondation
association asociacion associacao assoc assn
federation federacion federacao
committee comite
commission comision comissao
authority autoridad autoridade autorite auth
central centrale
centre center centro
world mundial mondiale
organization organisation organizacion organizacao
united unidas unies unidos
nations naciones nacoes
union uniao
european europea europeia europeenne
embassy embajada embaixada ambassade
republic republica republique
state estado estadual etat
city ciudad cidade ville
council consejo conselho conseil
medical medico medica medicos
supplies suministros insumos
services service servicios servicos svcs
cross cruz croix
red roja vermelha rouge
children ninos criancas enfants
trade comercio commerce
industry industria
foreign exteriores exterior etrangeres
affairs asuntos relaciones relacoes affaires
public publico publica publicas publique
labour labor trabajo trabalho travail
tourism turismo tourisme
transport transporte transportes
environment ambiente environnement
planning planificacion planejamento
human humano humanos humanitarian
rights derechos direitos
office oficina escritorio bureau
international internacional internationale intl
enterprise enterprises ent empresa
ventures venture vent
construction constructions construccion construcao const constr
engineering engineers ingenieria engenharia eng
memorial mem
saint san santo santa sao st
brothers bros
district distrito
company co
ghana gh
belize bz belice
group grupo groupe
male masculino
female femenino feminino
north northern norte nord
south southern sur sul sud
east eastern este leste est oriental
west western oeste ouest occidental
upper alto alta
lower baixo baja bajo
""".strip().splitlines()
    for spelling in line.split()
}

_COMPASS = set("north south east west northeast northwest southeast southwest upper lower male female".split())

_INITIALS = re.compile(r"(?<!\w)(?:[^\W\d_][./]\s?)+[^\W\d_](?![\w])[./]?|(?<!\w)[^\W\d_]/[^\W\d_](?!\w)")
_PLAIN = re.compile(r"[a-z0-9]+")
_BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]")


@dataclass(frozen=True, slots=True)
class Shape:
    """A name taken apart.

    `base`: its words in order, without legal form. `form`: the legal form, its spelling made one. `plain`: the words
    sorted, small ones off. `sorted`: the same, with translations and abbreviations made one. `marks`: words that tell
    things of one kind apart, with digits or of the compass. `brackets`: what stood in brackets, which is part of the
    base as well. `is_short`: may be an acronym.
    """

    base: str
    form: str
    plain: str
    sorted: str
    marks: frozenset[str]
    brackets: str
    is_short: bool


def shape(name: str) -> Shape:
    """Take a name apart. Never fails: a name of signs alone has an empty base."""
    text = _INITIALS.sub(lambda m: re.sub(r"[./\s]", "", m[0]) + " ", name)
    text = text.replace("&", " and ")
    # Most names are plain letters, of which there is nothing to take off: four times as fast.
    words = _PLAIN.findall(text.lower()) if text.isascii() else folded(text).split()
    base, form = _formless(words)
    # "A & B Ltd" is of two letters, "a" among them: only inside a name is one letter a small word.
    telling = [w for n, w in enumerate(base) if w not in _SMALL or (n == 0 and len(w) == 1)] or base
    one_words = sorted(_ONE_WORD.get(w, w) for w in telling)
    return Shape(
        " ".join(base),
        form,
        " ".join(sorted(telling)),
        " ".join(one_words),
        frozenset(w for w in one_words if w in _COMPASS or any(c.isdigit() for c in w)),
        " ".join(folded(part) for part in _BRACKETS.findall(name)).strip(),
        len(base) == 1 and 2 <= len(base[0]) <= 8 and base[0].isalpha(),
    )


def _formless(words: list[str]) -> tuple[list[str], str]:
    """Take legal forms off the end, and off the start where Spanish and French put them."""
    kept: list[str] = []
    while len(words) > 1:
        found = _at_end(words)
        if found is None:
            break
        words, form = found
        kept.insert(0, form)
    for length in (3, 2, 1) if words and words[0] in _LEADING_FIRST else ():
        start = tuple(words[:length])
        form = _FORM_PHRASES.get(start, start[0] if len(start) == 1 else "")
        if form in _LEADING and len(words) > length:
            return words[length:], " ".join([f"{form}-", *kept])  # never the same as the form at the end
    return words, " ".join(kept)


def _at_end(words: list[str]) -> tuple[list[str], str] | None:
    if words[-1] not in _FORM_ENDS:
        return None
    for length in range(min(_FORM_LONGEST, len(words) - 1), 0, -1):
        end = tuple(words[-length:])
        if end in _FORM_PHRASES:
            return words[:-length], _FORM_PHRASES[end]
        end = tuple(_FORM_WORDS.get(w, w) for w in end)
        if end in _FORMS:
            return words[:-length], " ".join(end)
    return None


def acronyms(told: Shape) -> frozenset[str]:
    """The initials that a name of several words may go by, with and without its small words."""
    words = told.base.split()
    if len(words) < 2:
        return frozenset()
    form = told.form.replace(" ", "")[:1]
    every = "".join(w[0] for w in words)
    linked = "".join(w[0] for w in words if w not in _AND)  # MOHW: "of" counts, "and" does not
    telling = "".join(w[0] for w in words if w not in _SMALL)
    return frozenset(a + f for a in (every, linked, telling) for f in {"", form} if len(a + f) >= 2)
