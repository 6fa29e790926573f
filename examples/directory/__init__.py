"""Riverbend: the members' directory that the demo, the tests and the drills put behind the gateway.

It is an ordinary site and does what ordinary sites do, faults included: identifiers count upwards, e-mail addresses
and phone numbers stand openly on every profile, and are repeated where search engines look for them (JSON-LD on one
of the three page designs, microdata on another, an hCard on the third, and the description in `<meta>`). The JSON API
gives everything to everybody. Whatever protects these people must work with a site like this one.

Everybody here is made up. Names are put together from invented syllables and words, towns and employers too; e-mail
addresses are in the domains that RFC 2606 section 3 reserves; phone numbers are 555-0100 to 555-0199 or from the
ranges that Ofcom keeps for drama. The same seed makes the same people, byte for byte.

    python -m examples.directory --port 3000 --members 5000 --seed 7

Demo accounts (the password of all is `riverbend`): `avery`, a member for years; `robin`, another; `newcomer`, whose
account is a day old. While somebody is signed in, every answer carries `Hedgerow-Account` and `Hedgerow-Account-Since`.
"""

from .people import Directory, Member, people_of
from .site import build

__all__ = ["Directory", "Member", "build", "people_of"]
