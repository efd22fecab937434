# SPDX-License-Identifier: Apache-2.0
"""Targets and the table of tools/bench-embed: what embed_run.py found, for people."""

NAMES = {"f32": "grove f32", "reduced": "grove reduced", "st": "sentence-transformers",
         "ort": "ONNX Runtime f32"}

# What is asked of src/embed: text, unit, at least or at most, limit.
THROUGHPUT = (("passages f32/st", "f32 against sentence-transformers", 1.5),
              ("passages f32/ort", "f32 against ONNX Runtime f32", 1.2),
              ("passages reduced/f32", "reduced against f32", 2.0))
LINEAR_SHARE = 0.85
QUERY_MS = {"f32": 4.0, "reduced": 1.5}
QUERY_RATIO = 4.0
COLD_MS = 100.0
COSINE_F32, COSINE_REDUCED, COSINE_REDUCED_PROSE = 0.99999, 0.98, 0.995
OVERLAP = 0.97
QUIET_CORES = 0.1  # others may keep busy before times mean little


def verdict(text, value, unit, least=None, most=None):
    met = value >= least if least is not None else value <= most
    return {"text": text, "value": value, "unit": unit, "at_least": least, "at_most": most,
            "met": bool(met)}


def verdicts(found):
    rows = []
    for run in found["runs"]:
        threads = f"{run['threads']} thread" + ("s" if run["threads"] > 1 else "")
        for key, text, limit in THROUGHPUT:
            rows.append(verdict(f"passages, {threads}: {text}", run["ratios"][key], "x", limit))
        rows.append(verdict(f"linear layers, {threads}: f32, share of the best GEMM",
                            run["participants"]["f32"]["share_of_gemm"], "", LINEAR_SHARE))
    one = found["runs"][0]
    for name, limit in QUERY_MS.items():
        rows.append(verdict(f"query p50, 1 thread: {name}",
                            one["participants"][name]["query_p50_ms"], "ms", most=limit))
    rows.append(verdict("query p50, 1 thread: f32 against sentence-transformers",
                        one["ratios"]["query f32/st"], "x", QUERY_RATIO))
    for name in QUERY_MS:
        rows.append(verdict(f"cold start: {name}, process start to first vector",
                            found["cold"][name]["first_vector_ms"], "ms", most=COLD_MS))
    return rows + accuracy_verdicts(found["accuracy"])


def accuracy_verdicts(accuracy):
    rows = []
    golden = accuracy["golden"]
    if golden:
        rows = [verdict("cosine to the reference: f32, worst line", golden["f32"]["worst"], "",
                        COSINE_F32),
                verdict("cosine to the reference: reduced, worst line of prose",
                        golden["reduced"]["worst_prose"], "", COSINE_REDUCED_PROSE),
                verdict("cosine to the reference: reduced, worst line",
                        golden["reduced"]["worst"], "", COSINE_REDUCED)]
    return rows + [verdict("top-10 overlap of searches: reduced with f32",
                           accuracy["search"]["overlap"], "", OVERLAP)]


def print_table(lines):
    """The first column to the left, the others to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("  ".join(cells).rstrip())


def show_run(run):
    print(f"\n{run['threads']} THREAD{'S' if run['threads'] > 1 else ''}: best GEMM "
          f"{run['gemm_gflops']:.1f} GFLOP/s ({run['hellos']['gemm']['library']}); torch's best "
          f"{run['torch_gemm_gflops']:.1f}; other programs kept {run['foreign_cores']:.2f} cores "
          "busy\n")
    lines = [("", "passages/s", "tokens/s", "GFLOP/s", "of GEMM", "of torch's", "query p50", "p95",
              "p99 ms", "peak MB")]
    for name, one in run["participants"].items():
        lines.append((NAMES[name], f"{one['passages_per_second']:.1f}",
                      f"{one['tokens_per_second']:,.0f}", f"{one['gflops']:.1f}",
                      f"{100 * one['share_of_gemm']:.0f} %",
                      f"{100 * one['share_of_torch_gemm']:.0f} %", f"{one['query_p50_ms']:.2f}",
                      f"{one['query_p95_ms']:.2f}", f"{one['query_p99_ms']:.2f}",
                      f"{one['peak_mb']:.0f}"))
    print_table(lines)
    settings = run["settings"]
    print(f"\nsentence-transformers: batches of {settings['st']['batch']}, inference_mode, sorted "
          f"by length, {run['threads']} intra-op; ONNX Runtime: batches of "
          f"{settings['ort']['batch']}, sorted by length, all optimisations, graph "
          f"{settings['ort']['graph']}, {run['threads']} intra-op")


def show_accuracy(found):
    print("\nVECTORS AND STARTS\n")
    golden, cold = found["accuracy"]["golden"], found["cold"]
    lines = [("", "worst cosine", "worst of prose", "first vector ms", "open ms")]
    for name in NAMES:
        cosines = ("", "")
        if golden:
            cosines = (f"{golden[name]['worst']:.6f}", f"{golden[name]['worst_prose']:.6f}")
        lines.append((NAMES[name], *cosines, f"{cold[name]['first_vector_ms']:.1f}",
                      f"{cold[name]['open_ms']:.1f}"))
    print_table(lines)
    search = found["accuracy"]["search"]
    if golden:
        print(f"\n{golden['lines']} lines of reference, {golden['prose_lines']} of them prose",
              end="")
    print(f"\noverlap of the nearest 10 among {found['texts']['searched']} passages: "
          f"{search['overlap']:.4f} over {search['queries']} queries, "
          f"at least {search['worst_query']:.1f}")


def show_number(value, unit):
    text = f"{value:.6f}" if unit == "" and value > 0.9 else f"{value:.2f}"
    return f"{text} {unit}".strip()


def show(found):
    machine, texts = found["machine"], found["texts"]
    first = found["runs"][0]["hellos"]
    print(f"\n{machine['cpu']}, {machine['cores']} cores, load average "
          f"{machine['load_average']:.1f} at the start; {texts['passages']} passages of "
          f"{texts['tokens'] / texts['passages']:.0f} tokens; {found['rounds']} rounds, medians")
    for name in ("f32", "reduced"):
        print(f"{NAMES[name]}: {first[name]['model']}, kernels {first[name]['kernels']}")
    for run in found["runs"]:
        show_run(run)
    show_accuracy(found)
    print("\nTARGETS\n")
    lines = []
    for row in found["verdicts"]:
        least = row["at_least"] is not None
        limit = row["at_least"] if least else row["at_most"]
        lines.append((row["text"], show_number(row["value"], row["unit"]),
                      f"{'>=' if least else '<='} {limit:g} {row['unit']}".strip(),
                      "met" if row["met"] else "MISSED"))
    print_table(lines)
    if any(run["foreign_cores"] > QUIET_CORES for run in found["runs"]):
        print("\nThe machine was not quiet: times and shares of the GEMM are not to be quoted, and "
              "the\nverdicts that rest on them are for this run only.")
    missed = sum(not row["met"] for row in found["verdicts"])
    print(f"\n{len(found['verdicts']) - missed} targets met, {missed} missed")
