"""Measurements: rounds merged, the best peer found, ratios made. Knows neither processes nor Markdown."""
import dataclasses
import statistics

TOLERANCE = 1e-4  # max|d| / max|y| against PyTorch in float64, of any engine
OURS = ("sconce", "sconce eager")


def merge_rounds(rows, date):
    """One row for each engine and case: the least of the rounds' least, the median of their medians, the worst error."""
    groups = {}
    for row in rows:
        groups.setdefault((row["model"], row["batch"], row["threads"], row["engine"]), []).append(row)
    merged = []
    for (model, batch, threads, engine), rounds in groups.items():
        least = min(rounds, key=lambda row: row["min_ms"])
        row = {"model": model, "batch": batch, "threads": threads, "engine": engine, "rounds": len(rounds), "date": str(date)}
        row |= {name: min(r[name] for r in rounds) for name in ("min_ms", "first_ms", "load_ms", "cpu_min_ms", "prepare_ms")
                if name in least}
        row["median_ms"] = statistics.median(r["median_ms"] for r in rounds)
        row["error"] = max(r["error"] for r in rounds)
        row |= {name: least[name] for name in ("peak_rss_bytes", "plan_bytes", "isa", "format") if name in least}
        merged.append(row)
    return merged


@dataclasses.dataclass
class Ratio:
    """Sconce beside the best peer: by the least of all times, by the medians, by the CPU's own time (each may have another best)."""
    ours: dict | None  # the rows
    peer: dict | None
    peer_by_median: dict | None
    peer_by_cpu: dict | None

    @property
    def by_min(self):
        return self.ours and self.peer and self.ours["min_ms"] / self.peer["min_ms"]

    @property
    def by_median(self):
        return self.ours and self.peer and self.ours["median_ms"] / self.peer_by_median["median_ms"]

    @property
    def by_cpu(self):
        """With one thread only: it leaves out what neighbours take; with several it would count their waiting."""
        if self.ours and self.peer_by_cpu and self.ours["threads"] == 1 and "cpu_min_ms" in self.ours:
            return self.ours["cpu_min_ms"] / self.peer_by_cpu["cpu_min_ms"]


def sound(row):
    return row["error"] <= TOLERANCE


def merge_decoding(rows):
    """By threads and engine, the most tokens a second of all rounds, the least CPU time, and whether the tokens are those of the first engine."""
    out = {}
    for row in rows:
        engines = out.setdefault(str(row["threads"]), {})
        reference = next(iter(engines.values()), row)["tokens"]
        one = engines.setdefault(row["engine"], {name: row[name] for name in ("tokens_per_second", "cpu_ms_per_token", "tokens")})
        one.setdefault("same", True)
        one["tokens_per_second"] = max(one["tokens_per_second"], row["tokens_per_second"])
        one["cpu_ms_per_token"] = min(one["cpu_ms_per_token"], row["cpu_ms_per_token"])
        one["same"] = one["same"] and row["tokens"] == reference
    return out


class Results:
    """`rows`: of whole models. `extras`: by name what is measured in other ways: gpt2_decode, cold_start, kernels."""

    def __init__(self, setup, rows, extras=None):
        self.setup, self.rows, self.extras = setup, rows, extras or {}

    def cases(self):
        """(model, batch, threads), in the order of measuring."""
        return list(dict.fromkeys((row["model"], row["batch"], row["threads"]) for row in self.rows))

    def of(self, case):
        """By engine, the rows of one case."""
        return {row["engine"]: row for row in self.rows if (row["model"], row["batch"], row["threads"]) == case}

    def ratio(self, case, ours="sconce"):
        """A peer whose output is wrong is no peer, and a wrong Sconce has no ratio."""
        engines = {name: row for name, row in self.of(case).items() if sound(row)}
        peers = [row for name, row in engines.items() if name not in OURS]
        least = lambda name: min((row for row in peers if name in row), key=lambda row: row[name], default=None)
        return Ratio(engines.get(ours), least("min_ms"), least("median_ms"), least("cpu_min_ms"))

    def wrong(self):
        """The rows, as text, whose output is not PyTorch's."""
        return [f"{r['engine']} on {r['model']}, batch {r['batch']} ({r['error']:.1e})" for r in self.rows if not sound(r)]

    def replace(self, newer):
        """These results with the newer ones' cases in place of their own; all new if they come from another machine or versions."""
        if any(self.setup.get(key) != newer.setup.get(key) for key in ("cpu", "cores", "versions")):
            return newer
        cases = set(newer.cases())
        kept = [row for row in self.rows if (row["model"], row["batch"], row["threads"]) not in cases]
        return Results(newer.setup, kept + newer.rows, self.extras | newer.extras)
