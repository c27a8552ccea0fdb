"""The plugin as its users have it: in a pytest run of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
USERS_TEST = """
def test_mine(hsm):
    host, port = hsm.address
    assert hsm.command("NC").startswith("ND00268604")
    assert hsm.command("NC%01").startswith("ND00")
    assert hsm.command("NC%02").startswith("ND00")

def test_eracom(hsm):
    assert hsm.function("FFF000")[:8] == "FFF00000"
    assert hsm.eracom_address != hsm.address

def test_the_same_appliance_serves_all(hsm, hsm_process):
    assert hsm is hsm_process

def test_strategies():
    from hypothesis import given
    from hsm.testing import request_bytes

    @given(request_bytes())
    def check(request):
        assert len(request) >= 2

    check()
"""


def test_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_users.py").write_text(USERS_TEST)
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:zonekey",
        "-p",
        "hsm.pytest_plugin",
        "-p",
        "no:cacheprovider",
        str(tmp_path),
    ]
    line += ["--rootdir", str(tmp_path), "-c", "/dev/null", "--hsm-option=--set", "--hsm-option=restrict-kcv=yes"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
