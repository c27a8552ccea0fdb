"""With worker processes: what the console shows as done is in force in each of them by then."""

from __future__ import annotations

import shutil

import pytest
from support.opened import check_digits
from support.partner import des_key, part_by_part
from support.reckoned import KINDS
from support.site import Site
from support.staff import one_each
from support.staging import Cast, lmk_checks, said

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no OpenSSH client")
WORKERS = 2
VARIANT = KINDS[0]


def test_every_worker_has_it_before_the_console_says_so(site: Site) -> None:
    served = site.start("--workers", str(WORKERS), "--lmk", "00=test-variant")
    cast, local = Cast(), site.at("local")
    hosts = list(one_each(served, WORKERS).values())

    def told(request: str) -> set[str]:
        """What every worker answers, all of them on lines that have been open since the beginning."""
        return {host.command(request) for host in hosts}

    local.types("SECURE")
    assert told("NC") == {"ND68"}
    cast.get_cards(local)
    cast.authorise(local)
    local.types("DM", "00", "Y", "ONLINE")
    assert told("NC") == {"ND13"}
    line = site.at("ssh")
    line.types("SECURE", *cast.shows("ALICE", "BOB"))
    assert cast.make_components(line, VARIANT) == cast.load(line) == lmk_checks(VARIANT)
    line.types("ONLINE")
    assert {each[:10] for each in told("NC")} == {f"ND00{lmk_checks(VARIANT)[-1]}"}
    assert told("A00000U") == {"A117"}
    cast.authorise(line)
    zmk, _ = cast.form_zmk(line, VARIANT)
    assert {each[:4] for each in told("A00000U")} == {"A100"}
    zpk = des_key("ZPK")
    shown = line.types("IK", "00", "001", "U", zmk, "", part_by_part(zpk, VARIANT.zmk(), "X"))
    (token,) = said(shown, "Key under LMK")
    check, ask_check = check_digits(zpk), f"BUFF1{token};001"
    assert told(ask_check) == {f"BV00{check}"}
    line.types("C ALL")
    assert told("A00000U") == {"A117"}
    line.types("SECURE", *cast.shows("ALICE", "BOB"), "CS restrict-kcv yes", "Y", "ONLINE")
    assert told(ask_check) == {f"BV00{check[:6]}0000000000"}
    line.types("OFFLINE", *cast.shows("BOB"), "CONFIGCMDS -BU", "Y", "ONLINE")
    assert told(ask_check) == {"BV68"}
    assert site.end() == 0
