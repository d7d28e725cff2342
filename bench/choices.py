#!/usr/bin/env python3
"""How many multiple-choice questions a compressed SmolLM2-135M-Instruct still answers as the f32 model does.

Two sets: 281 questions of MMLU (from the package lm-eval), where a model of this size is little better than chance, and
500 simple facts that the f32 model knows. The answer is the choice with the highest log-likelihood behind the question.

    choices.py                       f32 and ovenbird's bakes
    choices.py --all                 every variant of quality.py; it makes what is missing
    choices.py --judge FOLDER ...    f32 and these
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
    seen, result = {}, []
    count = len(tokenizer.encode(question["prompt"], add_special_tokens=False).ids)
    for choice in question["choices"]:
        ids = np.array(tokenizer.encode(f"{question['prompt']} {choice}", add_special_tokens=False).ids, np.int64)
        asked, answer = ids[:-1][-quality.WINDOW:], ids[count:]
        if asked.tobytes() not in seen:
            seen = {asked.tobytes(): graph.log_probabilities(asked)}
        rows = seen[asked.tobytes()][-len(answer):]
        result.append(float(rows[np.arange(len(answer)), answer].sum(dtype=np.float64)))
    return result


def chosen(graph, tokenizer, questions):
    """The index of the choice that each question gets."""
    return [int(np.argmax(log_likelihoods(graph, tokenizer, question))) for question in questions]


def graph_of(folder):
    """The folder's dynamic graph where it was kept, which spares a short question the whole window: the same weights."""
    dynamic = folder / "intermediate_dynamic"
    return Graph(dynamic if (dynamic / GRAPH).exists() else folder)


def share(flags):
    return sum(flags) / max(len(flags), 1)


def figures_of(answers, float_answers, questions, known):
    """Accuracies, and the shares of questions that get the f32 model's choice."""
    right = {name: [own == question["answer"] for own, question in zip(answers[name], questions[name])] for name in questions}
    same = [own == other for own, other in zip(answers["mmlu"], float_answers["mmlu"])]
    return {"mmlu": share(right["mmlu"]), "mmlu_as_f32": share(same),
            "facts": share([right["facts"][index] for index in known])}


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
    questions = {"mmlu": mmlu_questions(options.work), "facts": choice_facts.generated_questions()}
    cache = quality.Cache(options.work / "quality" / "choices.json")
    print(*(f"{len(asked)} questions of {name}" for name, asked in questions.items()), sep=", ", flush=True)

    def ask(path):
        def answers():
            graph = graph_of(path)
            return {name: chosen(graph, tokenizer, asked) for name, asked in questions.items()}
        return cache.get(path, quality.digest(questions), answers)

    float_answers = ask(quality.reference_xml(options).parent)
    known = [index for index, (own, question) in enumerate(zip(float_answers["facts"], questions["facts"]))
             if own == question["answer"]]
    print(f"the f32 model knows {len(known)} of {len(questions['facts'])} facts", flush=True)
    known = known[:KNOWN]
    results = {"f32": figures_of(float_answers, float_answers, questions, known)}
    for name, folder in folders(options):
        results[name] = figures_of(ask(folder), float_answers, questions, known)
        print(name, results[name], flush=True)
    measure.print_table(["model", "MMLU", "chosen as f32 does", "facts"],
                        [[name, *(f"{value:.3f}" for value in figures.values())] for name, figures in results.items()])
    measure.write_json(options.json, {"mmlu_questions": len(questions["mmlu"]), "facts": len(known), "results": results})


if __name__ == "__main__":
    main()
