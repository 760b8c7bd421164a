"""Runs notebooks from top to bottom in the real kernel, and what happens when one is interrupted or killed.

    PYTHON tests/python/notebooks.py [--write] [NOTEBOOK ...]

PYTHON has nbclient, as the environment that `automl kernel install --full` makes. Each notebook runs in a copy of its folder, without what an
earlier run left, and each cell must give the kinds of outputs that the committed notebook holds; `--write` writes its outputs into
it instead. Ends with 1 at the first failure.
"""

import pathlib
import queue
import shutil
import sqlite3
import sys
import tempfile
import time

import nbformat
from jupyter_client.manager import KernelManager
from jupyter_client.utils import ensure_async
from nbclient import NotebookClient

NOTEBOOKS = pathlib.Path(__file__).resolve().parents[2] / "notebooks"
KERNEL = "automl"
# Seconds by which printed lines may be late.
LATE = 0.3


def shape(cell):
    """The kinds of a cell's outputs: a stream once, however often it was written to."""
    kinds = []
    for output in cell.outputs:
        kind = output.name if output.output_type == "stream" else f"{output.output_type} {sorted(output.data)}"
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    return kinds


class Client(NotebookClient):
    """Waits a moment for what a cell printed: evcxr passes it on from a thread of its own, which on a busy machine may come after "idle"."""

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        await super()._async_poll_output_msg(parent_msg_id, cell, cell_index)
        while True:
            try:
                message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=LATE))
            except queue.Empty:
                return
            if message["parent_header"].get("msg_id") == parent_msg_id:
                self.process_message(message, cell, cell_index)


