"""A folder for each part of the demonstration, and what each part is configured with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from switch.perso.cardkeys import write_transport
from switch.perso.issuing import KEY_BYTES, SECRET_BYTES, check_value, random_key, transported
from switch.perso.whole import write_text
from switch.server.perso.demo.certificates import AUTHORITY, write_certificates
from switch.server.perso.running import utc_now

ISSUER, PREFIX = "970499", "970499"
TLS_NAMES = {
    "files": ("issuer", "receiving", "hosting", "pmp"),
    "bureau": ("hsm", "pmp", "cardink"),
    "production": ("hsm", "production"),
}
"""Who shows certificates to whom: one authority for lines that files go over, and one for the lines to each HSM."""
OUTSIDE = ("issuer", "machine")
"""What is no part of the bureau: the issuer, and simulated chips, encoder and box, which are hardware otherwise."""
FOLDERS = (
    *OUTSIDE,
    "tls",
    "receiving",
    "hosting",
    "pmp",
    "cardink",
    "authority",
    "production",
    "hsm",
    "traffic",
    "logs",
)
OFFICERS = ("anna", "bert")
KMC_ID = "476173000000"
MAKERS = {"kmc": "maker.kmc", "ktm": "encoder.ktm"}
"""The keys of the cards' maker and of the stripe encoder's, by role, and the files they are simulated with."""
HEX_FILES = {
    "issuer/secret": SECRET_BYTES,
    **{f"machine/{name}": KEY_BYTES for name in MAKERS.values()},
    "machine/box.key": 32,
}
"""Secrets of those who stand outside the bureau: the issuer, those makers, and whoever empties the box of cards."""


@dataclass(frozen=True)
class Layout:
    """The demonstration's *folder*."""

    folder: Path

    def found(self) -> None:
        """Make what all begins with, once: folders, certificates, secrets of outsiders, officers' passphrases."""
        for name in FOLDERS:
            (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for line, names in TLS_NAMES.items():
            if not (self.folder / "tls" / line / AUTHORITY).exists():
                write_certificates(self.folder / "tls" / line, names, utc_now())
        for name, size in HEX_FILES.items():
            self._secret(name, (random_key() if size == KEY_BYTES else secrets.token_bytes(size)).hex().upper())
        self._secret("issuer/zmk", random_key().hex().upper())
        for name in OFFICERS:
            self._secret(f"hsm/{name}", secrets.token_urlsafe(16))
        for name in ("product", "profile"):
            text = (resources.files("switch.server.perso.demo") / "files" / f"{name}.toml").read_text()
            write_text(self.folder / "pmp" / f"{name}.toml", text)
        self._makers_keys()

    @property
    def log(self) -> Path:
        """What all commands said."""
        return self.folder / "logs" / "commands.log"

    def zmk(self) -> str:
        """The zone master key, which in a real bureau custodians bring to the consoles in components."""
        return (self.folder / "issuer" / "zmk").read_text().strip()

    def officers(self) -> tuple[str, ...]:
        """Two officers, at a command line."""
        return tuple(word for name in OFFICERS for word in ("--officer", f"{name}:{self.folder / 'hsm' / name}"))

    def xof(self, order: str) -> Path:
        """The order's XOF file."""
        return self.folder / "pmp" / "state" / "xof" / f"{ISSUER}-{order}.xof"

    # --- configurations -------------------------------------------------------------------------------------------
    def receiving(self) -> Path:
        issuers = f'[issuers]\n{ISSUER} = "issuer.example"\n'
        return self._server("receiving", "hosting.example", issuers)

    def hosting(self, port: int) -> Path:
        return self._server("hosting", "pmp.example", self._source(port, "receiving"))

    def pushing(self, port: int) -> Path:
        return self._write("issuer/push.toml", self._tls("issuer") + self._source(port, "receiving"))

    def pmp(self, port: int, hsm_port: int) -> Path:
        head = f'folder = "{self.folder / "pmp" / "state"}"\nkir = 1\n'
        return self._write(
            "pmp/pmp.toml",
            head + self._tls("pmp") + self._source(port, "hosting") + self._hsm(hsm_port, "bureau", "pmp"),
        )

    def cardink(self, hsm_port: int) -> Path:
        books = self.folder / "pmp" / "state" / "books.db"
        head = f'folder = "{self.folder / "cardink" / "state"}"\nbooks = "{books}"\nkir = 1\nkis = 1\n'
        return self._write("cardink/cardink.toml", head + self._hsm(hsm_port, "bureau", "cardink"))

    def production(self, hsm_port: int) -> Path:
        own, hardware = self.folder / "production", self.folder / "machine"
        files = {**MAKERS, "box": "cards.box", "box-key": "box.key"}
        told = "".join(f'{name} = "{hardware / file}"\n' for name, file in files.items())
        machine = f'[machine]\nkmc-id = "{KMC_ID}"\n{told}'
        head = f'folder = "{own / "state"}"\nkir = 1\n'
        line = self._hsm(hsm_port, "production", "production")
        return self._write("production/production.toml", head + line + machine)

    def appliance(self, line: str) -> Path:
        """An HSM with one port alone: Eracom, over TLS, for whom the authority of that *line* knows."""
        own = self.folder / "tls" / line
        files = f'tls-cert = "{own / "hsm.pem"}"\ntls-key = "{own / "hsm.key"}"\ntls-client-ca = "{own / AUTHORITY}"\n'
        return self._write(f"hsm/{line}.toml", f'[[host]]\nname = "eracom"\ndialect = "eracom"\nport = 0\n{files}')

    # --- inside ---------------------------------------------------------------------------------------------------
    def _server(self, name: str, taker: str, more: str) -> Path:
        own = self.folder / name
        head = f'address = "127.0.0.1:0"\nfolder = "{own / "files"}"\naudit = "{own / name}.audit"\n'
        return self._write(f"{name}/{name}.toml", f'{head}takers = ["{taker}"]\n{self._tls(name)}{more}')

    def _tls(self, name: str, line: str = "files") -> str:
        own = self.folder / "tls" / line
        return f'[tls]\ncertificate = "{own / name}.pem"\nkey = "{own / name}.key"\nauthority = "{own / AUTHORITY}"\n'

    def _hsm(self, port: int, line: str, name: str) -> str:
        return f'[[hsm]]\naddress = "127.0.0.1:{port}"\n[hsm.{self._tls(name, line)[1:]}peer-name = "hsm.example"\n'

    def _source(self, port: int, name: str) -> str:
        return f'[source]\naddress = "127.0.0.1:{port}"\npeer-name = "{name}.example"\nevery-seconds = 1\n'

    def _makers_keys(self) -> None:
        """The makers' keys, as they go to production under the zone master key."""
        own, zmk = self.folder / "machine", bytes.fromhex(self.zmk())
        keys = {role: bytes.fromhex((own / name).read_text()) for role, name in MAKERS.items()}
        sent = [transported(f"MAKER-{role.upper()}", role, key, zmk) for role, key in keys.items()]
        write_transport(self.folder / "production" / "maker-keys.json", check_value(zmk), sent)

    def _secret(self, name: str, text: str) -> None:
        path = self.folder / name
        if not path.exists():
            write_text(path, f"{text}\n")

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        write_text(path, text)
        return path
