"""Where results end up: README.md between its markers, chart.svg, and results.json for the next, narrower run."""
import json

from report import chart, extra_tables, table
from report.goals import goal
from report.results import Results


def sections(results):
    """By marker, what README.md shows."""
    out = {}
    if results.rows:
        drawing = "![Sconce's time as a share of the best peer's](chart.svg)\n\n" if any(bars(results)) else ""
        out["ratios"] = drawing + table.ratios(results) + "\n\n" + table.setup(results)
        out["engines"] = table.everyone(results) + "\n\nLargest max|d| / max|y| against float64: " + table.errors(results) + "."
    return out | {name: extra_tables.TABLES[name](found) for name, found in results.extras.items()}


def tables(results):
    return "\n\n".join(sections(results).values())


def between_markers(text, marker, content):
    """The text with what stands between <!-- marker --> and <!-- /marker --> replaced; the pair is appended when missing."""
    begin, end = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    if begin not in text or end not in text:
        return f"{text.rstrip()}\n\n{begin}\n{content}\n{end}\n" if text else f"{begin}\n{content}\n{end}\n"
    return text[:text.index(begin) + len(begin)] + f"\n{content}\n" + text[text.index(end):]


def bars(results):
    """What the chart shows: every case that has a ratio."""
    for case in results.cases():
        model, batch, threads = case
        ratio = results.ratio(case).by_min
        if ratio:
            label = model if batch == 1 else f"{model}, batch {batch}"
            yield label, threads, ratio, goal(model, batch, results.setup["add_pipes"])


def write(folder, results):
    """Takes up what an earlier run left there, and writes all three files."""
    saved = folder / "results.json"
    if saved.exists():
        old = json.loads(saved.read_text())
        results = Results(old["setup"], old["rows"], old["extras"]).replace(results)
    saved.write_text(json.dumps({"setup": results.setup, "rows": results.rows, "extras": results.extras}, indent=1) + "\n")
    readme = folder / "README.md"
    text = readme.read_text() if readme.exists() else ""
    for marker, content in sections(results).items():
        text = between_markers(text, marker, content)
    readme.write_text(text)
    drawn = list(bars(results))
    if drawn:
        (folder / "chart.svg").write_text(chart.svg(drawn, "Sconce's time / the best peer's (shorter is faster)"))
