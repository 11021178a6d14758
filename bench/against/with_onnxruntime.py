#!/usr/bin/env python3
"""ONNX Runtime, its CPU provider."""
import onnxruntime

import timing


def main():
    options = timing.arguments(__doc__)

    def load():
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(options.folder.onnx, settings, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda x: session.run(None, {name: x})[0]

    timing.report("onnxruntime", onnxruntime.__version__, options, load)


main()
