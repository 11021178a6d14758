#!/usr/bin/env python3
"""The tables, ratios and the chart of the bench, with made-up numbers: needs neither the peers nor Sconce."""
import json
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent), str(HERE.parent / "against")]
from report import chart, extra_tables, goals, machine, page, table  # noqa: E402
from report.results import Results, merge_decoding, merge_rounds  # noqa: E402

SETUP = {"cpu": "A CPU", "isa": "AVX2", "cores": 2, "add_pipes": True, "load": 0.1, "versions": {"torch": "2.15.0"}, "commit": "abc",
         "command": "make bench"}


def row(engine, least, median=None, model="resnet18", threads=1, batch=1, error=1e-6):
    return {"engine": engine, "model": model, "batch": batch, "threads": threads, "min_ms": least, "first_ms": 2 * least,
            "load_ms": 3, "median_ms": median or least, "error": error}


def results(*rows):
    return Results(SETUP, merge_rounds(rows, "2026-01-02"))


CASE = ("resnet18", 1, 1)


class Merging(unittest.TestCase):
    def test_rounds_become_one_row(self):
        merged = merge_rounds([row("torch", 5, 9), row("torch", 4, 8, error=3e-6), row("torch", 6, 30)], "2026-01-02")
        self.assertEqual(len(merged), 1)
        self.assertEqual((merged[0]["min_ms"], merged[0]["median_ms"], merged[0]["error"], merged[0]["rounds"]), (4, 9, 3e-6, 3))

    def test_cases_stay_apart(self):
        found = results(row("torch", 5), row("torch", 3, threads=2), row("torch", 50, batch=16))
        self.assertEqual(found.cases(), [("resnet18", 1, 1), ("resnet18", 1, 2), ("resnet18", 16, 1)])


class Ratios(unittest.TestCase):
    def test_best_peer_by_min_and_by_median_may_differ(self):
        ratio = results(row("torch", 10, 12), row("openvino", 8, 16), row("sconce", 4, 6)).ratio(CASE)
        self.assertEqual((ratio.peer["engine"], ratio.peer_by_median["engine"]), ("openvino", "torch"))
        self.assertEqual((ratio.by_min, ratio.by_median), (0.5, 0.5))

    def test_cpu_time_counts_with_one_thread(self):
        busy = [row("torch", 90) | {"cpu_min_ms": 10}, row("openvino", 80) | {"cpu_min_ms": 12}, row("sconce", 70) | {"cpu_min_ms": 5}]
        self.assertEqual(results(*busy).ratio(CASE).by_cpu, 0.5)
        self.assertIsNone(results(*(r | {"threads": 2} for r in busy)).ratio(("resnet18", 1, 2)).by_cpu)

    def test_eager_sconce_is_no_peer(self):
        ratio = results(row("sconce eager", 1), row("torch", 10), row("sconce", 5)).ratio(CASE)
        self.assertEqual((ratio.peer["engine"], ratio.by_min), ("torch", 0.5))

    def test_wrong_outputs_do_not_count(self):
        found = results(row("openvino", 1, error=2e-4), row("torch", 10), row("sconce", 5))
        self.assertEqual(found.ratio(CASE).by_min, 0.5)
        self.assertEqual(len(found.wrong()), 1)
        self.assertIsNone(results(row("torch", 10), row("sconce", 5, error=float("inf"))).ratio(CASE).by_min)

    def test_not_a_number_is_wrong(self):
        self.assertEqual(len(results(row("torch", 10, error=float("nan"))).wrong()), 1)

    def test_without_sconce_or_peers_there_is_none(self):
        self.assertIsNone(results(row("torch", 10)).ratio(CASE).by_min)
        self.assertIsNone(results(row("sconce", 10)).ratio(CASE).by_median)


class Replacing(unittest.TestCase):
    def test_a_narrow_run_replaces_its_cases(self):
        old = results(row("torch", 10), row("torch", 7, threads=2), row("openvino", 9))
        both = old.replace(results(row("torch", 11)))
        self.assertEqual(sorted((r["engine"], r["threads"], r["min_ms"]) for r in both.rows), [("torch", 1, 11), ("torch", 2, 7)])

    def test_other_versions_replace_all(self):
        old = results(row("torch", 10, model="vgg16"))
        new = Results(SETUP | {"versions": {"torch": "2.16.0"}}, results(row("torch", 9)).rows)
        self.assertEqual(old.replace(new).cases(), [CASE])


