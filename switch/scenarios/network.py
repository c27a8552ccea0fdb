"""The configurations of the three hosts and of the terminals, as ``switch serve`` and ``switch simulate`` read them.

All keys are made for this: the ZMK, the TMK and the PVK lie under the published test LMK (Thales), and the PINs of both
cards, 1234, are verified by PVVs of that PVK.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switch.scenarios.scenario import ATM, POS, TERMINALS, A, B, I

ZMK = "UD454A4B9ACF8045D899FD19A677BA6E8"
TMK = "UC221FE9F73B555498EE0E2CDF365B3EE"
TMK_COMPONENTS = "E30E07D6C4B0F2C88FA298571C64E629 E4993011351B33EDF0565ABD42A9B8AA 7F6080"
PVK = "UF5116BB9177A3EC779F7449686BAF7EE"
PAN_KEY = "000102030405060708090A0B0C0D0E0F"
MEMBERS_CARD, OWN_CARD, PIN = "9704110000000015", "9704050000000013", "1234"
PVVS = {MEMBERS_CARD: "8877", OWN_CARD: "7766"}
OPENED_WITH = 3_000_000
"""What each customer has at the start, minor units."""
TERMINAL_IDS = {ATM: "ATM00001", POS: "POS00001"}
PARTNERS = {(A, ATM): "atms", (A, POS): "shops", (A, B): "centre", (B, A): "bank-a", (B, I): "bank-i", (I, B): "centre"}
"""By which link a host reaches whom."""
INSTITUTIONS = {A: "970405", B: "970400", I: "970411"}
ANSWER_SECONDS, REVERSAL_SECONDS = 12.0, 5.0
"""T0 of the terminals, and after how long they repeat a reversal."""
WAITS = {(A, ATM): (8, 11, 16), (A, POS): (8, 11, 16), (A, B): (8, 12, 16), (I, B): (2, 4, 8)}
"""T2, T1 and T0 of links that don't have the usual ones."""
USUAL_WAITS = (4, 8, 12)
HSM_SECONDS = 3.5
"""For how long an HSM's answer is waited for; as all of these, longer than two seconds in which a machine stands still."""


@dataclass(frozen=True)
class Places:
    """Where everybody is: ports by host and partner, of HSMs by host; *scale*: how long a second is."""

    ports: Mapping[tuple[str, str], int]
    hsms: Mapping[str, int]
    scale: float = 1.0


_HEAD = """[switch]
name = "{name}"
institution = "{institution}"
bins = "bins.csv"
state-dir = "state"
[console]
address = "127.0.0.1:0"
[log]
file = "switch.log"
[hsm]
timeout = {hsm_timeout}
[[hsm.site]]
name = "hsm"
address = "127.0.0.1:{hsm}"
"""
_LINK = """[[link]]
name = "{name}"
spec = "napas"
role = "{role}"
address = "127.0.0.1:{port}"
sign-on = "{sign_on}"
[link.seconds]
t0 = {t0}
t1 = {t1}
t2 = {t2}
pause = {pause}
pause-max = {pause_max}
sign-answer = {t1}
sign-rest = {pause_max}
[link.forwarding]
pause = {pause}
pause-max = {t1}
{keys}[link.partner]
"""
_ZONE = """[link.keys]
role = "{role}"
form = "tagged"
zmk = "{zmk}"
lines = ["zpk both", "zak both"]
"""
_TERMINAL = """[[terminal]]
id = "{id}"
tmk = "{tmk}"
renewal = "sign-on"
link = "{link}"
"""
_ISSUER = f"""[issuer]
currency = "704"
accounts = "accounts.csv"
cards = "cards.csv"
pan-key = "pan.key"
pvk = "{PVK}"
"""
_BINS = {
    A: "970405,own,on-us,issuer,napas,970405\n970411,member,member,centre,napas,970411\n",
    B: "970411,member,member,bank-i,napas,970411\n970405,member,member,bank-a,napas,970405\n",
    I: "970411,own,on-us,issuer,napas,970411\n",
}
_CARDS = {A: OWN_CARD, I: MEMBERS_CARD}


