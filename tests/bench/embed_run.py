#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures src/embed beside its peers; tools/bench-embed calls this with the Python of the peers.

Each participant is a process of its own (bench_embed.c, peers.py) that answers commands. They take
turns, and all but the one whose turn it is are stopped, so that what disturbs the machine disturbs
all alike; ratios are taken within a round, and the median of the rounds counts.
"""

import argparse
import datetime
import gzip
import json
import os
import pathlib
import random
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from embed_table import show, verdicts

HERE = pathlib.Path(__file__).resolve().parent
DIMENSION = 384
LAYERS, HIDDEN, INNER = 6, 384, 1536
# Of the linear layers: four products with [384][384] and two with [384][1536] in each layer.
FLOPS_PER_TOKEN = LAYERS * (4 * HIDDEN * HIDDEN + 2 * HIDDEN * INNER) * 2

ROUND_QUERIES = 200
WARM_QUERIES = 20
QUERY_TOKENS = range(3, 13)  # without [CLS] and [SEP]
TUNED_BATCHES = (8, 16, 32, 64)
TUNE_SECONDS = 12
COLD_RUNS = 5
TOP = 10
ANSWER_SECONDS_MAX = 180
FROZEN_SECONDS = 4  # a wait of one second that takes longer: we were stopped
OURS = ("f32", "reduced")


class Failure(Exception):
    """Something could not be measured; its text says what and why."""


BEGAN = time.monotonic()


def say(text):
    print(f"grove bench-embed: {time.monotonic() - BEGAN:3.0f} s: {text}", file=sys.stderr,
          flush=True)


def setting(name, default, least):
    value = os.environ.get(name) or str(default)
    if not value.isdigit() or int(value) < least:
        raise Failure(f"{name} must be a number of at least {least}, not \"{value}\"")
    return int(value)


# --- participants --------------------------------------------------------------------------------

def environment(threads):
    """Libraries start no more threads than are measured; nothing is fetched."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
    return {**os.environ, **{name: str(threads) for name in names}, "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1", "PYTHONWARNINGS": "ignore"}


class Participant:
    """A process that answers each line with a line of JSON; stopped while others work."""

    freezes = 0  # how often the whole run was stopped from outside

    def __init__(self, command, threads, log):
        self.command = [str(part) for part in command]
        self.log = open(log, "w+", encoding="utf-8")
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stderr=self.log,
                                        stdout=subprocess.PIPE, text=True,
                                        env=environment(threads))
        self.hello = self.answer()
        self.process.send_signal(signal.SIGSTOP)

    def wait(self):
        """True when there is an answer. Counts seconds in which this program ran: when all of it
        was stopped from outside (Ctrl-Z, a sleeping laptop), that is noted, not held against it."""
        for _ in range(ANSWER_SECONDS_MAX):
            began = time.monotonic()
            # One line answers one command, so nothing is ever left in the reader's buffer.
            ready = select.select([self.process.stdout], [], [], 1)[0]
            if time.monotonic() - began > FROZEN_SECONDS:
                Participant.freezes += 1
            if ready:
                return True
        return False

    def answer(self):
        if not self.wait():
            raise Failure(f"{' '.join(self.command[:4])} ... has not answered in "
                          f"{ANSWER_SECONDS_MAX} s: is it stopped, or the machine too busy?")
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.log.seek(0)
            raise Failure(f"{' '.join(self.command[:4])} ... ended with status "
                          f"{self.process.returncode}: {self.log.read().strip()[-1500:]}")
        return json.loads(line)

    def ask(self, *words):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # answer() tells why it ended
        answer = self.answer()
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def cpu_seconds(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="latin-1")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()