class Tables(unittest.TestCase):
    def test_milliseconds_have_three_digits(self):
        values = (0.02714, 0.5, 1.634, 9.999, 71.84, 318.4, 2827.3, None)
        self.assertEqual([table.milliseconds(v) for v in values], ["0.0271", "0.5", "1.63", "10.00", "71.8", "318", "2827", ""])

    def test_a_reached_goal_is_bold(self):
        text = table.ratios(results(row("torch", 10), row("sconce", 4)))
        self.assertIn("| resnet18 | 1 | 1 | PyTorch | 10.0 / 10.0 | 4.00 / 4.00 | **0.40** | 0.40 |  | 0.40 |", text)
        self.assertIn("| 0.41 | 0.41 |  | 0.40 |", table.ratios(results(row("torch", 10), row("sconce", 4.1))))

    def test_what_is_missing_is_said(self):
        self.assertIn("not there yet", table.ratios(results(row("torch", 10))))

    def test_eager_beside_eager(self):
        text = table.everyone(results(row("torch", 10), row("sconce eager", 8)))
        self.assertIn("| model | batch | threads | PyTorch | sconce eager | eager / PyTorch eager |", text)
        self.assertTrue(text.endswith("| resnet18 | 1 | 1 | 10.0 | 8.00 | 0.80 |"))

    def test_every_row_has_as_many_cells_as_the_head(self):
        found = results(row("torch", 10), row("openvino", 3, model="lstm"), row("sconce", 2, model="lstm", threads=2))
        for text in (table.ratios(found), table.everyone(found)):
            self.assertEqual(len({line.count("|") for line in text.splitlines()}), 1)

    def test_the_setup_is_named(self):
        text = table.setup(results(row("torch", 10)))
        for part in ("A CPU", "torch 2.15.0", "abc", "2026-01-02", "make bench"):
            self.assertIn(part, text)


class Extras(unittest.TestCase):
    def test_decoding_keeps_the_best_round_and_compares_tokens(self):
        one = lambda engine, speed, tokens: {"engine": engine, "threads": 1, "tokens_per_second": speed, "cpu_ms_per_token": 900 / speed,
                                              "tokens": tokens}
        found = merge_decoding([one("transformers", 10, [1, 2]), one("sconce", 30, [1, 2]), one("llama.cpp", 25, [1, 3]),
                                one("transformers", 12, [1, 2])])
        text = extra_tables.decoding(found)
        self.assertIn("| transformers | 12.0 | 75.0 |", text)
        self.assertIn("| sconce | 30.0 | 30.0 |", text)
        self.assertIn("| llama.cpp | 25.0 (other tokens) | 36.0 |", text)

    def test_cold_start_with_and_without_the_peer(self):
        ours = {"wall_ms": 60, "cpu_ms": 55, "rss": 100e6, "bytes": 2.5e6}
        both = extra_tables.cold_start({"sconce": ours, "libtorch": {"wall_ms": 600, "cpu_ms": 900, "rss": 500e6, "bytes": 450e6}})
        self.assertIn("| start to first logits, ms | 60.0 | 600 | 0.10 | 70.0 |", both)
        self.assertIn("| peak resident memory, MB | 100.0 | 500.0 | 0.20 | 130.0 |", both)
        self.assertIn("| start to first logits, ms | 60.0 |  |  | 70.0 |", extra_tables.cold_start({"sconce": ours}))

    def test_loading(self):
        text = extra_tables.loading({"vgg16": {"megabytes": 553, "plain": 400, "mmap": 50, "checked": 60, "unchecked": 40}})
        self.assertIn("| vgg16, 553 MB | 400 | 50.0 | 60.0 | 40.0 |", text)

    def test_kernels(self):
        text = extra_tables.kernels({"isa": "avx2", "peak_gflops": 100, "kernels": [
            {"kernel": "gemm", "shape": "197x768x768", "ms": 2.5, "gflops": 95, "of_peak": 0.95}]})
        self.assertIn("| gemm, f32 | 197x768x768 | 2.50 | 95.0 | 95 % |", text)


