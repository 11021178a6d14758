#!/usr/bin/env python3
"""OpenVINO's CPU plug-in, held to f32: by default it computes in bf16 where the CPU has it."""
import openvino

import timing


def main():
    options = timing.arguments(__doc__)

    def load():
        compiled = openvino.Core().compile_model(options.folder.onnx, "CPU", {
            "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": options.threads})
        request = compiled.create_infer_request()
        return lambda x: request.infer([x], share_inputs=True, share_outputs=True)[0]

    timing.report("openvino", openvino.__version__.split("-")[0], options, load)


main()
