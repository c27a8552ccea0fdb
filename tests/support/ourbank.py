"""A small bank with its books, and psec in the place of its HSM."""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from psec import des, pin, pinblock
from pyemv import ac, kd
from support.appliancekeys import Keys
from support.opened import pair_of
from support.partner import des_key, part_by_part

from switch import asking as q
from switch import hsmdialect
from switch.codec.message import Message, Value
from switch.codec.specfile import load
from switch.flow.ports import Decision, Use, WorkingKey
from switch.flow.request import Request
from switch.issuer.authoriser import Issuer
from switch.issuer.bookfile import read_accounts, read_cards
from switch.issuer.config import IssuerConfig, read_issuer
from switch.issuer.loading import Books, load_works
from switch.link.lines import Section, field_lines
from switch.routing.pan import check_digit
from switch.services.catalogue import Service
from switch.services.servicefile import packaged
from switch.store.rows import Account, Card, Row, transaction_key
from switch.store.view import Place, View

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # psec's own imports
    from psec import cvv

T = TypeVar("T")
DATE, EXPIRES, SERVICE_CODE = "20261122", "3012", "501"
PAN_KEY = bytes(range(16))
ZPK, PVK, CVK, IMK_AC = des_key("ZPK"), des_key("PVK"), des_key("CVK"), des_key("IMK-AC")
TABLE, VALIDATION = "0123456789012345", "12345678901N"
DIALECTS = {name: load(name) for name in ("banknet", "bcd", "napas")}
"""A link's name is that of its dialect here."""


def under_lmk(key: bytes, key_type: str) -> str:
    """*key* as the appliance with the published test LMK keeps it."""
    return part_by_part(key, pair_of(key_type), "U")


TOKENS = {
    under_lmk(ZPK, "001"): ZPK,
    under_lmk(PVK, "002"): PVK,
    under_lmk(CVK, "402"): CVK,
    under_lmk(IMK_AC, "109"): IMK_AC,
}
ZONE_KEY = WorkingKey("banknet", Use.PIN, q.Holder.ZONE, 1, under_lmk(ZPK, "001"))


def pan_of(number: int) -> str:
    digits = f"970436{number:09}"
    return digits + check_digit(digits)


ANNA, BINH, CHI = pan_of(1), pan_of(2), pan_of(3)
PINS = {ANNA: "1234", BINH: "4827", CHI: "9038"}
CONFIG = f"""
[issuer]
currency = "704"
accounts = "accounts.csv"
cards = "cards.csv"
pan-key = "pan.key"
pvk = "{under_lmk(PVK, "002")}"
cvk = "{under_lmk(CVK, "402")}"
without-pin = ["purchase", "internet transfer"]
[issuer.limits]
amount = 1000000
count = 6
"""


def config_in(keys: Keys, text: str = CONFIG) -> str:
    """*text* for an HSM of another dialect."""
    if not keys.table:
        text = text.replace(f'table = "{TABLE}"\n', "")
    verifies = "PVK" if "[issuer.offset]" in text else "PVV"
    for key, key_type, use in ((PVK, "002", verifies), (CVK, "402", "CVK"), (IMK_AC, "109", "IMK-AC")):
        text = text.replace(under_lmk(key, key_type), keys.kept(key, use))
    return text


OFFSETS = CONFIG.replace("without-pin", 'pin-method = "offset"\nwithout-pin') + (
    f'[issuer.offset]\ntable = "{TABLE}"\nvalidation = "{VALIDATION}"\n'
)
CHIPS = CONFIG + f'[issuer.chip]\nimk-ac = "{under_lmk(IMK_AC, "109")}"\n'
ACCOUNTS = """
account,kind,credit_limit,opening
anna,current,,800000
anna-2,savings,,300000
binh,current,,500000
chi,credit,700000,
"""


def configured(text: str = CONFIG, dialect: str = "thales") -> IssuerConfig:
    section = Section("switch.toml", field_lines(text), ("issuer",), tomllib.loads(text)["issuer"])
    return read_issuer(section, hsmdialect.DIALECTS[dialect])


def pvv(pan: str, digits: str) -> str:
    return str(pin.generate_visa_pvv(PVK, "1", digits, pan))


