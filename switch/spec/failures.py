"""Pages of the failures that scenarios play out, each with the chart of a run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from switch.scenarios import scenariofile
from switch.scenarios.drawing import index, page
from switch.scenarios.scenariofile import load, names
from switch.server.simulatednetwork import simulated


@cache
def scenario_pages(mark: str) -> Mapping[str, str]:
    """A page for each scenario and one that lists them, by file name; *mark* says that they are derived."""
    scenarios = [load(name) for name in names()]
    pages = {f"{each.name}.md": page(mark, each, simulated(each).seen) for each in scenarios}
    form = (scenariofile.__doc__ or "").partition("\n\n")[2].partition("\n\nA line of a link")[0]
    return pages | {"README.md": index(mark, scenarios, form)}