def run_notebook(path, is_written):
    """Seconds of start and of each code cell."""
    committed = nbformat.read(path, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "notebooks"
        shutil.copytree(path.parent, folder, ignore=shutil.ignore_patterns("runs", ".ipynb_checkpoints"))
        started, times = time.perf_counter(), {}
        client = Client(
            notebook, timeout=600, startup_timeout=300, kernel_name=committed.metadata.kernelspec.name, record_timing=False, resources={"metadata": {"path": str(folder)}},
            on_cell_execute=lambda cell, cell_index: times.setdefault(cell_index, time.perf_counter()),
            on_cell_executed=lambda cell, cell_index, execute_reply: times.update({cell_index: time.perf_counter() - times[cell_index]}))
        client.execute()
        seconds = time.perf_counter() - started
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for old, new in zip((cell for cell in committed.cells if cell.cell_type == "code"), cells, strict=True):
        if not is_written and shape(old) != shape(new):
            sys.exit(f"{path.name}: a cell gave {shape(new)}, and {shape(old)} is committed:\n{new.source}")
        if "stderr" in shape(new):
            sys.exit(f"{path.name}: a cell returned an error:\n{new.source}\n\n{new.outputs}")
    own = [times[index] for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    print(f"{path.name}: {len(cells)} cells in {seconds:.1f} s; each {', '.join(f'{of:.1f}' for of in own)} s", flush=True)
    if is_written:
        for cell in cells:
            cell.outputs = joined(cell.outputs)
        nbformat.write(notebook, path)


def joined(outputs):
    """Outputs with the lines of a stream, each of which is a message, in one."""
    found = []
    for output in outputs:
        if output.output_type == "stream" and found and found[-1].output_type == "stream" and found[-1].name == output.name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


class Kernel:
    """A kernel in a folder, as a person's who presses keys."""

    def __init__(self, folder, name=KERNEL):
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=300)

    def send(self, code):
        return self.client.execute(code)

    def wait(self, seconds=300):
        """Waits until the cell that runs is done; returns what it printed, its errors and its status."""
        text, errors, ends = "", "", time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                text += content["text"]
            elif message["msg_type"] == "error":
                errors += "\n".join(content["traceback"])
            elif message["msg_type"] == "execute_result":
                text += str(content["data"].get("text/plain", ""))
            elif message["msg_type"] == "status" and content["execution_state"] == "idle" and message["parent_header"].get("msg_type") == "execute_request":
                return text, errors
        sys.exit(f"a cell did not end in {seconds} s")

    def run(self, code):
        self.send(code)
        text, errors = self.wait()
        if errors:
            sys.exit(f"a cell failed:\n{code}\n\n{errors}")
        return text

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def n_complete(study):
    """Complete trials of a study file, which may not be there yet."""
    if not study.is_file():
        return 0
    with sqlite3.connect(f"file:{study}?mode=ro", uri=True) as connection:
        return connection.execute("select count(*) from trials where state = 'COMPLETE'").fetchone()[0]


def wait_for_trials(study, wanted):
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        try:
            if n_complete(study) >= wanted:
                return
        except sqlite3.OperationalError:
            pass  # it is being created
        time.sleep(0.05)
    sys.exit(f"{study} has {n_complete(study)} complete trials after two minutes")


def interrupted_and_killed():
    """A search that was interrupted in one kernel, and then lost with another, goes on with all finished trials."""
    use = "use automl::{Search, Study};"
    search = 'let study = Search::new("titanic.csv", "Survived").families(&["gbdt", "random_forest"]).sampler("random").trials(%d).run()?;'
    trials = 'println!("{}", Study::open("runs/titanic")?.leaderboard()?.trials().iter().filter(|trial| trial.state() == "complete").count());'
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        shutil.copy(NOTEBOOKS / "data" / "titanic.csv", folder)
        study = folder / "runs" / "titanic" / "study.sqlite3"
        kernel = Kernel(folder)
        kernel.run(use)
        kernel.send(search % 1000)
        wait_for_trials(study, 4)
        kernel.manager.interrupt_kernel()
        kernel.wait()
        kernel.run(use)
        interrupted = int(kernel.run(trials))
        assert interrupted >= 4, interrupted
        # The program ends in good order, and with it its lock of the folder.
        deadline = time.monotonic() + 60
        kernel.send(search % 1000)
        wait_for_trials(study, interrupted + 3)
        assert time.monotonic() < deadline
        kernel.end()
        killed = n_complete(study)
        assert killed >= interrupted + 3, (killed, interrupted)
        kernel = Kernel(folder)
        kernel.run(use)
        after = int(kernel.run(trials))
        assert after >= killed, (after, killed)
        kernel.run(search % (after + 5) + "\nstudy.model()?.parts().len()")
        final = int(kernel.run(trials))
        assert killed <= final <= after + 5, (killed, final)
        kernel.end()
    print(f"interrupted after {interrupted} trials, killed after {killed}, ended with {final}", flush=True)


def gradients_live_across_cells():
    """A tensor of one cell is derived in another, and polars and burn say what they should."""
    with tempfile.TemporaryDirectory() as scratch:
        kernel = Kernel(pathlib.Path(scratch), "automl-full")
        kernel.run("use automl::burn::tensor::{Device, Tensor};\nuse automl::polars::prelude::*;")
        kernel.run("let device = Device::flex().autodiff();\nlet w = Tensor::<1>::from_floats([1.0, 2.0, 3.0], &device).require_grad();")
        kernel.run("let loss = (w.clone() * w.clone()).sum();")
        kernel.run("let gradients = loss.backward();")
        found = kernel.run('println!("{:?}", w.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap());')
        assert found.strip() == "[2.0, 4.0, 6.0]", found
        kernel.run('let frame = df!("a" => [1, 2, 3])?;')
        found = kernel.run('println!("{}", frame.lazy().select([col("a").sum()]).collect()?.column("a")?.get(0)?);')
        assert found.strip() == "6", found
        kernel.end()
    print("gradients live across cells", flush=True)


def main():
    is_written = "--write" in sys.argv[1:]
    given = [pathlib.Path(path).resolve() for path in sys.argv[1:] if path != "--write"]
    for path in given or sorted(NOTEBOOKS.glob("*.ipynb")):
        run_notebook(path, is_written)
    if not given:
        gradients_live_across_cells()
        interrupted_and_killed()


if __name__ == "__main__":
    main()
