#!/usr/bin/env python3
"""How many multiple-choice questions a compressed SmolLM2-135M-Instruct still answers as the f32 model does.

Two sets: 281 questions of MMLU (from the package lm-eval), where a model of this size is little better than chance, and
500 simple facts that the f32 model knows. The answer is the choice with the highest log-likelihood behind the question.

    choices.py                       f32 and ovenbird's bakes
    choices.py --all                 every variant of quality.py; it makes what is missing
    choices.py --judge FOLDER ...    f32 and these; baked with --keep-intermediate they take a quarter of the time
"""
import json
import pathlib
import re
import subprocess
import sys
import zipfile

import numpy as np

import choice_facts
import measure
import quality
from likelihood import GRAPH, Graph

LM_EVAL = "lm-eval==0.4.13"
PROMPTS = "lm_eval/tasks/mmlu/flan_cot_fewshot/_cot_prompts.json"
MMLU = re.compile(r"Q: (.*?)\s\(A\) (.*?)\s\(B\) (.*?)\s\(C\) (.*?)\s\(D\) (.*?)\nA: .*The answer is \(([A-D])\)", re.DOTALL)
KNOWN = 500


def mmlu_questions(work):
    """The examples in lm-eval's prompts that have four choices, without their explanations: MMLU's development set."""
    folder = work / "packages" / "lm-eval"
    if not list(folder.glob("*.whl")):
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", folder,
                        LM_EVAL], check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        prompts = json.loads(wheel.read(PROMPTS))
    questions = []
    for subject, text in prompts.items():
        for part in re.split(r"\n\n(?=Q: )", text):
            found = MMLU.search(part)
            if found:
                question, *choices, letter = (group.strip() for group in found.groups())
                questions.append({"kind": subject, "prompt": f"Question: {question}\nAnswer:", "choices": choices,
                                  "answer": "ABCD".index(letter)})
    return questions


def log_likelihoods(graph, tokenizer, question):
    """Sums of the choices' log-probabilities; what does not fit a static window is cut from the question's beginning."""
    encode = lambda text: np.array(tokenizer.encode(text, add_special_tokens=False).ids, np.int64)
    prompt = encode(question["prompt"])
    answers = [encode(f"{question['prompt']} {choice}")[len(prompt):] for choice in question["choices"]]
    return graph.log_likelihoods(prompt, answers)


def chosen(graph, tokenizer, questions):
    """The index of the choice that each question gets."""
    return [int(np.argmax(log_likelihoods(graph, tokenizer, question))) for question in questions]


def graph_of(folder):
    """The folder's dynamic graph where it was kept, which spares a short question the whole window: the same weights."""
    dynamic = folder / "intermediate_dynamic"
    return Graph(dynamic if (dynamic / GRAPH).exists() else folder)


def known_facts(graph, tokenizer):
    """The first facts that the graph chooses rightly, at most KNOWN."""
    known = []
    for question in choice_facts.generated_questions():
        if len(known) < KNOWN and chosen(graph, tokenizer, [question]) == [question["answer"]]:
            known.append(question)
    return known


def export_with_cache(folder, output):
    """optimum-intel's f32 export that keeps its state: a prompt is computed once for all of its choices."""
    if not (output / GRAPH).exists():
        from optimum.intel import OVModelForCausalLM
        OVModelForCausalLM.from_pretrained(folder, export=True, compile=False, load_in_8bit=False).save_pretrained(output)
    return output


def share(flags):
    return sum(flags) / max(len(flags), 1)


def figures_of(answers, float_answers, questions):
    """Accuracies, and the share of MMLU's questions that get the f32 model's choice."""
    right = {name: share([own == question["answer"] for own, question in zip(answers[name], asked)])
             for name, asked in questions.items()}
    same = share([own == other for own, other in zip(answers["mmlu"], float_answers["mmlu"])])
    return {"mmlu": right["mmlu"], "mmlu_as_f32": same, "facts": right["facts"]}


def folders(options):
    """Yields (name, folder) of what is to be asked beside the f32 model."""
    if options.judge:
        yield from ((str(folder), folder) for folder in options.judge)
        return
    if not options.all:
        options.only = "ovenbird"
    for name, _by, _kind, _size, folder, _seconds in quality.all_folders(options):
        yield name, folder


def main():
    parser = quality.arguments(__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every variant of quality.py")
    parser.add_argument("--judge", nargs="+", type=pathlib.Path, metavar="FOLDER", help="only these")
    options = parser.parse_args()
    tokenizer = quality.tokenizer_of(options)
    questions = {"mmlu": mmlu_questions(options.work)}
    cache = quality.Cache(options.work / "quality" / "choices.json")
    reference = export_with_cache(measure.smollm2_folder(options.work), options.work / "optimum_f32_cache")
    state = quality.digest([choice_facts.generated_questions(), KNOWN])
    questions["facts"] = cache.get(reference, state, lambda: known_facts(Graph(reference), tokenizer))
    print(*(f"{len(asked)} questions of {name}" for name, asked in questions.items()), sep=", ", flush=True)

    def ask(folder):
        def answers():
            graph = graph_of(folder)
            return {name: chosen(graph, tokenizer, asked) for name, asked in questions.items()}
        return cache.get(folder, quality.digest(questions), answers)

    float_answers = cache.get(reference, quality.digest(questions), lambda: {
        "mmlu": chosen(Graph(reference), tokenizer, questions["mmlu"]), "facts": [asked["answer"] for asked in questions["facts"]]})
    results = {"f32": figures_of(float_answers, float_answers, questions)}
    print("f32", results["f32"], flush=True)
    for name, folder in folders(options):
        results[name] = figures_of(ask(folder), float_answers, questions)
        print(name, results[name], flush=True)
    measure.print_table(["model", "MMLU", "chosen as f32 does", "facts"],
                        [[name, *(f"{value:.3f}" for value in figures.values())] for name, figures in results.items()])
    measure.write_json(options.json, {"mmlu_questions": len(questions["mmlu"]), "facts": len(questions["facts"]),
                                      "results": results})


if __name__ == "__main__":
    main()
