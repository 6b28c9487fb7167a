"""The notebook runs from top to bottom, and is stored with what it printed."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples/notebooks/your-language.ipynb"


def executed(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": NOTEBOOK.parent}}
    )
    return client.execute()


@pytest.mark.slow
def test_the_notebook_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    found = executed(nbformat.read(NOTEBOOK, as_version=4))
    printed = "".join(str(output) for cell in found.cells if cell.cell_type == "code" for output in cell.outputs)
    for sign in ("Anchors(38 pairs", "MappedVectors(38 words x 32, residual", "verdict: ", "macro-F1 ", "'score'"):
        assert sign in printed


def test_the_notebook_is_stored_with_its_output():
    stored = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(stored)
    cells = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert len(outputs) >= 6 and all(output.output_type in ("execute_result", "stream") for output in outputs)
    assert not any(str(ROOT) in str(output) for output in outputs)