def offset_of(pan: str, digits: str) -> str:
    seen = VALIDATION[:-1] + pan[-6:-1]
    return str(pin.generate_ibm3624_offset(PVK, TABLE, digits, seen, 0, 16, "F"))[:4]


def cards_text(check: Callable[[str, str], str] = pvv) -> str:
    columns = "pan,expires,service_code,account,savings,pin_check"
    rows = [
        f"{pan},{EXPIRES},{SERVICE_CODE},{account},{savings},{check(pan, PINS[pan])}"
        for pan, account, savings in ((ANNA, "anna", "anna-2"), (BINH, "binh", ""), (CHI, "chi", ""))
    ]
    return "\n".join([columns, *rows])


def write_files(folder: Path) -> None:
    """The three files that the configuration names."""
    (folder / "accounts.csv").write_text(ACCOUNTS)
    (folder / "cards.csv").write_text(cards_text())
    (folder / "pan.key").write_text(PAN_KEY.hex() + "\n")


class Rows:
    """A store that keeps everything that is done upon it."""

    def __init__(self) -> None:
        self.rows: dict[Place, Row | None] = {}

    def look(self, place: Place) -> Row | None:
        return self.rows.get(place)

    def do(self, work: Callable[[View], T]) -> T:
        view = View(self)
        outcome = work(view)
        self.rows |= view.changes
        return outcome


class Watched:
    """What a view upon *rows* has looked at."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.seen: set[Place] = set()

    def look(self, place: Place) -> Row | None:
        self.seen.add(place)
        return self.rows.look(place)


class Bank:
    """The issuer upon rows in memory; *hsm* answers its questions."""

    def __init__(self, text: str = CONFIG, check: Callable[[str, str], str] = pvv, keys: Keys | None = None) -> None:
        """*keys*: how the HSM keeps them; as psec knows them, if nothing is said."""
        self.config = configured(config_in(keys, text), keys.name) if keys else configured(text)
        self.zone_key = replace(ZONE_KEY, cryptogram=keys.kept(ZPK, "ZPK")) if keys else ZONE_KEY
        accounts = read_accounts("accounts.csv", ACCOUNTS, self.config)
        cards = read_cards("cards.csv", cards_text(check), self.config, accounts, PAN_KEY)
        self.books = Books(accounts, cards, PAN_KEY)
        self.issuer = Issuer(self.config, PAN_KEY, DIALECTS)
        self.store = Rows()
        self.hsm: Callable[[q.Question[object]], object] = psec_answer
        self.asked: list[q.Question[object]] = []
        for work in load_works(self.books):
            self.store.do(work.decide)

    def ask(self, request: Request, keys: Sequence[WorkingKey] | None = None) -> Decision:
        """*request* as a flow takes it: questions, their answers, the decision."""
        found = self.issuer.questions(View(self.store), request, (self.zone_key,) if keys is None else keys)
        if isinstance(found, Decision):
            return found
        self.asked = list(found)
        answers = [self.hsm(each) for each in found]
        return self.store.do(lambda view: self.issuer.decide(view, request, answers))

    def say(self, request: Request) -> str:
        """The response code alone."""
        return self.ask(request).response

    def card(self, pan: str = ANNA) -> Card:
        card = View(self.store).get(Card, self.issuer.card_id(pan))
        assert card is not None
        return card

    def put(self, row: Row) -> None:
        self.store.rows[type(row), row.id] = row

    def held(self, account: str) -> int:
        found = View(self.store).get(Account, account)
        return 0 if found is None else found.credits_posted - found.debits_posted

    def accounts(self) -> list[Account]:
        return [row for row in self.store.rows.values() if isinstance(row, Account)]


def block_of(digits: str, pan: str) -> bytes:
    """A PIN block of format 0 under the zone key, by psec."""
    return bytes(des.encrypt_tdes_ecb(ZPK, pinblock.encode_pinblock_iso_0(digits, pan)))


def cvv_of(pan: str, service_code: str = SERVICE_CODE, expires: str = EXPIRES) -> str:
    """The CVV by psec, which has it shorter where hexadecimal digits must be counted twice: not for these cards."""
    value = str(cvv.generate_cvv(CVK, pan, expires, service_code))
    assert len(value) == 3
    return value


def track_of(pan: str, value: str | None = None, service_code: str = SERVICE_CODE, expires: str = EXPIRES) -> str:
    return f"{pan}={expires}{service_code}10000{value or cvv_of(pan)}"


def psec_answer(question: q.Question[object]) -> object:
    """What an HSM answers, by psec, which shares no code with any of ours."""
    if isinstance(question, q.VerifyCvv):
        right = cvv.generate_cvv(TOKENS[question.cvk], question.pan, question.expiry, question.service_code)
        return q.Verified(right == question.cvv)
    if isinstance(question, q.VerifyArqc):
        return pyemv_answer(question)
    assert isinstance(question, q.VerifyPinByPvv | q.VerifyPinByOffset | q.ChangePin)
    digits = _opened(question.block, question.key, question.pan)
    if isinstance(question, q.VerifyPinByOffset):
        return q.Verified(offset_of(question.pan, digits) == question.offset)
    same = pin.generate_visa_pvv(TOKENS[question.pvk], question.index, digits, question.pan) == question.pvv
    if isinstance(question, q.VerifyPinByPvv):
        return q.Verified(same)
    if not same:
        return q.NoAnswer(q.Cause.REFUSED, "01", "VerificationFailed")
    new = _opened(question.new_block, question.key, question.pan)
    return q.NewPvv(str(pin.generate_visa_pvv(TOKENS[question.pvk], question.index, new, question.pan)))


def pyemv_answer(question: q.VerifyArqc) -> q.CardVerified:
    key = card_key(question.made_under, question.pan, question.sequence, question.counter, TOKENS[question.imk_ac])
    # The data come padded, and padding with zeros leaves whole blocks as they are.
    if ac.generate_ac(key, question.data, ac.PaddingType.VISA) != question.arqc:
        return q.CardVerified(False)
    return q.CardVerified(True, ac.generate_arpc_1(key, question.arqc, question.response_code))


def card_key(kind: q.CryptogramKey, pan: str, sequence: str, counter: bytes, issuers: bytes = IMK_AC) -> bytes:
    """The key of a card's cryptograms, by pyemv."""
    master = bytes(kd.derive_icc_mk_a(issuers, pan, sequence))
    return master if kind is q.CryptogramKey.CARD else bytes(kd.derive_common_sk(master, counter + bytes(6)))