class Goals(unittest.TestCase):
    def test_by_kind_of_cpu(self):
        self.assertEqual((goals.goal("resnet50", 1, True), goals.goal("resnet50", 1, False)), (0.58, 0.78))
        self.assertEqual(goals.goal("resnet50", 16, True), 0.70)
        self.assertIsNone(goals.goal("resnet18", 16, True))
        self.assertIsNone(goals.goal("unheard", 1, True))

    def test_cpus_with_add_pipes(self):
        self.assertTrue(machine.has_add_pipes({"vendor_id": "AuthenticAMD", "cpu family": "25"}))
        self.assertFalse(machine.has_add_pipes({"vendor_id": "AuthenticAMD", "cpu family": "23"}))
        self.assertFalse(machine.has_add_pipes({"vendor_id": "GenuineIntel", "cpu family": "6"}))

    def test_a_vague_name_gets_its_family(self):
        info = {"model name": "AMD EPYC", "cpu family": "25", "model": "1"}
        self.assertEqual(machine.cpu_name(info), "AMD EPYC (family 0x19, model 0x1)")
        self.assertEqual(machine.cpu_name({"model name": "AMD EPYC 7763", "cpu family": "25", "model": "1"}), "AMD EPYC 7763")


class Chart(unittest.TestCase):
    def test_it_is_xml_with_a_bar_for_each(self):
        text = chart.svg([("a<b", 1, 0.5, 0.4), ("a<b", 2, 0.6, 0.4), ("c", 1, 3.0, None)], "caption & more")
        root = xml.fromstring(text)
        space = "{http://www.w3.org/2000/svg}"
        widths = [float(r.get("width")) for r in root.iter(space + "rect") if int(r.get("y")) >= chart.TOP]
        self.assertEqual(len(widths), 3)
        self.assertAlmostEqual(widths[0] / widths[1], 0.5 / 0.6, places=2)
        self.assertAlmostEqual(widths[2], chart.WIDTH, places=1)  # cut, with its number beside it
        self.assertIn("3.00", text)
        self.assertIn("prefers-color-scheme: dark", text)

    def test_bars_lie_inside(self):
        root = xml.fromstring(chart.svg([("m", t, 0.5, 0.5) for t in (1, 2)] * 1, "c"))
        space = "{http://www.w3.org/2000/svg}"
        for r in root.iter(space + "rect"):
            self.assertLessEqual(int(r.get("y")) + int(r.get("height")), int(root.get("height")))


class Page(unittest.TestCase):
    def test_only_what_stands_between_the_markers_changes(self):
        text = "top\n<!-- ratios -->\nold\n<!-- /ratios -->\nbottom\n"
        self.assertEqual(page.between_markers(text, "ratios", "new"), "top\n<!-- ratios -->\nnew\n<!-- /ratios -->\nbottom\n")

    def test_missing_markers_are_appended(self):
        self.assertEqual(page.between_markers("top\n", "x", "new"), "top\n\n<!-- x -->\nnew\n<!-- /x -->\n")

    def test_a_narrower_run_keeps_the_rest(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            page.write(folder, results(row("torch", 10), row("sconce", 4), row("torch", 90, model="vgg16"), row("sconce", 45, model="vgg16")))
            page.write(folder, results(row("torch", 10), row("sconce", 5)))
            text = (folder / "README.md").read_text()
            self.assertIn("| vgg16 | 1 | 1 | PyTorch | 90.0 / 90.0 | 45.0 / 45.0 | 0.50 |", text)
            self.assertIn("| 5.00 / 5.00 | 0.50 |", text)
            self.assertNotIn("4.00 / 4.00", text)
            page.write(folder, Results(SETUP, [], {"cold_start": {"sconce": {"wall_ms": 60, "cpu_ms": 5, "rss": 1e8, "bytes": 2e6}}}))
            text = (folder / "README.md").read_text()
            self.assertIn("| start to first logits, ms | 60.0 |", text)
            self.assertEqual(text.count("<!-- ratios -->"), 1)
            self.assertEqual(len(json.loads((folder / "results.json").read_text())["rows"]), 4)
            self.assertEqual(text.count("](chart.svg)"), 1)
            xml.parse(folder / "chart.svg")


unittest.main()
