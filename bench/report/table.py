"""Results as Markdown."""
import names
from report.goals import goal

SHORT = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "torch": "PyTorch", "libtorch": "LibTorch", "llama.cpp": "llama.cpp"}


def milliseconds(value):
    """Three digits: 0.0271, 1.63, 71.8, 2827."""
    if value is None:
        return ""
    return f"{value:.{max(0, 2 - max(0, len(str(int(value))) - 1))}f}" if value >= 1 else f"{value:.3g}"


def share(value):
    return "" if value is None else f"{value:.2f}"


def markdown(head, align, rows):
    return "\n".join([f"| {' | '.join(head)} |", f"|{'|'.join(align)}|", *(f"| {' | '.join(row)} |" for row in rows)])


def title(model):
    return f"{model} ({names.NOTES[model]})" if model in names.NOTES else model


def ratios(results):
    """Sconce / best peer; a ratio below 1 means that Sconce is faster, and a bold one that it reached its goal."""
    rows = []
    for case in results.cases():
        model, batch, threads = case
        r = results.ratio(case)
        wanted = goal(model, batch, results.setup["add_pipes"])
        by_min = share(r.by_min)
        if r.by_min and wanted and r.by_min <= wanted:
            by_min = f"**{by_min}**"
        ours = f"{milliseconds(r.ours['min_ms'])} / {milliseconds(r.ours['median_ms'])}" if r.ours else "not there yet"
        peer = (SHORT.get(r.peer["engine"], r.peer["engine"]), f"{milliseconds(r.peer['min_ms'])} / "
                f"{milliseconds(r.peer_by_median['median_ms'])}") if r.peer else ("", "")
        rows.append([title(model), str(batch), str(threads), *peer, ours, by_min, share(r.by_median), share(r.by_cpu),
                     share(wanted)])
    return markdown(["model", "batch", "threads", "best peer", "its ms, min / median", "Sconce's", "ratio of min", "of median", "of CPU time",
                     "goal"], ["---", "---:", "---:", "---", *["---:"] * 6], rows)


def everyone(results):
    """The least ms of every engine, and Sconce's eager forward against PyTorch's."""
    engines = [name for name in names.ENGINES if any(row["engine"] == name for row in results.rows)]
    rows = []
    for case in results.cases():
        found = results.of(case)
        cells = [milliseconds(found[name]["min_ms"]) if name in found else "" for name in engines]
        pair = found.get("sconce eager"), found.get("torch")
        cells.append(share(pair[0]["min_ms"] / pair[1]["min_ms"]) if all(pair) else "")
        rows.append([case[0], str(case[1]), str(case[2]), *cells])
    head = ["model", "batch", "threads", *(SHORT.get(name, name) for name in engines), "eager / PyTorch eager"]
    return markdown(head, ["---"] + ["---:"] * (len(head) - 1), rows)


def errors(results):
    """The largest difference from float64 that each engine shows anywhere."""
    worst = {}
    for row in results.rows:
        worst[row["engine"]] = max(worst.get(row["engine"], (0, "")), (row["error"], row["model"]))
    return ", ".join(f"{SHORT.get(engine, engine)} {error:.1e} ({model})" for engine, (error, model) in worst.items())


def setup(results):
    s = results.setup
    dates = sorted({row["date"] for row in results.rows})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    versions = ", ".join(f"{name} {version}" for name, version in s["versions"].items())
    rounds = sorted({row["rounds"] for row in results.rows})
    return (f"{s['cpu']}, {s['isa']}, {s['cores']} cores; {versions}; Sconce {s['commit']}; {when}; `{s['command'].strip()}`; "
            f"{' to '.join(map(str, rounds[:1] + rounds[-1:] if len(rounds) > 1 else rounds))} interleaved rounds; "
            f"the machine's load at the end was {s['load']}.")
