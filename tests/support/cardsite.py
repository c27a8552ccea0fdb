"""CardInk and production as processes beside a ``Site``: their configurations and keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from psec import des
from support.cardroom import CLEAR, PROFILE, TYPES
from support.perso import ZMK
from support.persosite import HSM_OPTIONS, OFFICERS, Site

OPTIONS = (
    *HSM_OPTIONS, "--set", "issuer-signing-extension=yes", "--set", "translate-to-card-keys=yes",
    "--set", "pin-mailing=yes",
)  # fmt: skip
DIGITS = "970499"
ISSUER_ROLES = ("cvk", "pvv-key", "imk-ac", "imk-smi", "imk-smc")
BOX_KEY = bytes(range(32))


@dataclass
class CardSite:
    """CardInk at the HSM of the *site*, production at the HSM at *hall_port*."""

    site: Site
    hall_port: int

    def __post_init__(self) -> None:
        folder = self.site.folder
        hsm = '[[hsm]]\naddress = "127.0.0.1:{}"\n'
        self.ink = folder / "cardink.toml"
        self.ink.write_text(
            f'folder = "{folder / "cardink"}"\nbooks = "{folder / "pmp" / "books.db"}"\n{hsm.format(self.site.hsm_port)}'
        )
        self.hall = folder / "hall.toml"
        machine = {"kmc": "maker.kmc", "ktm": "encoder.ktm", "box": "cards.box", "box-key": "box.key"}
        told = "".join(f'{name} = "{folder / file}"\n' for name, file in machine.items())
        self.hall.write_text(
            f'folder = "{folder / "hall"}"\n{hsm.format(self.hall_port)}[machine]\nkmc-id = "476173000000"\n{told}'
        )
        for name, key in (("maker.kmc", CLEAR["kmc"]), ("encoder.ktm", CLEAR["ktm"]), ("box.key", BOX_KEY.hex())):
            (folder / name).write_text(key + "\n")
        self.profile = folder / "vsdc.toml"
        self.profile.write_text(PROFILE + 'signing = "RSA"\n')

    def cardink(self, *words: str | Path) -> str:
        return self.site.say("cardink", "--config", self.ink, *words)

    def produce(self, *words: str | Path) -> str:
        return self.site.say("produce", "--config", self.hall, *words)

    def sent(self, name: str, roles: tuple[str, ...]) -> Path:
        """Keys of others under the zone master key, by psec."""
        keys = []
        for role in roles:
            clear = bytes.fromhex(CLEAR[role])
            value = des.encrypt_tdes_ecb(clear[:16], bytes(8))[:3].hex().upper()
            cryptogram = des.encrypt_tdes_ecb(ZMK, clear).hex().upper()
            key = {"name": named(role), "type": TYPES[role], "kcv": value, "cryptogram": cryptogram}
            keys.append(key)
        path = self.site.folder / name
        path.write_text(json.dumps({"zmk-kcv": des.encrypt_tdes_ecb(ZMK, bytes(8))[:3].hex().upper(), "keys": keys}))
        return path

    def ready(self) -> list[str | Path]:
        """Officers, keys, certificate, profile; what the checklist and prepare are told besides."""
        site, two = self.site, self.site.officers()
        for name in OFFICERS:
            for part in (self.cardink, self.produce):
                part("officer", f"{name}:{site.folder / name}")
        self.cardink("receive-keys", self.sent("issuer-card.json", ISSUER_ROLES), *two)
        shared = site.folder / "shared.json"
        self.cardink("new-keys", "KTK=ktk", "PTK=ptk", "MTK=mtk", "DATA=data", "PIN=pin", "--out", shared, *two)
        self.produce("receive-keys", shared, *two)
        self.produce("receive-keys", self.sent("makers.json", ("kmc", "ktm")), *two)
        public, certificate, ca = (site.folder / name for name in ("rsa.json", "rsa.cert", "ca"))
        self.cardink("issuer-key", "RSA", "--out", public, *two)
        self.cardink("profile", self.profile)
        site.say("authority", "found", "--folder", ca)
        certified = ("--identifier", DIGITS, "--expiry", "1240", "--out", certificate)
        site.say("authority", "certify", public, "--folder", ca, *certified)
        return ["--authority", ca / "authority.json", "--issuer-digits", DIGITS]

    def certify(self) -> None:
        self.cardink("certificate", "RSA", self.site.folder / "rsa.cert")


def named(role: str) -> str:
    """What the profile calls the key of *role*."""
    names = {"pvv-key": "ISSUER-PVV", "imk-ac": "ISSUER-AC", "imk-smi": "ISSUER-SMI", "imk-smc": "ISSUER-SMC"}
    return names.get(role, {"cvk": "ISSUER-CVK"}.get(role, role.upper()))
