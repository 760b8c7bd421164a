#!/usr/bin/env python3
"""How long cells take in a Rust notebook: a new kernel of "Rust (automl)", its first table, and the cells after it.

    ~/.cache/automl/notebook/jupyter/bin/python experiments/bench/notebook.py [--repeats 5] [--kernel automl] [--out FILE]

wants `automl kernel install`; `--kernel automl-full`, whose cells use polars and burn too, wants it with `--full`. Each repeat starts a kernel anew, in an empty folder with the titanic table, and runs the same
cells; every cell must succeed. Seconds are from sending a cell to the kernel's being idle again, medians over the repeats; the
search is of six trials of quick families, and its time is not the notebook's.
"""

import argparse
import json
import pathlib
import platform
import shutil
import statistics
import sys
import tempfile
import time

from jupyter_client.manager import KernelManager

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "titanic" / "train.csv"
# (what a person does, the cell, whether its time is the notebook's)
CELLS = [
    ("use", "use automl::{Search, Study, Table};", True),
    ("first table", 'let table = Table::read("train.csv")?;\ntable', True),
    ("arithmetic", "1 + 1", True),
    ("a variable", "let columns = table.columns();\ncolumns.len()", True),
    ("search", 'let study = Search::new("train.csv", "Survived").families(&["constant", "linear", "gbdt"]).trials(6).run()?;\nstudy', False),
    ("leaderboard", "study.leaderboard()?", True),
    ("a figure", 'study.figure("history")?', True),
    ("another figure", 'study.figure("families")?', True),
    ("a trial", "study.trial(2)?", True),
    ("the model", "study.model()?", True),
    ("the study, opened again", 'let again = Study::open("runs/train")?;\nagain', True),
    ("a loop", "let mut names = Vec::new();\nfor trial in again.leaderboard()?.trials() { names.push(trial.number()); }\nnames", True),
]
# What the full kernel's cells do besides.
FULL = [
    ("use polars and burn", "use automl::polars::prelude::*;\nuse automl::burn::tensor::{Device, Tensor};\nuse automl::{FrameExt, read_frame};", True),
    ("a frame read", 'let frame = read_frame("train.csv")?;\nframe', True),
    ("a frame prepared", 'let by_class = frame.lazy().group_by([col("Pclass")]).agg([len(), col("Fare").mean()]).sort(["Pclass"], Default::default()).collect()?;\nby_class', True),
    ("a frame as a table", 'let saved = by_class.to_table("by_class.parquet")?;\nsaved', True),
    ("a tensor", "let device = Device::flex().autodiff();\nlet w = Tensor::<1>::from_floats([1.0, 2.0], &device).require_grad();\nlet loss = (w.clone() * w.clone()).sum();", True),
    ("a gradient", "let gradients = loss.backward();\nw.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap()", True),
]


def run_cell(client, code):
    """Seconds, mime types shown and errors of a cell."""
    shown, errors = [], []

    def hear(message):
        kind, content = message["msg_type"], message["content"]
        if kind in ("execute_result", "display_data"):
            shown.extend(content["data"])
        elif kind == "error":
            errors.append("\n".join(content["traceback"]))
        elif kind == "stream" and content["name"] == "stderr":  # an error that a cell returns
            errors.append(content["text"])

    started = time.perf_counter()
    reply = client.execute_interactive(code, output_hook=hear, timeout=600, allow_stdin=False)
    seconds = time.perf_counter() - started
    if reply["content"]["status"] != "ok" or errors:
        sys.exit(f"a cell failed:\n{code}\n\n" + "\n".join(errors))
    return seconds, shown


def one_kernel(kernel, cells):
    """Seconds of the kernel's start and of each cell."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(DATA, folder)
        manager = KernelManager(kernel_name=kernel)
        started = time.perf_counter()
        manager.start_kernel(cwd=folder)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=600)
            times = [("kernel start", time.perf_counter() - started)]
            for name, code, _ in cells:
                seconds, shown = run_cell(client, code)
                print(f"  {name}: {seconds:.2f} s {sorted(set(shown))}", file=sys.stderr)
                times.append((name, seconds))
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--kernel", default="automl")
    parser.add_argument("--out", type=pathlib.Path)
    given = parser.parse_args()
    cells = CELLS + FULL if given.kernel == "automl-full" else CELLS
    runs = [dict(one_kernel(given.kernel, cells)) for _ in range(given.repeats)]
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    own = [name for name, _, is_own in cells if is_own]
    later = [run[name] for run in runs for name in own[2:]]
    result = {
        "kernel": given.kernel, "repeats": given.repeats, "machine": platform.platform(),
        "kernel_start": medians["kernel start"],
        "use_to_first_table": statistics.median(run["use"] + run["first table"] for run in runs),
        "later_cells": statistics.median(later), "slowest_later_cell": max(later), "cells": medians,
    }
    print(json.dumps(result, indent=2))
    if given.out:
        given.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
