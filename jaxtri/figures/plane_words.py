"""Words about the (m_X, g_X) plane: titles of panels, and the caption that says what they show."""

from collections.abc import Mapping, Sequence

from jaxtri.figures.comparison import cautions_of, verdict_of
from jaxtri.figures.favoured import sentences
from jaxtri.figures.panels import OWN, PARENTS, STACK
from jaxtri.figures.selection import called, kinds_of, names_of, panels_of, same_favoured, same_grey
from jaxtri.figures.shown import grey_of, projections_of, shows, view_of
from jaxtri.limits.statistics import meaning
from jaxtri.scans.record import Scan
from jaxtri.scans.schema import FigureChoice

RECAST = "p"  # first letter of the channel of a search that is recast


def caption(scans: Mapping[str, Scan], look: FigureChoice | None = None) -> str:
    """Return a caption: what is shown, which searches exclude something, what is grey; with references.

    Parameters
    ----------
    scans
        As for `draw_scans`.
    look
        Of the figure: what lies outside its limits is not named.
    """
    look = look or FigureChoice()
    panels = [{name: scans[name] for name in names} for names in panels_of(kinds_of(scans), look.panels)]
    views = {name: view_of(one, look.xlim, look.ylim) for name, one in scans.items()}
    seen = {
        name: [one for one in scan.header.searches if shows(scan, one["name"], views[name])]
        for name, scan in scans.items()
    }
    first, called_so = next(iter(scans.values())), dict(zip(scans, names_of(scans), strict=True))
    title = look.title or first.header.title
    lines = [f"{title}: couplings g_X of X that searches exclude, against its mass m_X."]
    for panel in panels:
        for name, scan in panel.items():
            head = f"{'Curves' if len(panel) > 1 else 'Panel'} {called_so[name]}"
            lines.append(": ".join(filter(None, (head, _levels(scan)))) + ".")
            lines += [f"Measured branching fractions count as {one}." for one in _readings(scan)]
            meant = (verdict_of(scan), *cautions_of(scan))
            lines += [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in meant]
            lines += [] if seen[name] else ["None of its searches excludes anything that is shown."]
    for letter in (*reversed(STACK), *(RECAST if look.searches else "")):
        used = {
            one["name"]: f"{called(one)} [{one['reference']}]"
            for some in seen.values()
            for one in some
            if one["channel"][0] == letter and (not look.searches or one["name"] in look.searches)
        }
        if used:
            head = PARENTS.get(letter, "Earlier searches, recast")
            lines.append(f"{head}: {', '.join(dict.fromkeys(used.values()))}.")
    later = {
        f"{called(one)} [{one['reference']}]": None
        for name, scan in scans.items()
        for letter in PARENTS
        for one in projections_of(scan, letter, views[name])
    }
    if later:
        lines.append(f"Dashed: projections, which exclude nothing yet: {', '.join(later)}.")
    found = [
        one.favoured for panel in panels if same_favoured(panel) for one in panel.values() if one.favoured
    ]
    lines += dict.fromkeys(sentence for one in found for sentence in sentences(one))
    shaded = {name: one for some in panels if len(some) == 1 or same_grey(some) for name, one in some.items()}
    grey = [one for name, scan in shaded.items() for one in grey_of(scan, views[name])]
    if grey:
        sources = dict.fromkeys(f"{one.experiment} [{one.reference}]" for one in grey)
        how = dict.fromkeys(_grey(scan) for scan in shaded.values())
        lines.append(f"Grey: excluded before{', '.join(filter(None, how))}, by {', '.join(sources)}.")
    return "\n".join(lines + _own(look, shared=any(len(panel) > 1 for panel in panels)))


def _own(look: FigureChoice, *, shared: bool) -> list[str]:
    """What curves of the user's are."""
    return [f"{OWN[shared][1]}, {one.style}: {one.label}." for one in look.curves]


def _grey(scan: Scan) -> str:
    """How earlier limits were recast, where that was computed."""
    said = str(scan.header.configuration["model"]["previous_limits"])
    if "computed_limits" not in scan.header.configuration["model"]:
        return ""
    kinds = {"visible": "visible decays", "computed": "all searches"}
    what = kinds.get(said.partition(":")[0], "the recast searches of the scan")
    return f" ({what}, recast to the charges of {scan.header.configuration['model']['name']})"


def title_of(scan: Scan, name: str) -> str:
    """Title of the panel of one scan: model and treatment, searches, what these mean for each other."""
    return "\n".join([name, *_searches([scan]), verdict_of(scan), *_cautions(scan)])


def title_of_several(scans: Mapping[str, Scan]) -> tuple[str, list[str]]:
    """Return the title of a panel that scans share, and what tells them apart."""
    kinds, head, names = list(kinds_of(scans).values()), [], names_of(scans)
    models, treatments = ([pair[i] for pair in kinds] for i in (0, 1))
    if len(set(kinds)) == len(kinds):
        if len(set(models)) == 1:
            head, names = [models[0]], treatments
        elif len(set(treatments)) == 1:
            head, names = [f"treatment: {treatments[0]}"], models
    said: dict[str, list[str]] = {}
    for name, scan in zip(names, scans.values(), strict=True):
        for line in (verdict_of(scan), *_cautions(scan)):
            said.setdefault(line, []).append(name)
    meant = [line if len(some) == len(names) else f"{', '.join(some)}: {line}" for line, some in said.items()]
    return "\n".join([*head, *_searches(list(scans.values())), *meant]), names


def _searches(scans: Sequence[Scan]) -> list[str]:
    """Lines of a title: which searches, at which levels, how measurements are read where that was chosen."""
    said = dict.fromkeys(
        ", ".join(filter(None, (one.header.configuration["searches"]["set"], _levels(one)))) for one in scans
    )
    read = dict.fromkeys(line for one in scans for line in _readings(one, chosen=True))
    return [f"searches: {'; '.join(said)}", *(f"measured: {one}" for one in read)]


def _cautions(scan: Scan) -> list[str]:
    """Line of a title: what the formulas leave out for the model, in short."""
    found = [one.partition(":")[0].partition(" (")[0] for one in cautions_of(scan)]
    return [f"caution: {'; '.join(dict.fromkeys(found))}"] if found else []


def _levels(scan: Scan) -> str:
    """Confidence levels that the limits of a scan mix."""
    levels = {one["confidence"] for one in scan.header.searches}
    parts = [f"{100 * level:.0f} %" for level in sorted(level for level in levels if level is not None)]
    if not parts:
        return "central values" if None in levels else ""
    text = f"{' and '.join(parts)} CL limits"
    converted = (one.get("published_confidence") for one in scan.header.searches)
    before = sorted({level for level in converted if level is not None})
    if before:
        found = " and ".join(f"{100 * level:.0f} %" for level in before)
        text += f" ({found} ones converted by a Gaussian factor)"
    return text + (" and central values" if None in levels else "")


def _readings(scan: Scan, *, chosen: bool = False) -> list[str]:
    """How measured branching fractions became limits, in words; or only where the scan file chose it."""
    known = {one.get("measurement", ""): one["confidence"] for one in scan.header.searches}
    own = scan.header.configuration["searches"].get("measurement")
    return [meaning(one, level) for one, level in known.items() if one and (not chosen or one == own)]
