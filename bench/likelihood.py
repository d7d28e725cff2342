"""Log-probabilities of a model's graph on the CPU in f32, and how far one model's are from another's."""
import hashlib
import math
import os
import pathlib
import shutil

import numpy as np
import openvino as ov

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0", "KV_CACHE_PRECISION": "f32"}
GRAPH = "openvino_model.xml"


class Graph:
    """A graph with logits for every row, or the path of its file or folder: a window, or a decoder that keeps its state."""

    def __init__(self, model):
        core = ov.Core()
        if isinstance(model, (str, pathlib.Path)):
            path = pathlib.Path(model)
            model = core.read_model(path / GRAPH if path.is_dir() else path)
        self.compiled = core.compile_model(model, "CPU", EXACT)
        self.request = self.compiled.create_infer_request()
        self.inputs = [port.any_name for port in self.compiled.inputs]
        length = self.compiled.input("input_ids").partial_shape[1]
        self.window = length.get_length() if length.is_static else None
        self.stateful = bool(self.request.query_state())

    def log_probabilities(self, ids):
        """f32 [len(ids), vocabulary]; shorter texts than a static window are padded behind their end."""
        count, window = len(ids), self.window or len(ids)
        if count > window:
            raise SystemExit(f"{count} tokens, but the graph's window has {window}: bake with --seq-len {count}")
        feed = {"input_ids": np.pad(ids, (0, window - count))[None],
                "attention_mask": (np.arange(window) < count).astype(np.int64)[None],
                "position_ids": np.arange(window, dtype=np.int64)[None], "beam_idx": np.zeros(1, np.int32)}
        unknown = [name for name in self.inputs if name not in feed]
        if unknown:
            raise SystemExit(f"the graph has the input {unknown[0]}: a window without cache is needed")
        if self.stateful:
            self.request.reset_state()
        logits = self.request.infer({name: feed[name] for name in self.inputs})["logits"][0]
        if len(logits) < window:
            raise SystemExit("the graph has logits for its last row only: bake with --all-logits")
        return log_softmax(logits[:count])

    def log_likelihoods(self, prompt, answers):
        """Sums of the log-probabilities of answers (lists of int64 [tokens]) behind int64 prompt [tokens]."""
        if self.window:
            return [sum_of(self.log_probabilities(np.concatenate([prompt, answer[:-1]])[-self.window:])[-len(answer):], answer)
                    for answer in answers]
        longest = max(map(len, answers)) - 1
        ids = np.stack([np.pad(answer[:-1], (0, longest - len(answer) + 1)) for answer in answers])
        real = np.arange(longest)[None] < np.array([len(answer) - 1 for answer in answers])[:, None]
        prompts = np.tile(prompt, (len(answers), 1))
        if not self.stateful:
            rows = self._run(np.concatenate([prompts, ids], axis=1), real, 0, np.arange(len(answers)))[:, len(prompt) - 1:]
            return [sum_of(log_softmax(own[:len(answer)]), answer) for own, answer in zip(rows, answers)]
        # The prompt once; beam_idx then gives its state to every answer.
        self.request.reset_state()
        first = self._run(prompt[None], np.ones((1, 0), bool), 0, [0])[:, -1:]
        sums = [sum_of(log_softmax(first[0]), answer[:1]) for answer in answers]
        if longest:
            rows = self._run(ids, real, len(prompt), [0] * len(answers))
            sums = [begun + sum_of(log_softmax(own[:len(answer) - 1]), answer[1:])
                    for begun, own, answer in zip(sums, rows, answers)]
        return sums

    def _run(self, ids, real, past, beams):
        """Logits of ids [batch, tokens] behind past tokens; real, bool [batch, tail], tells padding at the end."""
        batch, count = ids.shape
        ahead = past + count - real.shape[1]
        mask = np.concatenate([np.ones((batch, ahead), np.int64), real.astype(np.int64)], axis=1)
        feed = {"input_ids": ids, "attention_mask": mask, "beam_idx": np.array(beams, np.int32),
                "position_ids": np.tile(np.arange(past, past + count), (batch, 1))}
        return self.request.infer({name: feed[name] for name in self.inputs})["logits"]


def log_softmax(logits):
    """Of f32 [rows, vocabulary]."""
    logits = logits - logits.max(axis=-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return logits


def sum_of(rows, answer):
    return float(rows[np.arange(len(answer)), answer].sum(dtype=np.float64))


class Reference:
    """The f32 model's log-probabilities, kept in a folder of 50 MB a window: reading them is faster than computing."""

    def __init__(self, xml, folder):
        state = pathlib.Path(xml).stat()
        self.xml, self.graph = xml, None
        self.folder = folder / f"{state.st_size}_{state.st_mtime_ns}"
        if not self.folder.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of another export
            self.folder.mkdir(parents=True)

    def log_probabilities(self, ids):
        path = self.folder / f"{hashlib.sha256(ids.tobytes()).hexdigest()[:16]}.npy"
        if not path.exists():
            self.graph = self.graph or Graph(self.xml)
            unfinished = path.with_suffix(f".{os.getpid()}")
            with open(unfinished, "wb") as file:
                np.save(file, self.graph.log_probabilities(ids))
            unfinished.rename(path)
        return np.load(path)


class Score:
    """Sums over windows of how far a model is from the reference."""

    def __init__(self):
        self.kl = self.nll = 0.0
        self.same = self.rows = self.predicted = 0

    def add(self, reference, own, ids):
        """reference and own are f32 [len(ids), vocabulary]; own may be the reference itself."""
        if own is not reference:
            self.kl += float(np.einsum("ij,ij->i", np.exp(reference), reference - own).sum(dtype=np.float64))
        self.nll -= float(own[np.arange(len(ids) - 1), ids[1:]].sum(dtype=np.float64))
        self.same += int((reference.argmax(-1) == own.argmax(-1)).sum())
        self.rows += len(ids)
        self.predicted += len(ids) - 1

    def add_score(self, other):
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def figures(self):
        """KL in nats a token, perplexity, and the share of rows whose first token is the reference's."""
        return {"kl": self.kl / self.rows, "perplexity": math.exp(self.nll / self.predicted), "top1": self.same / self.rows}


def judge(reference, graphs, texts):
    """Figures of graphs ({name: Graph, or the reference itself}) on texts ({name: int64 [windows, tokens]}).

    Returns {graph's name: {text's name, or "all": figures}}.
    """
    result = {}
    totals = {name: Score() for name in graphs}
    for text, windows in texts.items():
        scores = {name: Score() for name in graphs}
        for ids in windows:
            expected = reference.log_probabilities(ids)
            for name, graph in graphs.items():
                scores[name].add(expected, expected if graph is reference else graph.log_probabilities(ids), ids)
        for name, score in scores.items():
            result.setdefault(name, {})[text] = score.figures()
            totals[name].add_score(score)
    return {name: {**result[name], "all": totals[name].figures()} for name in graphs}
