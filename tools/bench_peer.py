"""Measures another runtime for `ovenbird bench --compare`: a request a line on standard input, an answer a line.

Arguments: openvino-genai FOLDER SETTINGS, or llama.cpp FILE.gguf SETTINGS; settings are a JSON object of device properties.
Request: {"prompt": [ids], "new_tokens": N}. Answer: {"first_ms": …, "token_ms": [N - 1 values], "peak_mb": …}.
"""
import json
import os
import sys
import time

# Libraries print what they like; only answers go where answers are read.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


class OpenVinoGenAI:
    def __init__(self, folder, settings):
        import openvino_genai
        self.pipeline = openvino_genai.LLMPipeline(folder, "CPU", **settings)
        self.config = openvino_genai.GenerationConfig()
        self.config.ignore_eos, self.config.do_sample = True, False
        self.version = openvino_genai.__version__

    def measure(self, prompt, new_tokens):
        import numpy
        import openvino
        self.config.max_new_tokens = new_tokens
        result = self.pipeline.generate(openvino.Tensor(numpy.array([prompt])), self.config)
        raw = result.perf_metrics.raw_metrics
        return result.perf_metrics.get_ttft().mean, [microseconds / 1000 for microseconds in raw.m_durations]


class LlamaCpp:
    def __init__(self, file, settings):
        import llama_cpp
        self.model = llama_cpp.Llama(file, n_ctx=2048, n_threads=os.cpu_count(), n_threads_batch=os.cpu_count(),
                                     verbose=False, **settings)
        self.version = llama_cpp.__version__

    def measure(self, prompt, new_tokens):
        import numpy
        self.model.reset()
        times = [time.perf_counter()]
        tokens = prompt
        for _ in range(new_tokens):
            self.model.eval(tokens)
            tokens = [int(numpy.argmax(self.model.eval_logits[-1] if self.model._logits_all else self.logits()))]
            times.append(time.perf_counter())
        return (times[1] - times[0]) * 1000, [(end - begin) * 1000 for begin, end in zip(times[1:], times[2:])]

    def logits(self):
        import llama_cpp
        import numpy
        pointer = llama_cpp.llama_get_logits_ith(self.model.ctx, -1)
        return numpy.ctypeslib.as_array(pointer, shape=(self.model.n_vocab(),))


def peak_mb():
    """The largest resident memory of this program; rusage would count the process that started it too."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def answer(values):
    print(json.dumps(values), file=answers, flush=True)


def main():
    kind, model, settings = sys.argv[-3:]
    started = time.perf_counter()
    try:
        peer = {"openvino-genai": OpenVinoGenAI, "llama.cpp": LlamaCpp}[kind](model, json.loads(settings))
    except Exception as error:  # whatever it is, it is what the user has to hear
        answer({"error": f"{type(error).__name__}: {error}"})
        return
    answer({"load_s": time.perf_counter() - started, "version": str(peer.version)})
    for line in sys.stdin:
        request = json.loads(line)
        first_ms, token_ms = peer.measure(request["prompt"], request["new_tokens"])
        answer({"first_ms": first_ms, "token_ms": token_ms, "peak_mb": peak_mb()})


main()
