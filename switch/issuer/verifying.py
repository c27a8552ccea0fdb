"""What the HSM is asked about a card before a request is decided, and what the answers mean.

Which questions there are depends on the request and the configuration alone, not on the card's row, which may change before
the answers come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from switch.asking import (
    VERIFICATION_FAILED,
    CardVerified,
    Cause,
    ChangePin,
    CryptogramKey,
    NewPvv,
    NoAnswer,
    Question,
    Verified,
    VerifyArqc,
    VerifyCvv,
    VerifyPinByOffset,
    VerifyPinByPvv,
)
from switch.codec.message import Value
from switch.flow.ports import NOTHING, WorkingKey
from switch.flow.request import NEW_PIN_BLOCK, PIN_CHANGE, TRACK_2, Request
from switch.issuer.cards import EXPIRED, TRIES_EXCEEDED, standing, wrong_pin
from switch.issuer.chip import (
    APPROVED_CODE,
    CHIP,
    FORMAT_ERROR,
    SECURITY_VIOLATION,
    chip_data,
    read_by_chip,
    response_of,
)
from switch.issuer.config import VERSION_10, IssuerConfig
from switch.issuer.track import TrackError, parse_track_2
from switch.store.rows import Card

EXPIRY = 14
GIVING_BACK = frozenset({"void", "refund"})
"""The merchant's own doings: a card that was lost since doesn't hinder them, and no PIN is asked for or tried."""
ADVICE = "2"
"""The third digit of its MTI."""
WRONG_PIN, NOT_PERMITTED = "55", "57"
PIN_UNVERIFIABLE, INOPERATIVE, MALFUNCTION = "86", "91", "96"
CHIP_SERVICE_CODES = frozenset("26")
"""Of cards with a chip, the first digit of the service code (ISO/IEC 7813)."""
ICVV_SERVICE_CODE = "999"
"""A chip's copy of track 2 has a CVV of its own, which is of no use on a magnetic stripe."""
CVV_DIGITS = 3


def advises(request: Request) -> bool:
    """Does *request* tell what was done already, by who stood in or by the terminal?  Then there is nothing to verify."""
    return request.message.mti[2] == ADVICE


def refusal(config: IssuerConfig, card: Card, request: Request) -> str:
    """Why *request* needs no HSM to be refused (DE 39); empty, if nothing is wrong so far."""
    service = request.service
    if advises(request):
        return ""
    if service.name not in GIVING_BACK:
        refused = standing(card, request.business_date)
        if refused:
            return refused
        if request.pin_block is None and config.needs_pin(service.channel, service.name):
            return WRONG_PIN
    if service.name == PIN_CHANGE and config.offset is not None:
        return NOT_PERMITTED
    expires = request.text(EXPIRY)
    if expires and expires != card.expires:
        return EXPIRED
    return _disagreement(card, request) or _missing_chip(config, card, request)


def _missing_chip(config: IssuerConfig, card: Card, request: Request) -> str:
    """Why a chip should have spoken.  Whoever has only copied a stripe would have no cryptogram to show."""
    if config.chip is None or request.service.name in GIVING_BACK:
        return ""
    if read_by_chip(request):
        return "" if CHIP in request.message.fields else SECURITY_VIOLATION
    swiped = request.text(TRACK_2) and card.service_code[:1] in CHIP_SERVICE_CODES
    return NOT_PERMITTED if swiped and not config.chip.stripe else ""


def _disagreement(card: Card, request: Request) -> str:
    """What of track 2 is not the card's."""
    if not request.text(TRACK_2):
        return ""
    try:
        track = parse_track_2(request.text(TRACK_2))
    except TrackError:
        return FORMAT_ERROR
    if track.pan != request.pan:
        return SECURITY_VIOLATION
    if track.expires != card.expires:
        return EXPIRED
    return SECURITY_VIOLATION if card.service_code and track.service_code != card.service_code else ""


def questions(
    config: IssuerConfig, card: Card, request: Request, pin_keys: Sequence[WorkingKey]
) -> Sequence[Question[object]] | str:
    """What the HSM must be asked: about the CVV, the chip's cryptogram, the PIN; or a refusal (DE 39).

    *request* is one that ``refusal`` found no fault with.
    """
    asked: list[Question[object]] = []
    if _tells_cvv(config, request):
        track = parse_track_2(request.text(TRACK_2))
        cvv = track.discretionary[config.cvv_at : config.cvv_at + CVV_DIGITS]
        if len(cvv) < CVV_DIGITS:
            return SECURITY_VIOLATION
        service_code = ICVV_SERVICE_CODE if read_by_chip(request) else track.service_code
        asked.append(VerifyCvv(config.cvk, cvv, request.pan, track.expires, service_code))
    if _tells_chip(config, request):
        about_chip = _about_chip(config, request)
        if isinstance(about_chip, str):
            return about_chip
        asked.append(about_chip)
    if _tries_pin(request):
        if not pin_keys:
            return PIN_UNVERIFIABLE
        question = _about_pin(config, card, request, pin_keys[0])
        if question is None:
            return FORMAT_ERROR
        asked.append(question)
    return asked


