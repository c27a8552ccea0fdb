"""Every published vector, on both engines.

A result that a vector expects and no check computes fails the test, unless ``NOT_COVERED`` says why it is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import support.vectors_emv  # noqa: F401  # its checks
from support.vectors import CHECKS, Asked, Results, checks, fill

from hsm.crypto import blockcipher, blockprotector, card, ff1, mac, parity, pin, pinblock
from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.pinblock import PinBlockFormat

FOLDER = Path(__file__).parents[3] / "protocol-spec" / "crypto" / "vectors"

NOT_COVERED: dict[tuple[str, str], str] = {}
"""(vector, expected name) → the reason why it is not computed here."""

UNADJUSTED = {
    ("emv.mkA.sk_common.ac", "mk_raw"),
    ("emv.sm.sk_mastercard", "sk_smi"),
    ("emv.sm.sk_mastercard", "sk_smc"),
}
"""(algorithm, expected name) of keys published as they come out of triple DES; ours are given odd parity."""


def _vectors() -> dict[str, Asked]:
    return {
        entry["id"]: Asked(entry["algorithm"], entry["params"], entry["expect"])
        for path in sorted(FOLDER.glob("*.json"))
        for entry in json.loads(path.read_text("utf-8"))
    }


VECTORS = _vectors()


@pytest.mark.parametrize("identifier", VECTORS)
def test_vector(engine: blockcipher.Engine, identifier: str) -> None:
    asked = VECTORS[identifier]
    results = CHECKS[asked.algorithm](asked)
    for name, value in asked.expected.items():
        if (identifier, name) in NOT_COVERED:
            continue
        got = results[name]
        if (asked.algorithm, name) in UNADJUSTED:
            value = parity.with_odd(bytes.fromhex(value)).hex()
        text = got.hex() if isinstance(got, bytes) else got
        assert text.upper() == value.upper(), name


def test_exceptions_exist() -> None:
    known = {(identifier, name) for identifier, asked in VECTORS.items() for name in asked.expected}
    assert set(NOT_COVERED) <= known


@checks("ff1")
def _ff1(asked: Asked) -> Results:
    ciphertext = ff1.encrypt(asked.aes(), asked.text("plaintext"), asked.octets("tweak"))
    assert ff1.decrypt(asked.aes(), ciphertext, asked.octets("tweak")) == asked.text("plaintext")
    return {"ciphertext": ciphertext}


# PIN blocks


def _account(pan: str) -> str:
    return pan[-13:-1]


@checks("pinblock.iso0", "pinblock.iso2", "pinblock.thales03", "pinblock.thales04", "pinblock.thales35")
def _fixed_block(asked: Asked) -> Results:
    fmt = PinBlockFormat(asked.text("thales_format") or asked.algorithm[-2:])
    pan = asked.text("pan")
    account = pan[:12] if fmt is PinBlockFormat.PLUS else _account(pan)
    block = pinblock.encode(fmt, asked.text("pin"), account, bytes)
    assert pinblock.decode(fmt, block, account) == asked.text("pin")
    return {"block": block}


@checks("pinblock.iso1.encode", "pinblock.iso3.encode", "pinblock.thales02")
def _randomfill(asked: Asked) -> Results:
    # The random bytes that make the vector's fill: as they are, the sixth letter F, the digit 7.
    fmt, drawn = {
        "pinblock.iso1.encode": (PinBlockFormat.ISO_1, bytes.fromhex(asked.text("fill")[:9] + "0")),
        "pinblock.iso3.encode": (PinBlockFormat.ISO_3, b"\x05"),
        "pinblock.thales02": (PinBlockFormat.DOCUTEL, b"\x07"),
    }[asked.algorithm]
    return {"block": pinblock.encode(fmt, asked.text("pin"), _account(asked.text("pan")), fill(drawn))}


@checks("pinblock.iso3.decode", "pinblock.iso4.panfield")
def _reading(asked: Asked) -> Results:
    if asked.algorithm == "pinblock.iso4.panfield":
        return {"pan_field": pinblock.pan_field_iso4(asked.text("pan"))}
    return {"pin": pinblock.decode(PinBlockFormat.ISO_3, asked.octets("block"), _account(asked.text("pan")))}


@checks("pinblock.iso4")
def _iso4(asked: Asked) -> Results:
    cipher, pan = asked.aes(), asked.text("pan")
    if "encrypted" in asked:
        return {"pin": pinblock.decipher_iso4(cipher, asked.octets("encrypted"), pan)}
    given = asked.octets("pin_field_random")
    block = pinblock.encipher_iso4(cipher, asked.text("pin"), pan, fill(given))
    second = cipher.decrypt(block)
    first = parity.xor(second, bytes.fromhex(pinblock.pan_field_iso4(pan)))
    return {
        "encrypted": block,
        "pin": pinblock.decipher_iso4(cipher, block, pan),
        "intermediate_a": first,
        "intermediate_b": second,
    }


@checks("pinblock.translate")
def _translate(asked: Asked) -> Results:
    account = asked.text("account12")
    source, destination = (PinBlockFormat(asked.text(f"{side}_format")) for side in ("source", "destination"))
    clear = pinblock.read(source, asked.des("source_key"), asked.octets("source_block"), account)
    return {"destination_block": pinblock.write(destination, asked.des("destination_key"), clear, account, bytes)}


# PINs and cards


@checks("pin.ibm3624")
def _ibm(asked: Asked) -> Results:
    given = asked.des("pvk"), asked.text("validation_data"), asked.text("table")
    return {
        "natural_pin": pin.natural_pin(*given)[: asked.number("check_length")],
        "offset": pin.ibm_offset(*given, asked.expected["pin"]),
        "pin": pin.ibm_pin(*given, asked.expected["offset"]),
    }


@checks("pin.visa_pvv")
def _pvv(asked: Asked) -> Results:
    parameter = pin.transformed_security_parameter(asked.text("pan")[:-1], asked.text("pvki"), asked.text("pin"))
    return {"pvv": pin.visa_pvv(asked.des("pvk"), parameter)}


@checks("card.cvv", "card.cvv2", "card.icvv")
def _cvv(asked: Asked) -> Results:
    return {"value": card.cvv(asked.des("cvk"), asked.text("pan"), asked.text("expiry"), asked.text("service_code"))}


@checks("card.amex_csc_v1")
def _csc(asked: Asked) -> Results:
    codes = card.amex_csc(asked.des("csck"), asked.text("pan"), asked.text("expiry"))
    return {"csc5": codes.five, "csc4": codes.four, "csc3": codes.three}


# MACs and check values


@checks(*(f"mac.{name}" for name in ("iso9797-1.alg1.des", "iso9797-1.alg1.tdes", "x9.9")))
@checks("mac.iso9797-1.alg3", "mac.iso9797-1.alg3.tdes-chain")
def _mac(asked: Asked) -> Results:
    padded = mac.pad(asked.octets("data"), mac.Padding(asked.number("padding")))
    # Two double-length keys with equal halves are a pair of single-length ones.
    key = asked.octets("key") or asked.octets("key1")[:8] + asked.octets("key2")[:8]
    algorithm = mac.algorithm_3 if ".alg3" in asked.algorithm else mac.algorithm_1
    return {"mac": algorithm(blockcipher.cipher(key), padded)[: asked.number("mac_len", 8)]}


@checks("mac.cmac.aes", "mac.cmac.tdes")
def _cmac(asked: Asked) -> Results:
    cipher = asked.aes() if asked.algorithm.endswith("aes") else asked.des()
    return {"mac": mac.cmac(cipher, asked.octets("data"))[: asked.number("mac_len", 16)]}


@checks("mac.hmac")
def _hmac(asked: Asked) -> Results:
    return {"mac": mac.hmac(asked.octets("key"), asked.octets("data"), mac.HmacHash(asked.text("hash")))}


@checks("kcv.des", "kcv.aes-cmac-zero", "kcv.aes-ecb-zero", "kcv.aes-ecb-01", "kcv.aes-cmac-empty")
def _check_value(asked: Asked) -> Results:
    values: dict[str, Callable[[], bytes]] = {
        "des": lambda: parity.check_value(asked.des()),
        "aes-cmac-zero": lambda: parity.check_value(asked.aes()),
        "aes-ecb-zero": lambda: asked.aes().encrypt(bytes(16)),
        "aes-ecb-01": lambda: asked.aes().encrypt(b"\x01" * 16),
        "aes-cmac-empty": lambda: mac.cmac(asked.aes(), b""),
    }
    return {"kcv": values[asked.text("method")]()[: len(asked.expected["kcv"]) // 2]}


# Key blocks


@checks(*(f"keyblock.tr31.{version}" for version in "ABCDE"), "keyblock.thales.0", "keyblock.thales.1")
def _key_block(asked: Asked) -> Results:
    kbpk = asked.octets("kbpk") or asked.octets("lmk")
    header, key = blockprotector.unwrap(kbpk, asked.text("key_block").removeprefix("S"))
    algorithm = Algorithm.AES if header.algorithm == "A" else Algorithm.TDES
    kcv = parity.check_value(blockcipher.cipher(key, algorithm)).hex()
    return {"key": key, "kcv": kcv[: len(asked.expected.get("kcv", ""))]}


@checks("keyblock.tr31.kbpk_derivation", "keyblock.thales.kbpk_derivation")
def _block_keys(asked: Asked) -> Results:
    derive = blockprotector.VERSIONS[asked.text("version")].derive
    return dict(zip(("kbek", "kbak"), derive(asked.octets("kbpk") or asked.octets("lmk")), strict=True))
