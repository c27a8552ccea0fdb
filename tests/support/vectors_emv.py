"""Checks of the EMV and DUKPT vectors."""

from __future__ import annotations

from support.vectors import Asked, Results, checks, fill

from hsm.crypto import aesdukpt, blockcipher, card, dukpt, emv, mac, parity, pinblock
from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.pinblock import PinBlockFormat

# EMV


def _option(asked: Asked) -> emv.CardKeyOption:
    return emv.CardKeyOption(asked.text("mk_option") or asked.text("option", "A"))


def _card_key(asked: Asked, name: str = "imk") -> bytes:
    return emv.card_key(asked.octets(name), asked.text("pan"), asked.text("psn"), _option(asked))


def _kcv(key: bytes) -> str:
    return parity.check_value(blockcipher.cipher(key)).hex()[:4]


@checks("card.dcvv")
def _dcvv(asked: Asked) -> Results:
    key = blockcipher.cipher(_card_key(asked, "mdk"))
    expiry, service_code = asked.text("expiry"), asked.text("service_code")
    return {"value": card.dynamic_cvv(key, asked.text("pan"), expiry, service_code, asked.text("atc"))}


@checks("emv.mkA.sk_common.ac", "emv.mkB.sk_common.ac", "emv.visa.cvn18", "emv.visa.cvn10")
def _cryptogram(asked: Asked) -> Results:
    master = _card_key(asked)
    diversification = asked.octets("r") or emv.diversified_by_atc(asked.octets("atc") or bytes(2))
    session = master if asked.algorithm.endswith("cvn10") else emv.session_key(master, diversification)
    master_cipher, key = blockcipher.cipher(master), blockcipher.cipher(session)
    data = asked.octets("data")
    by_padding = {n: emv.application_cryptogram(key, data, mac.Padding(n)) for n in (1, 2)}
    arqc = by_padding[asked.number("padding", 2)]
    arc, csu = asked.octets("arc") or bytes(2), asked.octets("csu") or bytes(4)
    arpc_1 = emv.arpc_method_1(key, arqc, arc)
    arpc_2 = emv.arpc_method_2(key, arqc, csu, asked.octets("prop_auth_data"))
    return {
        "mk_raw": master,
        "mk_kcv": _kcv(master),
        "sk_kcv": _kcv(session),
        "sk_odd_parity": session,
        "arqc": arqc,
        "arqc_pad1": by_padding[1],
        "arqc_pad2": by_padding[2],
        "arpc1": arpc_1,
        "arpc1_mk": emv.arpc_method_1(master_cipher, arqc, arc),
        "arpc2": arpc_2,
        "arpc": arpc_2 if asked.algorithm.endswith("cvn18") else arpc_1,
    }


@checks("emv.mkB.decimalise", "emv.sk_common", "emv.sm.sk_visa", "emv.sk_emv2000_tree", "emv.sm.sk_mastercard")
def _derivation(asked: Asked) -> Results:
    master, atc = asked.octets("mk"), asked.octets("atc")
    match asked.algorithm:
        case "emv.mkB.decimalise":
            return {"y": emv.decimalise_digest(asked.octets("sha1"))}
        case "emv.sk_common":
            return {"sk": emv.session_key(master, asked.octets("r"))}
        case "emv.sm.sk_visa":
            return {"sk_kcv": _kcv(emv.visa_session_key(master, atc))}
        case "emv.sk_emv2000_tree":
            shape = asked.number("height"), asked.number("branch")
            return {"sk": emv.tree_session_key(master, atc, *shape, asked.octets("iv"))}
    r = emv.mastercard_diversification(asked.octets("ac"), asked.number("command_number"))
    return {f"sk_{use}": emv.session_key(asked.octets(f"udk_{use}"), r) for use in ("smi", "smc")}


@checks("emv.sm.mac")
def _script_mac(asked: Asked) -> Results:
    master = _card_key(asked, "imk_smi")
    visa = "atc" in asked
    session = emv.visa_session_key(master, asked.octets("atc")) if visa else emv.session_key(master, asked.octets("r"))
    script_mac = emv.script_mac(blockcipher.cipher(session), asked.octets("command"))
    return {"mk_kcv": _kcv(master), "sk_kcv": _kcv(session), "mac": script_mac}