def _opened(block: bytes, token: str, pan: str) -> str:
    return str(pinblock.decode_pinblock_iso_0(des.decrypt_tdes_ecb(TOKENS[token], block), pan))


@cache
def service(name: str, channel: str) -> Service:
    return next(row for row in packaged().rows if (row.name, row.channel) == (name, channel))


CODES = {
    "withdrawal": "010000", "cash advance": "010000", "purchase": "000000", "balance": "300000", "void": "020000",
    "refund": "200000", "PIN change": "940000", "transfer": "400000",
}  # fmt: skip
AT_ATM = {"withdrawal", "transfer"}
PINLESS = {"purchase", "void", "refund"}


def asks(
    name: str, stan: int, amount: int = 0, pan: str = ANNA, *, digits: str | None = None, link: str = "banknet",
    channel: str = "", date: str = DATE, mti: str = "0200", **more: Value,
) -> Request:  # fmt: skip
    """A request of the service *name*; *digits* is the PIN, the right one where one is usual; de_48=… is an element."""
    channel = channel or ("atm" if name in AT_ATM else "pos")
    fields: dict[int, Value] = {
        2: pan, 3: CODES[name], 4: amount, 7: "1122113000", 11: f"{stan:06}", 22: "021", 32: "970405",
        37: f"{stan:012}", 41: "TERM0001", 42: "SHOP00000000001", 49: "704",
    }  # fmt: skip
    typed = digits if digits is not None else "" if name in PINLESS else PINS.get(pan, "1234")
    if typed:
        fields[52] = block_of(typed, pan)
    fields |= {int(number[3:]): value for number, value in more.items()}
    id = transaction_key(date, link, f"{stan:06}", "970405", f"{stan:012}", "TERM0001")
    message = Message(mti, fields)
    currency = fields[49]
    assert isinstance(currency, str)
    return Request(id, link, message, service(name, channel), date, 1, pan, amount, currency)
