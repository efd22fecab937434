#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The peers of src/embed, with their best settings: sentence-transformers and ONNX Runtime.

    peers.py export MODEL FOLDER                       make the ONNX graphs, check their vectors
    peers.py serve KIND MODEL THREADS PASSAGES QUERIES answer tests/bench/embed_run.py
    peers.py first KIND MODEL THREADS TEXT             one vector, as soon as possible

KIND is "st" (sentence-transformers) or "ort:GRAPH" (ONNX Runtime and a .onnx file). PASSAGES and
QUERIES are files of texts, each ended by a NUL. `serve` speaks the protocol of bench_embed.c: a
command a line on standard input, an answer of JSON a line on standard output. What ONNX Runtime
does not need is not imported for it: its start and its memory are its own.
"""

import json
import math
import pathlib
import sys
import time

import numpy as np

TOKENS_MAX = 256
HEADS = 12
LAYERS = 6


def say(answer):
    print(json.dumps(answer), flush=True)


def read_texts(path):
    return pathlib.Path(path).read_bytes().decode().split("\0")[:-1]


def peak_kb():
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


class SentenceTransformers:
    """encode() sorts by length and runs under inference_mode by itself."""

    def __init__(self, model, threads):
        import torch
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        import transformers
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        from sentence_transformers import SentenceTransformer
        started = time.monotonic()
        self.model = SentenceTransformer(model, device="cpu")
        self.open_seconds = time.monotonic() - started
        self.batch = 32

    def embed(self, texts):
        return self.model.encode(texts, batch_size=self.batch, show_progress_bar=False)

    def gemm(self):
        """What torch's own library does in one product: the best of two shapes, in GFLOP/s."""
        import torch
        best = 0.0
        for rows, inner, columns in ((512, 384, 1536), (2048, 2048, 2048)):
            a, b = torch.rand(rows, inner), torch.rand(inner, columns)
            for _ in range(6):
                started = time.perf_counter()
                torch.mm(a, b)
                seconds = time.perf_counter() - started
                best = max(best, 2e-9 * rows * inner * columns / seconds)
        return best


class OnnxRuntime:
    """Sorted by length, so that a batch pads little; all graph optimisations."""

    def __init__(self, model, threads, graph):
        import onnxruntime
        import tokenizers
        started = time.monotonic()
        self.tokenizer = tokenizers.Tokenizer.from_file(str(pathlib.Path(model, "tokenizer.json")))
        self.tokenizer.enable_truncation(TOKENS_MAX)
        self.tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(graph, options,
                                                    providers=["CPUExecutionProvider"])
        self.open_seconds = time.monotonic() - started
        self.batch = 32

    def embed(self, texts):
        if isinstance(texts, str):
            ids = np.array([self.tokenizer.encode(texts).ids], dtype=np.int64)
            return self.run(ids, np.ones_like(ids))[0]
        encoded = [item.ids for item in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(texts)), key=lambda i: -len(encoded[i]))
        vectors = np.empty((len(texts), 384), dtype=np.float32)
        for first in range(0, len(order), self.batch):
            part = order[first:first + self.batch]
            ids = np.zeros((len(part), len(encoded[part[0]])), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, i in enumerate(part):
                ids[row, :len(encoded[i])] = encoded[i]
                mask[row, :len(encoded[i])] = 1
            vectors[part] = self.run(ids, mask)
        return vectors

    def run(self, ids, mask):
        return self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]


def make_peer(kind, model, threads):
    if kind == "st":
        return SentenceTransformers(model, threads)
    return OnnxRuntime(model, threads, kind.removeprefix("ort:"))


def serve(kind, model, threads, passages, queries):
    peer = make_peer(kind, model, int(threads))
    passages, queries = read_texts(passages), read_texts(queries)
    say({"open_seconds": peer.open_seconds})
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "passages":
            started = time.perf_counter()
            peer.embed(passages)
            say({"seconds": time.perf_counter() - started})
        elif command == "queries":
            first, count = map(int, arguments)
            seconds = []
            for text in queries[first:first + count]:
                started = time.perf_counter()
                peer.embed(text)
                seconds.append(time.perf_counter() - started)
            say({"seconds": seconds})
        elif command == "vectors":
            texts, path = arguments
            np.asarray(peer.embed(read_texts(texts)), dtype="<f4").tofile(path)
            say({})
        elif command == "batch":
            peer.batch = int(arguments[0])
            say({})
        elif command == "gemm":
            say({"gflops": peer.gemm()})
        elif command == "memory":
            say({"peak_kb": peak_kb()})
        else:
            sys.exit(f"peers.py: unknown command {command}")


