"""What was agreed with whoever is at the other end of a link.

[[link]]
name = "alpha"                 # and the rest of the link, see above

[link.partner]
institution = "970405"         # its id as in DE 32 and 100, at most 11 digits
channel = ""                   # what all its requests come from, as "atm"; "": known by their codes
pins = "zone"                  # PIN blocks lie under the link's ZPK; "terminal": the terminal's TPK; "passed": not ours
left-out = [48, 60]            # elements that never go to it
relays-to = ""                 # the link to which network management that names a terminal goes on
unknown-reversal = "25"        # DE 39 for a reversal of what was never seen
unproved = "wait"              # for its reversal, when the connection ends right behind an approval; or "reverse" it

[link.partner.mac]             # a MAC in DE 64 or 128, ANSI X9.19; without this table there is none
elements = [0, 2, 3, 4, 11]    # made over these in this order, 0 being the MTI; left out: the whole message
bytes = 8                      # or 4

[link.forwarding]              # how what is owed to the partner goes out until it is acknowledged
window = 1                     # originals that may be unanswered at once
pause = 5                      # seconds after an attempt that settled nothing, doubling up to
pause-max = 300
drain-first = true             # after the link has opened, traffic waits until all that is owed was answered once
held-rows-max = 256            # rows in memory
depth-alarm = 1000             # operators are told from so many messages on,
age-alarm = 600                # or when the oldest is owed for so many seconds
"""

from __future__ import annotations

from switch.codec.spec import Spec
from switch.flow.partner import MacRule, Partner, PinsUnder, Unproved
from switch.link.lines import Section

MAC_FIELDS = (64, 128)
MAC_BYTES = (4, 8)


def read_partner(section: Section, link: str, spec: Spec) -> Partner:
    """The table ``[link.partner]`` of *link*, whose dialect is *spec*.

    Whether the catalogue has the channel, and ``relays-to`` is a link, is for the caller to see.  Raises ConfigError.
    """
    usual = Partner(link)
    partner = Partner(
        link,
        institution=section.matching("institution", "", "[0-9]{0,11}", "at most 11 digits"),
        channel=section.text("channel", ""),
        pins=PinsUnder(section.choice("pins", usual.pins.value, [each.value for each in PinsUnder])),
        mac=_mac(section.section("mac"), spec) if section.has("mac") else None,
        left_out=frozenset(_elements(section, "left-out", spec, least=2)),
        relays_to=section.text("relays-to", ""),
        unknown_reversal=section.matching("unknown-reversal", usual.unknown_reversal, "[0-9]{2}", "two digits"),
        unproved=Unproved(section.choice("unproved", usual.unproved.value, [each.value for each in Unproved])),
    )
    section.end()
    return partner


def _mac(section: Section, spec: Spec) -> MacRule:
    elements = _elements(section, "elements", spec, least=0)
    if set(elements) & set(MAC_FIELDS):
        raise section.wrong("elements", "elements other than 64 and 128, where the MAC itself stands")
    bytes_count = section.number("bytes", 8, min(MAC_BYTES), max(MAC_BYTES))
    if bytes_count not in MAC_BYTES:
        raise section.wrong("bytes", "4 or 8")
    section.end()
    return MacRule(elements, bytes_count)


def _elements(section: Section, key: str, spec: Spec, least: int) -> tuple[int, ...]:
    listed = section.listed(key, ())
    numbers = tuple(each for each in listed if isinstance(each, int) and (each in spec.elements or each == 0 >= least))
    if len(numbers) != len(listed) or len(set(numbers)) != len(numbers):
        raise section.wrong(key, f"numbers of elements of {spec.name}, each once")
    return numbers
