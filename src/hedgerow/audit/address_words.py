"""Words in addresses that speak of people, and words that speak of something else; in the commonest languages.

A word is matched against a whole part of a path, cut at hyphens and underscores: `team-members` is `team` and
`members`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PEOPLE: Final = _words(
    """
    member members user users people person persons profile profiles author authors contributor contributors staff team
    employee employees colleague colleagues contact contacts faculty alumni alumnus student students teacher teachers
    professor professors doctor doctors physician physicians dentist dentists nurse nurses therapist therapists
    attorney attorneys lawyer lawyers agent agents realtor realtors broker brokers advisor advisors consultant
    consultants expert experts speaker speakers artist artists player players athlete athletes candidate candidates
    applicant applicants friend friends neighbour neighbours account accounts directory whoswho biography biographies
    bio bios resume resumes cv vcard vcards customer customers patient patients volunteer volunteers donor donors
    politician politicians councillor councillors senator senators
    mitglied mitglieder benutzer nutzer person personen profil profile mitarbeiter mitarbeitende kollegen autor autoren
    arzt aerzte arzte anwalt anwaelte anwalte kontakt kontakte lehrer schueler studenten kandidaten kuenstler
    ansprechpartner
    membre membres utilisateur utilisateurs personne personnes profils annuaire auteur auteurs medecin medecins avocat
    avocats equipe collaborateurs eleves enseignants
    usuario usuarios miembro miembros perfil perfiles persona personas socio socios autores medico medicos abogado
    abogados equipo alumno alumnos profesor profesores
    membro membros pessoa pessoas perfis usuaria utilizador utilizadores advogados professores
    utente utenti membri persone profilo profili soci autori medici avvocati docenti studenti
    lid leden gebruiker gebruikers persoon profielen medewerkers auteurs artsen advocaten
    medlem medlemmar medlemmer anvandare bruker brukere bruger brugere personer ansatte anstallda
    kayttaja kayttajat jasenet
    uzytkownik uzytkownicy czlonek czlonkowie osoba osoby profile autorzy lekarze
    uzivatel uzivatele clen clenove lide osoby felhasznalo felhasznalok tagok szemelyek
    polzovatel polzovateli lyudi avtor avtory kullanici kullanicilar uye uyeler kisi kisiler
    """
)

SHORT: Final = frozenset({"u", "m", "p", "in", "pub", "id"})
"""Said by some sites (`/u/ann`, `/in/ann`), and by many for something else: they count only beside other evidence."""

OTHER: Final = _words(
    """
    product products item items article articles post posts blog blogs news story stories tag tags category categories
    topic topics thread threads forum wiki page pages image images img photo photos picture pictures media video videos
    static asset assets css js fonts file files download downloads doc docs documentation feed feeds rss sitemap
    event events job jobs project projects repo repositories release releases package packages version versions
    order orders cart checkout invoice shop store price presentation presentations slides paper papers course courses
    archive archives date year month map maps place places city cities country countries language lang locale theme
    plugin plugins module modules include includes template templates lib vendor admin login logout session
    geek code src source software book books music song songs album albums movie movies game games recipe recipes
    produkt produkte artikel beitrag beitraege seite seiten bild bilder datei dateien veranstaltung termine produits
    articles actualites evenement fichiers producto productos noticias archivos evento prodotti notizie
    """
)

LISTS: Final = _words("page pages list all browse index letter az a-z seite liste alle tous todos tutti")
SEARCHES: Final = _words(
    "search find suggest autocomplete lookup query suche suchen recherche rechercher buscar busqueda busca pesquisa "
    "cerca ricerca zoeken szukaj hledat sok haku arama poisk"
)
EXPORTS: Final = _words("export exports download csv xlsx xls dump backup addressbook address-book")
DATA: Final = _words("api rest graphql json ajax v1 v2 v3 odata wp-json")

BESIDE: Final = dict.fromkeys(
    _words("photo avatar picture portrait foto bild vcard vcf contact email mail phone cv resume lebenslauf kontakt"), 3
) | dict.fromkeys(
    _words(
        "followers following friends connections contacts about bio posts activity reviews badges likes message "
        "groups experience education publications freunde amis amigos"
    ),
    1,
)
"""What stands below one person's address, and how much it speaks for a person."""

NOBODY: Final = (
    _words(
        """
    new create edit login logout signin sign-in signup sign-up register settings preferences help faq about contact
    imprint impressum privacy terms index home default admin me self current latest popular top recent null undefined
    robots favicon feed rss atom sitemap online stats count export import page list all browse
    """
    )
    | SEARCHES
)
"""Parts that stand where a person's identifier would, and name nobody."""


def pieces(part: str) -> list[str]:
    """A part of a path cut into words without accents: `Team-Mitglieder` gives `team`, `mitglieder`."""
    plain = unicodedata.normalize("NFKD", part).encode("ascii", "ignore").decode("ascii")
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", plain)
    return [p for p in re.split(r"[^a-z0-9]+", spaced.lower()) if p]


def says(part: str, words: frozenset[str]) -> str | None:
    """The word of a part that is among these."""
    whole = part.lower()
    if whole in words:
        return whole
    return next((p for p in pieces(part) if p in words), None)
