"""A training step on flex, on libtorch and in PyTorch eager, side by side in one run.

    make libtorch                              # and a Python with torch 2.9.0, numpy
    LIBTORCH=... cargo bench --no-run --workspace --features libtorch --bench step
    python experiments/bench/step.py --bench target/release/deps/step-HASH --python venv/bin/python

Writes step.md and step.json beside this file. Each row of the table is measured in rounds, all contenders one after the
other within a round, so that a busy minute of the machine hits all; ratios are of medians over the rounds. A step is
forward, loss, backward and AdamW on one batch of one network (three hidden layers, ReLU, 32 columns, two classes), with
the batch gathered from a table in memory. `alone` is one network by itself, `population` five at once, as the folds of a
configuration train; both are quoted per step and network. `share` is what part of the time the step's multiplications
would take at the rate of the machine's matrix products: PyTorch's (MKL's) of the batch with a square matrix as wide as the
network, one process with one thread on each core that the step may use, all at once.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
WIDTHS, BATCHES = [64, 256, 512], [64, 256, 1024]
# Numeric columns of the table.
COLUMNS = 32
AT_RATE = "at the products' rate"


def lines(command):
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def multiplications(width, batch):
    """Of a step: forward, the gradients of all weights, and those of what goes into all layers but the first."""
    layers = [COLUMNS * width, width * width, width * width, width * 2]
    return batch * (3 * sum(layers) - layers[0])


def products(args, threads, width, batch):
    """Multiplications a microsecond of matrix products on `threads` cores at once."""
    command = [args.python, str(HERE / "step_pytorch.py"), "--product", "--threads", "1", "--width", str(width),
               "--batch", str(batch)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(threads)]
    micros = [json.loads(process.communicate()[0])["micros"] for process in running]
    return sum(batch * width * width / each for each in micros)


def case(args, threads, width, batch):
    """Microseconds by contender, one round."""
    shape = ["--threads", str(threads), "--width", str(width), "--batch", str(batch)]
    ours = lines([args.bench, "--json", "--device", "flex,libtorch", "--members", "1,5", *shape])
    theirs = lines([args.python, str(HERE / "step_pytorch.py"), *shape])
    names = {1: "alone", 5: "population"}
    found = {f"{row['device']} {names[row['members']]}": row["micros"] for row in ours}
    found["pytorch"] = theirs[0]["micros"]
    found[AT_RATE] = multiplications(width, batch) / products(args, threads, width, batch)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    cores = os.cpu_count()
    rows = []
    for threads in sorted({1, cores}):
        for width in WIDTHS:
            for batch in BATCHES:
                rounds = [case(args, threads, width, batch) for _ in range(args.rounds)]
                medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
                rows.append({"threads": threads, "width": width, "batch": batch, "micros": medians, "rounds": rounds})
                print(json.dumps(rows[-1]["micros"]), flush=True)
    machine = f"{platform.platform()}, {cores} cores, load {os.getloadavg()[1]:.1f} at the end"
    (HERE / "step.json").write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    (HERE / "step.md").write_text(page(machine, args.rounds, rows))


def page(machine, rounds, rows):
    head = """# A training step beside PyTorch

Microseconds of a training step and network; in brackets, how many times PyTorch eager's step it is faster (ratio of
medians over {rounds} rounds, contenders in turn). Made by `step.py`, which says what a step is. PyTorch 2.9.0 and
automl's libtorch are the same library. Rows a second are of the better of alone and five at once. Where the rest of a
step goes: step_notes.md.

Machine: {machine}.

| threads | width | batch | PyTorch | flex alone | flex, 5 at once | libtorch alone | libtorch, 5 at once | flex rows/s | libtorch rows/s | PyTorch rows/s | share: flex | libtorch | PyTorch |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""
    text = head.format(rounds=rounds, machine=machine)
    for row in rows:
        micros = row["micros"]
        base = micros["pytorch"]
        cells = [row["threads"], row["width"], row["batch"], f"{base:,.0f}"]
        for name in ["flex alone", "flex population", "libtorch alone", "libtorch population"]:
            cells.append(f"{micros[name]:,.0f} ({base / micros[name]:.2f})")
        per_second = lambda names: f"{row['batch'] / min(micros[name] for name in names) * 1e6:,.0f}"
        cells.append(per_second(["flex alone", "flex population"]))
        cells.append(per_second(["libtorch alone", "libtorch population"]))
        cells.append(per_second(["pytorch"]))
        share = lambda names: f"{100 * micros[AT_RATE] / min(micros[name] for name in names):.0f} %"
        cells += [share(["flex alone", "flex population"]), share(["libtorch alone", "libtorch population"])]
        cells.append(share(["pytorch"]))
        text += "| " + " | ".join(str(cell) for cell in cells) + " |\n"
    return text


if __name__ == "__main__":
    main()
