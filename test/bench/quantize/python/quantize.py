"""Static quantization by onnxruntime's own tool: the published recipe for x64 (uint8 activations, int8 weights per channel)."""

import json
import sys

import numpy
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

source, tensors, shape, floats, out = sys.argv[1:6]
images = numpy.fromfile(tensors, dtype=numpy.float32).reshape(json.loads(shape))


class Reader(CalibrationDataReader):
    def __init__(self):
        self.images = iter(images)

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {"images": image[None]}


# The tool leaves operations in floats by their names, which a graph needs not have.
model = onnx.load(source)
for index, node in enumerate(model.graph.node):
    node.name = f"operation_{index}"
named = out + ".named"
onnx.save(model, named)
wanted = set(json.loads(floats))
excluded = [node.name for node in model.graph.node if node.output[0] in wanted]
quantize_static(
    named,
    out,
    Reader(),
    quant_format=QuantFormat.QDQ,
    per_channel=True,
    activation_type=QuantType.QUInt8,
    weight_type=QuantType.QInt8,
    calibrate_method=CalibrationMethod.MinMax,
    nodes_to_exclude=excluded,
)
