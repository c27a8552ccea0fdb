"""What a demonstration's secrets are, and where they can be read: in every file of every part, and in all traffic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from Crypto.Cipher import DES3

from switch.perso.issuersvalues import cvv, pvv
from switch.perso.issuing import CARD_KEYS, IssuerKeys, Wish, card_key, cardholders, master_keys
from switch.perso.orderfile import OrderReader
from switch.perso.preparing import CVV2_SERVICE_CODE, ICVV_SERVICE_CODE
from switch.perso.terms import Attribute, Cardholder, Content
from switch.perso.wanted import Wanted
from switch.server.perso.demo.layout import ISSUER, OUTSIDE, Layout

KEYS, PINS, CARD_VALUES, PANS = "keys", "PINs", "CVVs", "PANs"
KINDS = (KEYS, PINS, CARD_VALUES, PANS)
CARDS_MAX = 1_000
"""So many of an order's cards are looked for: what leaks one leaks others."""
HALF_BYTES = 8
PVK_INDEX = 1
"""Of the demonstration's profile."""


@dataclass(frozen=True)
class Sight:
    """What was found in a part's files: how many, how large, and how many secrets of each kind can be read in them."""

    part: str
    files: int
    size_bytes: int
    found: Mapping[str, int]

    @property
    def outside(self) -> bool:
        """Is this no part of the bureau?"""
        return self.part in OUTSIDE


def secrets_of(layout: Layout, wish: Wish) -> Wanted:
    """Every secret of the order that is known outside of HSMs: the issuer's, the makers', the zone master key."""
    own = bytes.fromhex((layout.folder / "issuer" / "secret").read_text())
    issued = IssuerKeys.drawn(own, ISSUER, "01")
    found: dict[str, list[bytes]] = defaultdict(list)
    keys = [
        *issued.clear.values(),
        *(card_key(own, ISSUER, role) for role in CARD_KEYS),
        own,
        bytes.fromhex(layout.zmk()),
    ]
    keys += [bytes.fromhex(each.read_text()) for each in (layout.folder / "machine").glob("*.k*")]
    under = DES3.new(issued.clear[Content.PINS], DES3.MODE_ECB)
    order = layout.folder / "issuer" / f"{ISSUER}-{wish.order}.order"
    with order.open("rb") as source:
        cards = zip(OrderReader(source, order.name), cardholders(wish), strict=False)
        for card, holder in islice(cards, 0, None, -(-wish.cards // CARDS_MAX)):
            block = under.decrypt(card.values[Attribute.PIN])
            pin = _pin(block, holder)
            keys += master_keys(own, ISSUER, holder)
            found[PANS].append(bytes.fromhex(holder.pan))
            # Format 0, and format 2, as it goes to a card.
            found[PINS] += [block, bytes.fromhex(f"2{len(pin)}{pin}".ljust(16, "F"))]
            found[CARD_VALUES] += _card_values(own, holder, pin)
    found[KEYS] = [key[at : at + HALF_BYTES] for key in keys for at in range(0, len(key), HALF_BYTES)]
    return Wanted(found)


def seen(layout: Layout, wanted: Wanted) -> Iterator[Sight]:
    """For each folder of the demonstration, and for what lies beside them, what can be read there."""
    folders = sorted(each for each in layout.folder.iterdir() if each.is_dir())
    for part, inside in (*((each.name, each.rglob("*")) for each in folders), ("beside", layout.folder.glob("*"))):
        paths = [path for path in inside if path.is_file()]
        found: dict[str, set[bytes]] = {kind: set() for kind in KINDS}
        for path in paths:
            with path.open("rb") as source:
                for kind, each in wanted.found_in(source).items():
                    found[kind] |= each
        size_bytes = sum(path.stat().st_size for path in paths)
        yield Sight(part, len(paths), size_bytes, {kind: len(each) for kind, each in found.items()})


def _pin(block: bytes, holder: Cardholder) -> str:
    """The PIN in a clear block of format 0."""
    account = bytes.fromhex(holder.account.rjust(16, "0"))
    text = bytes(a ^ b for a, b in zip(block, account, strict=True)).hex()
    return text[2 : 2 + int(text[1])]


def _card_values(own: bytes, holder: Cardholder, pin: str) -> list[bytes]:
    """What is beside the PAN on track 2, in the chip, and on track 1, and it all in a row, as the issuer reckons it.

    One value alone is 3 digits, which are anywhere; with its PAN it is found by that.
    """
    key, expiry = card_key(own, ISSUER, "cvk"), holder.expiry
    of_pin = pvv(card_key(own, ISSUER, "pvv-key"), holder.account, PVK_INDEX, pin)
    stripe = cvv(key, holder.pan, expiry, holder.service_code)
    chip = cvv(key, holder.pan, expiry, ICVV_SERVICE_CODE)
    panel = cvv(key, holder.pan, expiry[2:] + expiry[:2], CVV2_SERVICE_CODE)
    dated = f"{expiry}{holder.service_code}{PVK_INDEX}{of_pin}"
    beside = [f"{dated}{stripe}", f"{dated}{chip}", f"{dated}00{stripe}"]
    in_a_row = f"{stripe}{panel}{chip}{of_pin}"
    return [*(bytes.fromhex(text[-14:]) for text in beside), bytes.fromhex(in_a_row[:12])]
