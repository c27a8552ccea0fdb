"""Response codes (DE 39): the switch's own, and what each link says instead.

The switch's own are two digits, as ISO 8583:1987 has them.  Members differ in the rest of the two characters, so each link
has a table for either way; what it doesn't name passes unchanged.  No table can make an approval of a decline, nor the
reverse.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from switch.codec.specfile import SpecError, Table
from switch.services.servicefile import ServiceFileError

APPROVED = "00"
SPELLING = re.compile(r"[0-9A-Z]{2}")
UNKNOWN = "05"
"""Do not honour: what a link's code becomes that means nothing here."""


@dataclass(frozen=True)
class LinkCodes:
    """One link's: *out*, own code → the link's; *back*, the link's → own."""

    out: Mapping[str, str]
    back: Mapping[str, str]


@dataclass(frozen=True)
class Responses:
    """The *meanings* of the own codes, and the *links* whose codes differ."""

    meanings: Mapping[str, str]
    links: Mapping[str, LinkCodes]

    def to_link(self, link: str, code: str) -> str:
        """What to say on *link* for the own *code*.  Raises KeyError for a code that the switch doesn't have."""
        self.meanings[code]
        codes = self.links.get(link)
        return codes.out.get(code, code) if codes else code

    def from_link(self, link: str, code: str) -> str:
        """The own code for what was said on *link*; 05 for what means nothing."""
        codes = self.links.get(link)
        own = codes.back.get(code, code) if codes else code
        return own if own in self.meanings else UNKNOWN


@cache
def packaged() -> Responses:
    """The table that comes with the product."""
    return read("responses.toml", files("switch.services").joinpath("responses.toml").read_text(encoding="utf-8"))


def read(name: str, text: str) -> Responses:
    """The table in *text*, the content of the file *name*.  Raises ServiceFileError."""
    try:
        top = Table(name, tomllib.loads(text))
        meanings = _texts(top.table("codes"))
        wrong = [code for code in meanings if not re.fullmatch("[0-9]{2}", code)]
        if wrong or not {APPROVED, UNKNOWN} <= meanings.keys():
            raise SpecError(f"{name}.codes: two digits each, and {APPROVED} and {UNKNOWN} among them, are expected")
        links_table = top.table("links")
        links = {each: _link(links_table.table(each), meanings) for each in links_table.remaining()}
        top.end()
    except (tomllib.TOMLDecodeError, RecursionError, SpecError) as error:
        told = str(error)
        raise ServiceFileError(told if told.startswith(name) else f"{name}: {told}") from None
    return Responses(meanings, links)


def _link(table: Table, meanings: Mapping[str, str]) -> LinkCodes:
    out, back = _texts(table.table("out")), _texts(table.table("back"))
    table.end()
    for key, own, said in [("out", *pair) for pair in out.items()] + [
        ("back", own, said) for said, own in back.items()
    ]:
        if own not in meanings or not SPELLING.fullmatch(said):
            raise SpecError(
                f"{table.place}.{key}: one of the codes, and two digits or capitals, are expected: {own}, {said}"
            )
    for own in meanings:
        read_again = back.get(out.get(own, own), out.get(own, own))
        if (read_again == APPROVED) != (own == APPROVED):
            raise SpecError(
                f"{table.place}: {own} would be read as {read_again}: no table turns a decline into an approval"
            )
    return LinkCodes(out, back)


def _texts(table: Table) -> dict[str, str]:
    return {each: table.text(each) for each in table.remaining()}