class Bench:
    """Paths, texts, and the participants that are running."""

    def __init__(self, options, folder):
        self.options, self.folder = options, pathlib.Path(folder)
        self.rounds = setting("GROVE_BENCH_ROUNDS", 5, 1)
        self.running = []
        self.logs = 0

    def path(self, name):
        return self.folder / name

    def write_texts(self, name, texts):
        self.path(name).write_bytes(b"".join(text.encode() + b"\0" for text in texts))
        return self.path(name)

    def command(self, mode, name, threads, graph="fused"):
        options = self.options
        if name == "gemm":
            return [options.program, "gemm", threads]
        if name in OURS:
            return [options.program, mode, options.model, name, threads]
        kind = "st" if name == "st" else f"ort:{options.graphs / (graph + '.onnx')}"
        return [sys.executable, "-B", HERE / "peers.py", mode, kind, options.model, threads]

    def start(self, name, threads, passages="passages", graph="fused"):
        command = self.command("serve", name, threads, graph)
        if name != "gemm":
            command += [self.path(passages), self.path("queries")]
        self.logs += 1
        participant = Participant(command, threads, self.path(f"log-{self.logs}"))
        self.running.append(participant)
        return participant

    def end(self):
        for participant in self.running:
            participant.end()
        self.running.clear()


# --- texts ---------------------------------------------------------------------------------------

def read_corpus(path):
    with open(path, "rb") as file:
        magic = file.read(2)
    opened = gzip.open if magic == b"\x1f\x8b" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        bodies = [json.loads(line).get("body") for line in lines if line.strip()]
    bodies = [body.replace("\0", " ") for body in bodies if body]
    if not bodies:
        raise Failure(f"{path} has no line with a \"body\"")
    return bodies


def spread(items, count):
    """`count` of the items, evenly spread; all when there are no more."""
    count = min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]


def make_queries(bodies, counts_of, wanted):
    """Runs of words of passages, no two alike, of 3 to 12 tokens."""
    source = random.Random(384)
    found = {}
    while len(found) < wanted:
        candidates = []
        for _ in range(2 * wanted):
            words = source.choice(bodies).split()
            first, length = source.randrange(len(words)), source.randint(1, 11)
            candidates.append(" ".join(words[first:first + length]))
        before = len(found)
        for text, count in zip(candidates, counts_of(candidates)):
            if count - 2 in QUERY_TOKENS:
                found.setdefault(text, count)
        if len(found) == before:
            raise Failure(f"the corpus is too small for {wanted} different queries")
    return dict(list(found.items())[:wanted])


def prepare_texts(bench):
    bodies = read_corpus(bench.options.corpus)
    passages = spread(bodies, setting("GROVE_BENCH_PASSAGES", 128, 16))
    bench.write_texts("passages", passages)
    bench.write_texts("queries", ["grace"])
    bench.write_texts("tune", spread(passages, 64))
    bench.write_texts("warm", passages[:16])
    searched = spread(bodies, setting("GROVE_BENCH_SEARCHED", 1000, 100))
    bench.write_texts("searched", searched)
    ours = bench.start("f32", 1)

    def counts_of(texts):
        return ours.ask("counts", bench.write_texts("counted", texts))["tokens"]

    queries = make_queries(bodies, counts_of, WARM_QUERIES + bench.rounds * ROUND_QUERIES)
    texts = {"passages": len(passages), "tokens": sum(counts_of(passages)),
             "searched": len(searched), "queries": len(queries),
             "tokens_per_query": statistics.mean(queries.values())}
    bench.end()
    bench.write_texts("queries", queries)
    return texts


# --- rounds --------------------------------------------------------------------------------------

