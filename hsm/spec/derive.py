"""Write the derived part of ``protocol-spec``, or with ``--check`` say whether it is fresh.

    python -m hsm.spec.derive [--check] [--root protocol-spec]

Exit status 1 when something is stale.  Only files that bear the mark of being derived are ever removed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from hsm.dialects.dialect import Dialect
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.families import load as load_functions
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.spec.data import dialect_data, schema
from hsm.spec.pages import DERIVED, command_page, index_page, refusals_page, settings_page
from hsm.spec.witnessed import exchanges

ROOT = Path(__file__).parents[2] / "protocol-spec"


def derived(root: Path) -> dict[Path, str]:
    """Every derived file, with its content; the witnessed exchanges are read from below *root*."""
    load()
    load_functions()
    files = {
        root / "schema.json": _json(schema()),
        root / "settings.md": settings_page(),
        root / eracom.name / "refusals.md": refusals_page(eracom, thales),
    }
    for dialect in (thales, eracom):
        files |= _of_dialect(dialect, root / dialect.name)
    return files


def _of_dialect(dialect: Dialect, folder: Path) -> dict[Path, str]:
    witnessed = exchanges(folder / "vectors", dialect.spelling)
    files = {
        folder / "commands.json": _json(dialect_data(dialect)),
        folder / "README.md": index_page(dialect),
    }
    for code, command in dialect.commands.items():
        files[folder / f"{code}.md"] = command_page(command, dialect, (e for e in witnessed if e.command == code))
    return files


def stale(root: Path) -> list[Path]:
    """Files that are missing, differ from what would be derived, or are derived from what no longer exists."""
    files = derived(root)
    wrong = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return sorted(wrong + _orphans(root, files))


def write(root: Path) -> list[Path]:
    """Make *root* fresh; what changed."""
    files, changed = derived(root), stale(root)
    for path in changed:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
    return changed


def _orphans(root: Path, files: dict[Path, str]) -> list[Path]:
    pages = (path for path in root.rglob("*.md") if path not in files)
    return [path for path in pages if path.read_text(encoding="utf-8").startswith(DERIVED)]


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=1, ensure_ascii=True) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """0 when everything is fresh or was written; 1 when ``--check`` found something stale."""
    parser = argparse.ArgumentParser(prog="python -m hsm.spec.derive", description="Derive protocol-spec.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the protocol-spec folder")
    chosen = parser.parse_args(arguments)
    found = stale(chosen.root) if chosen.check else write(chosen.root)
    for path in found:
        print(f"{'stale' if chosen.check else 'wrote'} {path}")
    return 1 if chosen.check and found else 0


if __name__ == "__main__":
    sys.exit(main())
