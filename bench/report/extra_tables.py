"""What is not a model's forward, as Markdown: decoding, cold start and size, single kernels."""
from report.table import SHORT, markdown, milliseconds, share

COLD_GOALS = {"wall_ms": 70, "rss": 130e6, "bytes": 3e6}


def cold_start(found):
    """A row for each property, LibTorch's program beside Sconce's."""
    megabytes = lambda value: f"{value / 1e6:.1f}"
    properties = (("start to first logits, ms", "wall_ms", milliseconds), ("its CPU time, ms", "cpu_ms", milliseconds),
                  ("peak resident memory, MB", "rss", megabytes), ("program with its libraries, MB", "bytes", megabytes))
    rows = []
    for title, key, text in properties:
        ours, theirs = (found.get(name, {}).get(key) for name in ("sconce", "libtorch"))
        goal = text(COLD_GOALS[key]) if key in COLD_GOALS else ""
        rows.append([title, *("" if v is None else text(v) for v in (ours, theirs)), share(ours / theirs if ours and theirs else None), goal])
    return markdown(["resnet18, one thread", "Sconce", "LibTorch", "ratio", "goal"], ["---"] + ["---:"] * 4, rows)


def decoding(found):
    """Tokens a second; more is better. An engine whose tokens are others than the first one's is marked."""
    threads = sorted(found)
    engines = dict.fromkeys(name for count in threads for name in found[count])
    rows = []
    for name in engines:
        cells = []
        for count in threads:
            one = found[count].get(name)
            cells.append("" if one is None else f"{one['tokens_per_second']:.1f}" + ("" if one["same"] else " (other tokens)"))
        alone = found.get("1", {}).get(name)
        rows.append([SHORT.get(name, name), *cells, milliseconds(alone and alone["cpu_ms_per_token"])])
    return markdown(["GPT-2 124M, f32, batch 1: tokens/s", *(f"{t} thread{'s' * (t != '1')}" for t in threads), "CPU ms a token, 1 thread"],
                    ["---"] + ["---:"] * (len(threads) + 1), rows)


def loading(found):
    """Median ms from the file to touched tensors."""
    ways = (("torch.load", "plain"), ("torch.load(mmap=True)", "mmap"), ("Sconce, CRC-32 checked", "checked"), ("Sconce, unchecked", "unchecked"))
    rows = [[f"{model}, {one['megabytes']:.0f} MB", *(milliseconds(one[key]) for _, key in ways)] for model, one in found.items()]
    return markdown(["file", *(title for title, _ in ways)], ["---"] + ["---:"] * len(ways), rows)


def kernels(found):
    """One row for each kernel and shape, beside the multiply-add loop of the same process."""
    rows = [[f"{k['kernel']}, {k.get('weights', 'f32')}", k["shape"], milliseconds(k["ms"]), f"{k['gflops']:.1f}", f"{100 * k['of_peak']:.0f} %"] for k in found["kernels"]]
    table = markdown(["kernel", "shape", "ms", "GFLOP/s", "of the FMA loop"], ["---", "---", "---:", "---:", "---:"], rows)
    return f"{table}\n\nInstruction set {found['isa']}; the loop of multiply-adds reaches {found['peak_gflops']:.1f} GFLOP/s."


TABLES = {"loading": loading, "gpt2_decode": decoding, "cold_start": cold_start, "kernels": kernels}