def tune(bench, name, threads):
    """Finds the peer's fastest batch size, and for ONNX Runtime its faster graph."""
    peer = bench.start(name, threads, "tune")
    peer.ask("vectors", bench.path("warm"), bench.path("scratch"))
    seconds = {}
    started = time.monotonic()
    for _ in range(2):
        for batch in TUNED_BATCHES:
            peer.ask("batch", batch)
            took = peer.ask("passages")["seconds"]
            seconds[batch] = min(seconds.get(batch, took), took)
        if time.monotonic() - started > TUNE_SECONDS:
            break
    found = {"batch": min(seconds, key=seconds.get), "graph": None,
             "seconds_by_batch": seconds}
    if name == "ort":
        found["graph"] = "fused"
        plain = bench.start(name, threads, "tune", "plain")
        plain.ask("vectors", bench.path("warm"), bench.path("scratch"))
        took = {"fused": [], "plain": []}
        for _ in range(2):
            for graph, participant in (("fused", peer), ("plain", plain)):
                participant.ask("batch", found["batch"])
                took[graph].append(participant.ask("passages")["seconds"])
        found["seconds_by_graph"] = {graph: min(times) for graph, times in took.items()}
        found["graph"] = min(found["seconds_by_graph"], key=found["seconds_by_graph"].get)
    bench.end()
    return found


def percentile(values, percent):
    """By the nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def busy_seconds():
    """Of all processors, for whatever program."""
    fields = pathlib.Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    user, nice, system, _, _, irq, softirq = map(int, fields[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


class Disturbance:
    """How many processors other programs kept busy while the participants were measured."""

    def __init__(self, participants):
        self.participants = participants
        self.before, self.started = self.others(), time.monotonic()

    def others(self):
        own = sum(os.times()[:2])
        return busy_seconds() - own - sum(one.cpu_seconds() for one in self.participants)

    def cores(self):
        return max(0.0, (self.others() - self.before) / (time.monotonic() - self.started))


def run_round(participants, names, number):
    """Seconds of all passages, percentiles of the queries, and what the GEMM did beside."""
    order = names[number % len(names):] + names[:number % len(names)]
    found = {"passages": {}, "queries": {}}
    for name in order:
        if name == "f32":
            found["gemm"] = participants["gemm"].ask("gemm")
            found["torch_gemm"] = participants["st"].ask("gemm")
        found["passages"][name] = participants[name].ask("passages")["seconds"]
    for name in order:
        first = WARM_QUERIES + number * ROUND_QUERIES
        times = participants[name].ask("queries", first, ROUND_QUERIES)["seconds"]
        found["queries"][name] = {f"p{percent}": percentile(times, percent) * 1000
                                  for percent in (50, 95, 99)}
    return found


def run_rounds(bench, participants, names):
    """The rounds, without those during which the run was stopped from outside."""
    rounds = []
    while len(rounds) < bench.rounds:
        freezes = Participant.freezes
        found = run_round(participants, names, len(rounds))
        if Participant.freezes == freezes:
            rounds.append(found)
        else:
            say("was stopped from outside: measuring this round again")
    return rounds


def measure_threads(bench, threads, texts, last):
    """All participants at one number of threads."""
    say(f"{threads} thread{'s' if threads > 1 else ''}: finding the peers' best settings")
    tuned = {name: tune(bench, name, threads) for name in ("st", "ort")}
    names = ["f32", "reduced", "st", "ort"]
    participants = {name: bench.start(name, threads, graph=tuned.get(name, {}).get("graph"))
                    for name in names}
    participants["gemm"] = bench.start("gemm", threads)
    hellos = {name: participant.hello for name, participant in participants.items()}
    for name in names:
        if name in tuned:
            participants[name].ask("batch", tuned[name]["batch"])
        participants[name].ask("vectors", bench.path("warm"), bench.path("scratch"))
        participants[name].ask("queries", 0, WARM_QUERIES)
    say(f"{threads} thread{'s' if threads > 1 else ''}: {bench.rounds} rounds")
    disturbance = Disturbance(participants.values())
    rounds = run_rounds(bench, participants, names)
    found = {"threads": threads, "settings": tuned, "hellos": hellos, "rounds": rounds,
             "foreign_cores": disturbance.cores(), "freezes": Participant.freezes}
    found["participants"] = {name: summarise(rounds, name, texts) for name in names}
    for name in names:
        found["participants"][name]["peak_mb"] = \
            participants[name].ask("memory")["peak_kb"] / 1024
    for key in ("gemm", "torch_gemm"):
        found[f"{key}_gflops"] = statistics.median(one[key]["gflops"] for one in rounds)
    found["ratios"] = ratios(rounds)
    if last:
        say("comparing vectors")
        found["accuracy"] = measure_accuracy(bench, participants, names)
    bench.end()
    return found


def summarise(rounds, name, texts):
    """Medians of the rounds. The GEMM of a round is the best product of that round."""
    seconds = [one["passages"][name] for one in rounds]
    work = texts["tokens"] * FLOPS_PER_TOKEN * 1e-9
    middle = statistics.median(seconds)
    found = {"passages_per_second": texts["passages"] / middle,
             "tokens_per_second": texts["tokens"] / middle, "gflops": work / middle}
    for key in ("gemm", "torch_gemm"):
        found[f"share_of_{key}"] = statistics.median(
            work / one["passages"][name] / one[key]["gflops"] for one in rounds)
    for percent in ("p50", "p95", "p99"):
        found[f"query_{percent}_ms"] = statistics.median(
            one["queries"][name][percent] for one in rounds)
    return found


def ratios(rounds):
    """How many times faster the first is: medians of the rounds' own ratios."""
    found = {}
    for first, second in (("f32", "st"), ("f32", "ort"), ("reduced", "f32"), ("reduced", "st"),
                          ("reduced", "ort")):
        found[f"passages {first}/{second}"] = statistics.median(
            one["passages"][second] / one["passages"][first] for one in rounds)
        found[f"query {first}/{second}"] = statistics.median(
            one["queries"][second]["p50"] / one["queries"][first]["p50"] for one in rounds)
    return found