def _tells_cvv(config: IssuerConfig, request: Request) -> bool:
    return bool(config.cvk and request.text(TRACK_2)) and not advises(request)


def _tells_chip(config: IssuerConfig, request: Request) -> bool:
    told = config.chip is not None and CHIP in request.message.fields
    return told and request.service.name not in GIVING_BACK and not advises(request)


def _about_chip(config: IssuerConfig, request: Request) -> VerifyArqc | str:
    assert config.chip is not None
    said = chip_data(config.chip, request)
    if isinstance(said, str):
        return said
    made_under = CryptogramKey.CARD if config.chip.version == VERSION_10 else CryptogramKey.COMMON_SESSION
    return VerifyArqc(
        config.chip.imk_ac, made_under, request.pan, said.sequence, said.counter, said.covered, said.cryptogram,
        APPROVED_CODE,
    )  # fmt: skip


def _tries_pin(request: Request) -> bool:
    return request.pin_block is not None and request.service.name not in GIVING_BACK and not advises(request)


def _about_pin(config: IssuerConfig, card: Card, request: Request, key: WorkingKey) -> Question[object] | None:
    """The question about the PIN block; None when that of the new PIN is no block."""
    block, offset = request.pin_block, config.offset
    assert block is not None
    if request.service.name == PIN_CHANGE:
        new_block = _block(request.text(NEW_PIN_BLOCK))
        if new_block is None:
            return None
        return ChangePin(
            key.holder, key.cryptogram, config.pvk, block, new_block, request.pan, card.pvki, card.pin_check, key.format
        )
    if offset is not None:
        return VerifyPinByOffset(
            key.holder, key.cryptogram, config.pvk, block, request.pan, offset.check_length, offset.table,
            offset.validation, card.pin_check, key.format,
        )  # fmt: skip
    return VerifyPinByPvv(
        key.holder, key.cryptogram, config.pvk, block, request.pan, card.pvki, card.pin_check, key.format
    )


def _block(text: str) -> bytes | None:
    try:
        block = bytes.fromhex(text)
    except ValueError:
        return None
    return block if len(block) == 8 and len(text) == 16 else None


def outcome(
    config: IssuerConfig, card: Card, request: Request, answers: Sequence[object], again: bool = False
) -> tuple[Card, str]:
    """*card* after the *answers* to the questions about *request*, and a refusal (DE 39) or nothing.

    Where the HSM didn't answer, nothing changes.  A chip's transaction counter must be higher than any that was right
    before, or whoever has recorded a request could say it once more; *again*: this one was approved already.
    """
    left = list(answers)
    if _tells_cvv(config, request):
        answer = left.pop(0)
        if answer == Verified(False):
            return card, SECURITY_VIOLATION
        if answer != Verified(True):
            return card, _unanswered(answer, MALFUNCTION)
    if _tells_chip(config, request):
        card, refused = _after_chip(config, card, request, left.pop(0), again)
        if refused:
            return card, refused
    return _after_pin(config, card, left.pop(0)) if _tries_pin(request) else (card, "")


def _after_chip(config: IssuerConfig, card: Card, request: Request, answer: object, again: bool) -> tuple[Card, str]:
    assert config.chip is not None
    said = chip_data(config.chip, request)
    if not isinstance(answer, CardVerified):
        return card, _unanswered(answer, MALFUNCTION)
    if isinstance(said, str) or not answer.right:
        return card, SECURITY_VIOLATION
    counter = int.from_bytes(said.counter, "big")
    if counter <= card.chip_counter and not again:
        return card, SECURITY_VIOLATION
    return replace(card, chip_counter=max(counter, card.chip_counter)), ""


def said_to_chip(request: Request, answers: Sequence[object]) -> Mapping[int, Value]:
    """What the approval of *request* has for its chip, by which it knows that its issuer has answered."""
    right = next((each for each in answers if isinstance(each, CardVerified) and each.right), None)
    return response_of(request, right.response) if right is not None else NOTHING


def _after_pin(config: IssuerConfig, card: Card, answer: object) -> tuple[Card, str]:
    if answer == Verified(False) or (isinstance(answer, NoAnswer) and answer.reason == VERIFICATION_FAILED):
        tried = wrong_pin(card)
        return tried, WRONG_PIN if tried.tries_left else TRIES_EXCEEDED
    if isinstance(answer, NewPvv):
        return replace(card, pin_check=answer.pvv, tries_left=config.pin_tries), ""
    if answer == Verified(True):
        return replace(card, tries_left=config.pin_tries), ""
    return card, _unanswered(answer, PIN_UNVERIFIABLE)


def _unanswered(answer: object, refused: str) -> str:
    """DE 39 when there is no answer; *refused*, when it was the HSM that would not."""
    return refused if isinstance(answer, NoAnswer) and answer.cause is Cause.REFUSED else INOPERATIVE