@checks("emv.sm.pin_change.iso2")
def _pin_change(asked: Asked) -> Results:
    block = pinblock.encode(PinBlockFormat.ISO_2, asked.text("pin"), "", bytes)
    if "sk_smc" in asked:
        # Mastercard M/Chip: one block without padding, and counter and cryptogram under the MAC.
        enciphered = emv.script_encipher_mastercard(asked.des("sk_smc"), block)
        session = asked.octets("sk_smi")
        message = asked.octets("header") + asked.octets("atc") + asked.octets("ac") + enciphered
    else:
        keys = {use: emv.session_key(_card_key(asked, f"imk_{use}"), asked.octets("r")) for use in ("smc", "smi")}
        enciphered = emv.script_encipher(blockcipher.cipher(keys["smc"]), block)
        session = keys["smi"]
        message = asked.octets("header") + enciphered
    script_mac = emv.script_mac(blockcipher.cipher(session), message)
    return {"pin_block": block, "encrypted": enciphered, "mac": script_mac}


@checks("emv.sm.pin_change.visa")
def _pin_change_visa(asked: Asked) -> Results:
    keys = {use: emv.visa_session_key(_card_key(asked, f"imk_{use}"), asked.octets("atc")) for use in ("smc", "smi")}
    block = emv.visa_pin_block(_card_key(asked, "imk_ac"), asked.text("pin"), asked.text("current_pin"))
    enciphered = emv.script_encipher_visa(blockcipher.cipher(keys["smc"]), block)
    script_mac = emv.script_mac(blockcipher.cipher(keys["smi"]), asked.octets("header") + enciphered)
    return {"pin_block": block, "encrypted": enciphered, "mac": script_mac}


# DUKPT


@checks("dukpt.tdes.ik", "dukpt.aes.ik", "dukpt.aes.update_key")
def _initial(asked: Asked) -> Results:
    if asked.algorithm == "dukpt.tdes.ik":
        return {"ik": dukpt.initial_key(asked.octets("bdk"), asked.octets("ksn"))}
    if asked.algorithm == "dukpt.aes.ik":
        return {"ik": aesdukpt.initial_key(asked.octets("bdk"), asked.octets("ikid"))}
    key_type = aesdukpt.KeyType[asked.text("algorithm").replace("AES", "AES_")]
    return {"update_key": aesdukpt.update_key(asked.octets("ik"), asked.octets("ikid"), key_type)}


@checks("dukpt.tdes.txn", "dukpt.tdes.cmac")
def _tdes_transaction(asked: Asked) -> Results:
    ksn, data = asked.octets("ksn"), asked.text("data_ascii").encode("ascii")
    transaction = dukpt.transaction_key(dukpt.initial_key(asked.octets("bdk"), ksn), ksn)
    keys = {v: blockcipher.cipher(dukpt.working_key(transaction, v)) for v in dukpt.Variant}
    padded = mac.pad(data, mac.Padding.ZEROS)
    request, response = keys[dukpt.Variant.MAC_REQUEST], keys[dukpt.Variant.MAC_RESPONSE]
    return {
        "txn_key": transaction,
        "pin_block": keys[dukpt.Variant.PIN].encrypt(asked.octets("clear_pin_block")),
        "mac_request": mac.algorithm_3(request, padded)[:4],
        "mac_response": mac.algorithm_3(response, padded)[:4],
        "data_request": keys[dukpt.Variant.DATA_REQUEST].encrypt_cbc(padded, bytes(8)),
        "cmac_request": mac.cmac(request, data),
        "cmac_response": mac.cmac(response, data),
    }


@checks("dukpt.aes.txn")
def _aes_transaction(asked: Asked) -> Results:
    ksn = asked.octets("ksn")
    transaction = aesdukpt.transaction_key(aesdukpt.initial_key(asked.octets("bdk"), ksn[:8]), ksn)
    results: dict[str, bytes] = {"derivation_key": transaction}
    usages = {
        "pin_key": aesdukpt.KeyUsage.PIN_ENCRYPTION,
        "cmac": aesdukpt.KeyUsage.MAC_GENERATION,
        "data": aesdukpt.KeyUsage.DATA_ENCRYPTION,
    }
    for name, usage in usages.items():
        for key_type in (aesdukpt.KeyType.AES_128, aesdukpt.KeyType.AES_256):
            key = aesdukpt.working_key(transaction, ksn, usage, key_type)
            results[f"{name}_{key_type.name.lower().replace('_', '')}"] = key
    if "pin_field" in asked:
        pin_key = blockcipher.cipher(results["pin_key_aes128"], Algorithm.AES)
        random = fill(asked.octets("pin_field")[8:])
        results["pin_block_iso4"] = pinblock.encipher_iso4(pin_key, asked.text("pin"), asked.text("pan"), random)
    return results
