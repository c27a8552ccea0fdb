"""What the HSM is asked about a card before a request is decided, and what the answers mean.

Which questions there are depends on the request and the configuration alone, not on the card's row, which may change before
the answers come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from switch.asking import (
    VERIFICATION_FAILED,
    Cause,
    ChangePin,
    NewPvv,
    NoAnswer,
    Question,
    Verified,
    VerifyCvv,
    VerifyPinByOffset,
    VerifyPinByPvv,
)
from switch.flow.ports import WorkingKey
from switch.flow.request import ENTRY_MODE, NEW_PIN_BLOCK, PIN_CHANGE, TRACK_2, Request
from switch.issuer.cards import EXPIRED, TRIES_EXCEEDED, standing, wrong_pin
from switch.issuer.config import IssuerConfig
from switch.issuer.track import TrackError, parse_track_2
from switch.store.rows import Card

EXPIRY = 14
GIVING_BACK = frozenset({"void", "refund"})
"""The merchant's own doings: a card that was lost since doesn't hinder them, and no PIN is asked for or tried."""
ADVICE = "2"
"""The third digit of its MTI."""
FORMAT_ERROR, WRONG_PIN, NOT_PERMITTED, SECURITY_VIOLATION = "30", "55", "57", "63"
PIN_UNVERIFIABLE, INOPERATIVE, MALFUNCTION = "86", "91", "96"
CHIP_MODES = frozenset({"05", "07"})
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
    return _disagreement(card, request)


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
    """What the HSM must be asked, the CVV first; or a refusal (DE 39).

    *request* is one that ``refusal`` found no fault with.
    """
    asked: list[Question[object]] = []
    if _tells_cvv(config, request):
        track = parse_track_2(request.text(TRACK_2))
        cvv = track.discretionary[config.cvv_at : config.cvv_at + CVV_DIGITS]
        if len(cvv) < CVV_DIGITS:
            return SECURITY_VIOLATION
        chip = request.text(ENTRY_MODE)[:2] in CHIP_MODES
        service_code = ICVV_SERVICE_CODE if chip else track.service_code
        asked.append(VerifyCvv(config.cvk, cvv, request.pan, track.expires, service_code))
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


def outcome(config: IssuerConfig, card: Card, request: Request, answers: Sequence[object]) -> tuple[Card, str]:
    """*card* after the *answers* to the questions about *request*, and a refusal (DE 39) or nothing.

    Where the HSM didn't answer, nothing changes.
    """
    left = list(answers)
    if _tells_cvv(config, request):
        answer = left.pop(0)
        if answer == Verified(False):
            return card, SECURITY_VIOLATION
        if answer != Verified(True):
            return card, _unanswered(answer, MALFUNCTION)
    return _after_pin(config, card, left.pop(0)) if _tries_pin(request) else (card, "")


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
