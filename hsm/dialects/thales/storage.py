"""User storage: LA, LC, LE.

Every slot has one length, which the setting user-storage-length decides: 16, 32 or 48 characters, or any.  What is in a
slot is used where a key field holds K and its address; it is opened like any key, with the type that the place asks for.
"""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import STORAGE_COUNT_BASE, STORAGE_COUNT_WIDTH, STORAGE_UNIT
from hsm.operations import diebold, userstorage
from hsm.refusal import InputInvalid
from hsm.wire.kinds import Choice, Number, Text
from hsm.wire.message import Empty, Message
from hsm.wire.shapes import Prefixed, Rest

CATEGORY = Category.STORAGE

KEY, BINARY = "K", "B"
Address = Annotated[str, Text("H", 3, 3)]


class LoadUserStorage(Message):
    index_flag: Annotated[str, Choice((KEY, BINARY))]
    address: Address
    data: Annotated[
        bytes,
        Prefixed(
            STORAGE_COUNT_WIDTH,
            STORAGE_COUNT_BASE,
            binary=("index_flag", (BINARY,)),
            unit=STORAGE_UNIT,
            wrong=InputInvalid,
        ),
    ]


@thales.command("LA", changes_state=True)
def load_user_storage(ask: LoadUserStorage, hsm: Hsm) -> Empty:
    """Keep keys or other data in user storage, from an address on.

    Slots of fixed length: flag K, a hexadecimal count of blocks (00 to 20), and the blocks in hexadecimal digits; what is
    shorter than a block is filled up with F.  Variable length: flag K for text or B for bytes, a decimal length, and one
    value (the latter from a payShield 10K client).  What was there is overwritten.

    When the settings are those of PCI HSM mode, the activity misc must be authorised.
    """
    userstorage.load(hsm, ask.address, ask.data, binary=ask.index_flag == BINARY)
    return Empty()


class ReadUserStorage(Message):
    index_flag: Annotated[str, Choice((KEY, BINARY))]
    address: Address
    count: Annotated[int, Number(2, 0, 0xFF, 16)]


class UserStorageRead(Message):
    data: Annotated[bytes, Rest(binary=False)]


@thales.command("LE")
def read_user_storage(ask: ReadUserStorage, hsm: Hsm) -> UserStorageRead:
    """Give what user storage holds: as many blocks as the hexadecimal count (00 to 20) says, from an address on.

    The reply is the blocks one after the other.  No public source shows this command for slots of variable length; here
    each value is then led by its length in four decimal digits, so that the host can tell them apart.  Hosts that speak
    EBCDIC get all of it as text.
    """
    return UserStorageRead(data=userstorage.read(hsm, ask.address, ask.count, binary=ask.index_flag == BINARY))


class VerifyDieboldTable(Message):
    index_flag: Annotated[str, Choice((KEY,))]
    address: Address


@thales.command("LC")
def verify_diebold_table(ask: VerifyDieboldTable, hsm: Hsm) -> Empty:
    """Verify the Diebold table in user storage: 256 bytes under the LMK, each value once.

    It takes 32 blocks of 16 characters, 16 of 32, 11 of 48 (the rest of the last is not looked at), or one of variable
    length.  How the table is enciphered is not published: here in ECB mode under LMK 18-19 variant 2, or under the
    key-block LMK changed in every byte by X'42'.
    """
    diebold.verify(hsm, ask.address)
    return Empty()