def first(kind, model, threads, text):
    peer = make_peer(kind, model, int(threads))
    peer.embed(text)
    say({"now": time.monotonic(), "open_seconds": peer.open_seconds})


def make_encoder(model):
    """BertModel and mean pooling from the same safetensors, the products and reshapes in the order
    in which ONNX Runtime's optimiser knows attention (the graph of transformers 5 it does not)."""
    import safetensors.torch
    import torch
    from torch.nn import functional

    weights = safetensors.torch.load_file(str(pathlib.Path(model, "model.safetensors")))

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name, weight in weights.items():
                if weight.is_floating_point():
                    self.register_buffer(name.replace(".", "_"), weight)

        def of(self, name):
            return getattr(self, name.replace(".", "_"))

        def linear(self, x, name):
            return functional.linear(x, self.of(name + ".weight"), self.of(name + ".bias"))

        def norm(self, x, name):
            return functional.layer_norm(x, (384,), self.of(name + ".weight"),
                                         self.of(name + ".bias"), 1e-12)

        def attention(self, x, mask, layer):
            def heads(name):
                y = self.linear(x, f"{layer}.attention.self.{name}")
                return y.view(y.size(0), y.size(1), HEADS, 384 // HEADS).permute(0, 2, 1, 3)

            scores = torch.matmul(heads("query"), heads("key").transpose(-1, -2))
            scores = scores / math.sqrt(384 // HEADS) + mask
            y = torch.matmul(torch.softmax(scores, dim=-1), heads("value"))
            y = y.permute(0, 2, 1, 3).contiguous()
            y = y.view(y.size(0), y.size(1), 384)
            y = self.linear(y, f"{layer}.attention.output.dense")
            return self.norm(y + x, f"{layer}.attention.output.LayerNorm")

        def forward(self, input_ids, attention_mask):
            mask = attention_mask.unsqueeze(1).unsqueeze(2).to(torch.float32)
            mask = (1.0 - mask) * -10000.0
            words = functional.embedding(input_ids, self.of("embeddings.word_embeddings.weight"))
            places = self.of("embeddings.position_embeddings.weight")[:input_ids.size(1)]
            kind = self.of("embeddings.token_type_embeddings.weight")[0]
            x = self.norm(words + kind + places, "embeddings.LayerNorm")
            for number in range(LAYERS):
                layer = f"encoder.layer.{number}"
                x = self.attention(x, mask, layer)
                y = functional.gelu(self.linear(x, f"{layer}.intermediate.dense"))
                x = self.norm(self.linear(y, f"{layer}.output.dense") + x,
                              f"{layer}.output.LayerNorm")
            kept = attention_mask.unsqueeze(-1).to(torch.float32)
            y = (x * kept).sum(1) / kept.sum(1)
            return functional.normalize(y, dim=1)

    return Encoder().eval()


CHECK_TEXTS = ("", "grace and works", "In the beginning was the Word. " * 60,
               "Die Würde des Menschen, 日本語", "And the earth was without form, and void.")


def export(model, folder):
    """FOLDER/plain.onnx as torch exports it, FOLDER/fused.onnx after ONNX Runtime's optimiser for
    transformers. Both must agree with sentence-transformers, or there is nothing to compare."""
    import torch
    from onnxruntime.transformers.optimizer import optimize_model
    plain, fused = (str(pathlib.Path(folder, name)) for name in ("plain.onnx", "fused.onnx"))
    ids = torch.ones(2, 9, dtype=torch.int64)
    dynamic = {0: "batch", 1: "tokens"}
    with torch.inference_mode():
        torch.onnx.export(make_encoder(model), (ids, torch.ones_like(ids)), plain, dynamo=False,
                          opset_version=17, input_names=["input_ids", "attention_mask"],
                          output_names=["vectors"],
                          dynamic_axes={"input_ids": dynamic, "attention_mask": dynamic,
                                        "vectors": {0: "batch"}})
    optimised = optimize_model(plain, model_type="bert", num_heads=HEADS, hidden_size=384,
                               opt_level=0)
    optimised.save_model_to_file(fused)
    wanted = SentenceTransformers(model, 1).embed(list(CHECK_TEXTS))
    answer = {"operators": optimised.get_fused_operator_statistics()}
    for path in (plain, fused):
        got = OnnxRuntime(model, 1, path).embed(list(CHECK_TEXTS))
        worst = float((got * wanted).sum(axis=1).min())
        answer[pathlib.Path(path).stem] = worst
        if not worst > 0.99999:
            sys.exit(f"peers.py: {path} does not agree with sentence-transformers: cosine {worst}")
    say(answer)


def main():
    actions = {"export": export, "serve": serve, "first": first}
    if len(sys.argv) < 2 or sys.argv[1] not in actions:
        sys.exit(__doc__)
    actions[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
