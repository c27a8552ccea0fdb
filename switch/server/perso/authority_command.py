"""``switch perso authority``: a test certification authority, in place of a payment scheme's.

It stands outside the bureau: its private key lies in its own folder.
"""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path

import click
from Crypto.PublicKey import RSA

from switch.perso.authority import CertificateError, PublicKey, Subject, TestAuthority
from switch.perso.cardkeys import KeyFileError, certificate_text
from switch.perso.whole import whole, write_text
from switch.server.perso.cardink_command import read_authority
from switch.server.perso.running import told_in_a_line

KEY, PUBLIC = "authority.pem", "authority.json"
_folder = click.option("--folder", required=True, type=click.Path(file_okay=False, path_type=Path))


@click.group("authority", short_help="A test certification authority for issuers' keys.")
def command() -> None:
    """Found a test authority, and have it certify issuers' keys."""


@command.command("found")
@_folder
@click.option("--index", default="92", show_default=True, help="what terminals know the key by: 2 hexadecimal digits")
@click.option("--bits", type=click.IntRange(1024, 1984), default=1408, show_default=True)
def found(folder: Path, index: str, bits: int) -> None:
    """Make the authority's key; one that is there stays."""
    with told_in_a_line(KeyFileError):
        if not re.fullmatch("[0-9A-F]{2}", index):
            raise KeyFileError("an index is 2 hexadecimal digits")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / KEY
        if not path.exists():
            with whole(path) as file:
                file.write(RSA.generate(bits, randfunc=secrets.token_bytes, e=3).export_key())
        key = RSA.import_key(path.read_bytes())
        public = TestAuthority(key, int(index, 16)).public
        told = {"index": int(index, 16), "modulus": public.modulus.hex(), "exponent": public.exponent}
        text = json.dumps(told) + "\n"
        there = folder / PUBLIC
        if key.size_in_bits() != bits or (there.exists() and there.read_text() != text):
            raise KeyFileError(f"{folder}: another authority is founded there")
        write_text(there, text)


@command.command("certify")
@click.argument("issuer", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_folder
@click.option("--identifier", required=True, help="the first 3 to 8 digits of the issuer's PANs")
@click.option("--expiry", required=True, help="MMYY")
@click.option("--serial", type=click.IntRange(1, 0xFFFFFF), default=1, show_default=True)
@click.option("--out", required=True, type=click.Path(path_type=Path))
def certify(issuer: Path, folder: Path, identifier: str, expiry: str, serial: int, out: Path) -> None:
    """Certify the public key in the file ISSUER."""
    with told_in_a_line(KeyFileError, CertificateError):
        if not re.fullmatch("[0-9]{3,8}", identifier) or not re.fullmatch("(0[1-9]|1[0-2])[0-9]{2}", expiry):
            raise KeyFileError("an identifier is 3 to 8 digits, an expiry MMYY")
        index = int(json.loads((folder / PUBLIC).read_text())["index"])
        authority = TestAuthority(RSA.import_key((folder / KEY).read_bytes()), index)
        subject = Subject(identifier, expiry, serial.to_bytes(3, "big"))
        key: PublicKey = read_authority(issuer)
        write_text(out, json.dumps(certificate_text(authority.certify(key, subject))) + "\n")