# --- accuracy ------------------------------------------------------------------------------------

def is_prose(text):
    """Ordinary prose: at least 5 words, at least half of them different, and at least 95 of 100
    characters are letters of ASCII, spaces and the marks of sentences."""
    words = text.split()
    plain = sum(c.isascii() and c.isalpha() or c in " .,;:!?'\"-()\u2018\u2019\u201c\u201d"
                for c in text)
    return len(words) >= 5 and len(set(words)) * 2 >= len(words) and plain >= 0.95 * len(text)


def vectors_of(bench, participant, texts):
    path = bench.path("vectors")
    participant.ask("vectors", bench.path(texts), path)
    return np.fromfile(path, dtype="<f4").reshape(-1, DIMENSION).astype(np.float64)


def compare_golden(bench, participants, names):
    with open(bench.options.golden, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    bench.write_texts("golden", [line["text"] for line in lines])
    wanted = np.array([line["vector"] for line in lines])
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    prose = np.array([is_prose(line["text"]) for line in lines])
    found = {"lines": len(lines), "prose_lines": int(prose.sum())}
    for name in names:
        got = vectors_of(bench, participants[name], "golden")
        cosines = (got * wanted).sum(axis=1) / np.linalg.norm(got, axis=1)
        worst = int(cosines.argmin())
        found[name] = {"worst": float(cosines[worst]), "worst_text": lines[worst]["text"][:60],
                       "worst_prose": float(cosines[prose].min()),
                       "mean": float(cosines.mean())}
    return found


def compare_searches(bench, participants):
    """Of each query's nearest 10 passages in f32, the part that the reduced mode also finds."""
    nearest = {}
    for name in OURS:
        passages = vectors_of(bench, participants[name], "searched")
        scores = vectors_of(bench, participants[name], "queries") @ passages.T
        nearest[name] = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
    common = [len(set(a) & set(b)) / TOP for a, b in zip(nearest["f32"], nearest["reduced"])]
    return {"queries": len(common), "overlap": float(np.mean(common)),
            "worst_query": float(min(common))}


def measure_accuracy(bench, participants, names):
    found = {"golden": None, "search": compare_searches(bench, participants)}
    if bench.options.golden.exists():
        found["golden"] = compare_golden(bench, participants, names)
    else:
        say(f"{bench.options.golden} is not there: vectors are not compared with the reference")
    return found


# --- cold start ----------------------------------------------------------------------------------

def start_cold(command):
    """Milliseconds from before the process exists to its first vector, and of opening alone."""
    started = time.monotonic()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env=environment(1), check=False)
    if done.returncode != 0:
        raise Failure(f"{command[0]} {command[1]} ended with status {done.returncode}: "
                      f"{done.stderr.strip()[-1500:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return (answer["now"] - started) * 1000, answer["open_seconds"] * 1000


def measure_cold(bench, graph):
    say("cold starts")
    names = ["f32", "reduced", "st", "ort"]
    commands = {name: bench.command("first", name, 1, graph) + ["grace and works"]
                for name in names}
    for name in names:  # files into the page cache, and what is stored beside the model
        start_cold(commands[name])
    times = {name: [] for name in names}
    for _ in range(COLD_RUNS):
        for name in names:
            times[name].append(start_cold(commands[name]))
    return {name: {"first_vector_ms": statistics.median(both[0] for both in found),
                   "open_ms": statistics.median(both[1] for both in found)}
            for name, found in times.items()}


# --- all of it -----------------------------------------------------------------------------------

def describe_machine():
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(("model name", "CPU part")):
            model = line.partition(":")[2].strip()
            break
    return {"cpu": model, "architecture": os.uname().machine,
            "cores": len(os.sched_getaffinity(0)), "kernel": os.uname().release,
            "load_average": os.getloadavg()[0],
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")}


def export_graphs(options):
    """Makes the ONNX files unless they are there; they appear in one step, checked."""
    if options.graphs.exists():
        return
    say(f"exporting the model to ONNX into {options.graphs} (once)")
    with tempfile.TemporaryDirectory(dir=options.graphs.parent, prefix=".onnx-") as folder:
        made = pathlib.Path(folder, "made")
        made.mkdir()
        done = subprocess.run([sys.executable, "-B", HERE / "peers.py", "export", options.model,
                               made], capture_output=True, text=True, env=environment(1),
                              check=False)
        if done.returncode != 0:
            raise Failure(f"the export to ONNX failed: {done.stderr.strip()[-1500:]}")
        (made / "export.json").write_text(done.stdout.splitlines()[-1] + "\n", encoding="utf-8")
        made.rename(options.graphs)


def measure_all(bench):
    machine = describe_machine()
    say(f"{machine['cpu']}, {machine['cores']} cores")
    if machine["load_average"] > 0.5:
        say(f"the load average is {machine['load_average']:.1f}: other programs disturb the "
            "times; believe ratios only")
    export_graphs(bench.options)
    texts = prepare_texts(bench)
    threads = [count for count in (1, 2) if count <= machine["cores"]]
    found = {"machine": machine, "texts": texts, "rounds": bench.rounds,
             "flops_per_token": FLOPS_PER_TOKEN, "runs": []}
    for count in threads:
        found["runs"].append(measure_threads(bench, count, texts, count == threads[-1]))
    found["accuracy"] = found["runs"][-1].pop("accuracy")
    found["cold"] = measure_cold(bench, found["runs"][0]["settings"]["ort"]["graph"])
    found["verdicts"] = verdicts(found)
    found["seconds"] = time.monotonic() - BEGAN
    return found


def parse_options():
    parser = argparse.ArgumentParser(description="measure src/embed beside its peers")
    for name in ("corpus", "model", "program", "graphs", "golden", "report"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    return parser.parse_args()


def main():
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="grove-bench-embed-") as folder:
        bench = None
        try:
            bench = Bench(options, folder)
            found = measure_all(bench)
        except Failure as failure:
            say(failure)
            return 1
        except KeyboardInterrupt:
            say("stopped")
            return 130
        finally:
            if bench:
                bench.end()
    temporary = options.report.with_suffix(".tmp")
    temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    temporary.replace(options.report)
    show(found)
    print(f"\n{found['seconds']:.0f} s; all figures in {options.report}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
