"""Where the files of one model lie: weights.pth, and for each batch size the input, the expected output and the ONNX graph."""
import pathlib


class Folder:
    def __init__(self, root, model, batch):
        self.path = pathlib.Path(root) / model
        self.weights = self.path / "weights.pth"
        self.input = self.path / f"input_{batch}.npy"
        self.output = self.path / f"output_{batch}.npy"
        self.onnx = self.path / f"batch_{batch}" / "model.onnx"
        self.script = self.path / f"traced_{batch}.pt"

    def complete(self):
        return all(f.exists() for f in (self.weights, self.input, self.output, self.onnx))
