"""Microseconds of a training step in PyTorch eager: the network, data and optimiser of crates/automl-models/benches/step.rs.

    python step_pytorch.py --threads 1 --width 64 --batch 64 [--product]

Prints a JSON line a case. With `--product` it measures, instead of steps, products of a matrix of `batch` rows and `width`
columns with a square one, in place. The table is gathered by a shuffled index tensor, as PyTorch's users do with data in
memory; no DataLoader, which would only add to the time. The learning rate is so small that the loss stays where it is:
a network that fits its rows perfectly has subnormal gradients, which are slow to compute with.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn

COLUMNS, STEPS, TIME = 32, 16, 1.5


def case(width, batch):
    n_rows = batch * STEPS
    index = torch.arange(n_rows * COLUMNS)
    x = ((index * 7919 % 2003) / 1001.5 - 1.0).float().reshape(n_rows, COLUMNS)
    y = (x[:, 0] * x[:, 1] > 0).long()
    model = nn.Sequential(
        nn.Linear(COLUMNS, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, weight_decay=0.01)
    loss_of = nn.CrossEntropyLoss()
    times = []
    started = time.perf_counter()
    while time.perf_counter() - started < TIME or len(times) < 4:
        begin = time.perf_counter()
        order = torch.randperm(n_rows)
        total = torch.zeros(())
        for step in range(STEPS):
            rows = order[step * batch:(step + 1) * batch]
            optimizer.zero_grad()
            loss = loss_of(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        total.item()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:]) / STEPS * 1e6


def product(width, batch):
    """Microseconds of one product."""
    rows, square = torch.randn(batch, width), torch.randn(width, width)
    out = torch.empty(batch, width)
    times = []
    started = time.perf_counter()
    while time.perf_counter() - started < TIME:
        begin = time.perf_counter()
        for _ in range(STEPS):
            torch.mm(rows, square, out=out)
        times.append(time.perf_counter() - begin)
    return statistics.median(times) / STEPS * 1e6


def main():
    parser = argparse.ArgumentParser()
    for name in ["threads", "width", "batch"]:
        parser.add_argument("--" + name, type=lambda text: [int(part) for part in text.split(",")], required=True)
    parser.add_argument("--product", action="store_true")
    args = parser.parse_args()
    for threads in args.threads:
        torch.set_num_threads(threads)
        for width in args.width:
            for batch in args.batch:
                micros = round((product if args.product else case)(width, batch), 2)
                print(json.dumps({"device": "pytorch", "threads": threads, "width": width, "batch": batch,
                                  "members": 1, "micros": micros}), flush=True)


if __name__ == "__main__":
    main()