def host_text(host: str, places: Places, settings: Mapping[str, str]) -> str:
    """The configuration of *host*; *settings* as in :class:`switch.scenarios.scenario.Scenario`."""
    text = _HEAD.format(
        name=host,
        institution=INSTITUTIONS[host],
        hsm=places.hsms.get(host, 1),
        hsm_timeout=round(HSM_SECONDS * places.scale, 3),
    )
    for (mine, other), name in PARTNERS.items():
        if mine == host:
            text += _link(host, other, name, places) + settings.get(f"{host}-{other}", "").strip() + "\n"
            if other not in TERMINALS:
                text += "[link.partner.mac]\n"
    if host in _CARDS:
        text += _ISSUER
    if host == A:
        text += "".join(_TERMINAL.format(id=TERMINAL_IDS[t], tmk=TMK, link=PARTNERS[A, t]) for t in TERMINALS)
    return text


def _link(host: str, other: str, name: str, places: Places) -> str:
    calls = (host, other) in ((A, B), (I, B))
    t2, t1, t0 = (round(each * places.scale, 3) for each in WAITS.get((host, other), USUAL_WAITS))
    text = _LINK.format(
        name=name,
        role="client" if calls else "server",
        port=places.ports.get((host, other), 1 if calls else 0),
        sign_on="none" if other in TERMINALS else "either",
        keys="" if other in TERMINALS else _ZONE.format(role="switch" if host == B else "member", zmk=ZMK),
        t0=t0, t1=t1, t2=t2, pause=round(places.scale, 3), pause_max=round(4 * places.scale, 3),
    )  # fmt: skip
    if other in TERMINALS:
        return text + f'channel = "{other.lower()}"\npins = "terminal"\n'
    return text + f'institution = "{INSTITUTIONS[other]}"\n'


def host_files(host: str) -> Mapping[str, str]:
    """The files that the configuration of *host* names, by name."""
    found = {"bins.csv": "prefix,name,kind,link,dialect,institution\n" + _BINS[host]}
    card = _CARDS.get(host)
    if card is not None:
        found["accounts.csv"] = f"account,kind,opening\ncustomer,current,{OPENED_WITH}\n"
        columns = "pan,expires,service_code,account,pin_check\n"
        found["cards.csv"] = f"{columns}{card},3012,501,customer,{PVVS[card]}\n"
        found["pan.key"] = PAN_KEY + "\n"
    return found


def terminals_text(who: str, port: int, scale: float = 1.0) -> str:
    """The configuration of the terminal *who*, whose host takes its calls at *port*."""
    id, channel, link = TERMINAL_IDS[who], who.lower(), PARTNERS[A, who]
    more = 'cassettes = ["100000x100"]\n' if who == ATM else 'category = "5411"\n'
    pause = f"pause = {round(scale, 3)}\npause-max = {round(4 * scale, 3)}\n"
    return (
        f'[simulate]\ncards = "cards.csv"\nkeys = "terminals.keys"\nanswer-seconds = {ANSWER_SECONDS * scale}\n'
        f"reversal-seconds = {REVERSAL_SECONDS * scale}\n"
        f'[[link]]\nname = "{link}"\nspec = "napas"\nrole = "client"\naddress = "127.0.0.1:{port}"\n'
        f'sign-on = "none"\n[link.seconds]\n{pause}'
        f'[[terminal]]\nid = "{id}"\nlink = "{link}"\nchannel = "{channel}"\nmerchant = "MERCHANT0000001"\n{more}'
    )


def terminals_files() -> Mapping[str, str]:
    """The files that the configurations of terminals name, by name; for the eyes of their owner alone."""
    columns = "name,pan,expiry,service_code,discretionary,chip\n"
    rows = f"member,{MEMBERS_CARD},3012,501,10000,\nown,{OWN_CARD},3012,501,10000,\n"
    keys = "".join(f"{id} {TMK_COMPONENTS}\n" for id in TERMINAL_IDS.values())
    return {"cards.csv": columns + rows, "terminals.keys": keys}
