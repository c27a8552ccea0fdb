"""Write the derived part of ``protocol-spec/iso8583``, and ``protocol-spec/switch`` beside it.

With ``--check`` say whether they are fresh.

    python -m switch.spec.derive [--check] [--root protocol-spec/iso8583]

Exit status 1 when something is stale.  Only files that bear the mark of being derived are ever removed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from switch.codec.specfile import load, names
from switch.link.drawing import link_page
from switch.spec.failures import scenario_pages
from switch.spec.operating import configuration_page, operating_page, simulators_page
from switch.spec.pages import DERIVED, elements_page, index_page, spec_page

ROOT = Path(__file__).parents[2] / "protocol-spec" / "iso8583"

LINK = "<!-- Derived from the link's tables by `python -m switch.spec.derive`; never edited. -->\n"
OPERATING = "<!-- Derived from the modules that do it by `python -m switch.spec.derive`; never edited. -->\n"
SCENARIOS = "<!-- Derived from a run of each scenario by `python -m switch.spec.derive`; never edited. -->\n"


def derived(root: Path) -> dict[Path, str]:
    """Every derived file, with its content."""
    specs = [load(name) for name in names()]
    files = {root / "README.md": index_page(specs), root / "elements.md": elements_page()}
    switch = root.parent / "switch"
    files[switch / "link.md"] = link_page(LINK)
    files[switch / "configuration.md"] = configuration_page(OPERATING)
    files[switch / "operating.md"] = operating_page(OPERATING)
    files[switch / "simulators.md"] = simulators_page(OPERATING)
    files |= {switch / "scenarios" / name: text for name, text in scenario_pages(SCENARIOS).items()}
    return files | {root / f"{spec.name}.md": spec_page(spec) for spec in specs}


def stale(root: Path) -> list[Path]:
    """Files that are missing, differ from what would be derived, or are derived from what no longer exists."""
    files = derived(root)
    wrong = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    pages = [path for path in root.glob("*.md") if path not in files]
    pages += [path for path in (root.parent / "switch" / "scenarios").glob("*.md") if path not in files]
    marks = DERIVED, SCENARIOS
    return sorted(wrong + [path for path in pages if path.read_text(encoding="utf-8").startswith(marks)])


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


def main(arguments: list[str] | None = None) -> int:
    """0 when everything is fresh or was written; 1 when ``--check`` found something stale."""
    parser = argparse.ArgumentParser(prog="python -m switch.spec.derive", description="Derive the switch's pages.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the protocol-spec/iso8583 folder")
    chosen = parser.parse_args(arguments)
    found = stale(chosen.root) if chosen.check else write(chosen.root)
    for path in found:
        print(f"{'stale' if chosen.check else 'wrote'} {path}")
    return 1 if chosen.check and found else 0


if __name__ == "__main__":
    sys.exit(main())
