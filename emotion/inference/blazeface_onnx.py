"""BlazeFace as ONNX, from the TFLite file beside it: the browser reads no TFLite.

Run once by hand, where the package `tflite` is installed, which nothing else here needs:

    python -m emotion.inference.blazeface_onnx

The sum it prints belongs into assets/VENDORED.toml.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ASSETS = Path(__file__).with_name("assets")
SOURCE = ASSETS / "face_detection_short_range.tflite"
TARGET = ASSETS / "face_detection_short_range.onnx"
INPUT = "image"
OUTPUTS = ("regressors", "classificators")
OPSET, IR_VERSION = 17, 8  # old enough for every runtime that may read it


def main() -> None:
    model = convert(SOURCE.read_bytes())
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    TARGET.write_bytes(content)
    print(f"{TARGET.name}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


def convert(content: bytes) -> onnx.ModelProto:
    """`image` (batch, 3, 128, 128) float32, RGB in -1..1 -> `regressors` (batch, 896, 16) and `classificators`
    (batch, 896, 1). Weights stay the float16 they are in the TFLite file, which halves it; a runtime widens them once,
    on loading."""
    try:
        import tflite
    except ImportError:
        raise SystemExit(
            "Converting needs the package tflite (pip install tflite); the result is in the repository."
        ) from None
    return _Conversion(tflite, tflite.Model.GetRootAsModel(content, 0)).run()


class _Conversion:
    """One TFLite graph, operator by operator. TFLite is (N, H, W, C), ONNX (N, C, H, W)."""

    def __init__(self, tflite, model) -> None:
        self.tflite, self.model, self.graph = tflite, model, model.Subgraphs(0)
        self.kinds = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.half: dict[int, np.ndarray] = {}  # what a DEQUANTIZE widens, by the number of its answer

    def run(self) -> onnx.ModelProto:
        (entry,) = self.graph.InputsAsNumpy()
        self.names = {int(entry): INPUT}
        for number in self.graph.OutputsAsNumpy():
            self.names[int(number)] = self.graph.Tensors(int(number)).Name().decode()
        for index in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(index)
            kind = self.kinds[self.model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()]
            inputs = [int(number) for number in operator.InputsAsNumpy()]
            (output,) = (int(number) for number in operator.OutputsAsNumpy())
            getattr(self, f"_{kind.lower()}")(operator, inputs, output)
        graph = helper.make_graph(
            self.nodes,
            "blazeface_short_range",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", 3, 128, 128])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 896, columns])
                for name, columns in zip(OUTPUTS, (16, 1), strict=True)
            ],
            self.weights,
        )
        return helper.make_model(
            graph,
            producer_name="attune",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )

    def _dequantize(self, operator, inputs, output) -> None:
        self.half[output] = self._constant(inputs[0], np.float16)

    def _conv_2d(self, operator, inputs, output) -> None:
        options = self._options(operator, self.tflite.Conv2DOptions)
        weight = self.half[inputs[1]].transpose(0, 3, 1, 2)  # (out, kH, kW, in) -> (out, in, kH, kW)
        self._convolve(options, inputs, output, weight, groups=1)

    def _depthwise_conv_2d(self, operator, inputs, output) -> None:
        options = self._options(operator, self.tflite.DepthwiseConv2DOptions)
        if options.DepthMultiplier() != 1:
            raise ValueError("A depthwise convolution with a multiplier.")
        weight = self.half[inputs[1]].transpose(3, 0, 1, 2)  # (1, kH, kW, C) -> (C, 1, kH, kW)
        self._convolve(options, inputs, output, weight, groups=weight.shape[0])

    def _convolve(self, options, inputs, output, weight, groups) -> None:
        self._refuse_activation(options)
        kernel, strides = weight.shape[2:], (options.StrideH(), options.StrideW())
        self._emit(
            "Conv",
            [self._name(inputs[0]), self._widened(inputs[1], weight), self._widened(inputs[2], self.half[inputs[2]])],
            output,
            kernel_shape=kernel,
            strides=strides,
            pads=self._pads(options, inputs[0], kernel, strides),
            group=groups,
        )

    def _max_pool_2d(self, operator, inputs, output) -> None:
        options = self._options(operator, self.tflite.Pool2DOptions)
        self._refuse_activation(options)
        kernel, strides = (options.FilterHeight(), options.FilterWidth()), (options.StrideH(), options.StrideW())
        pads = self._pads(options, inputs[0], kernel, strides)
        self._emit("MaxPool", [self._name(inputs[0])], output, kernel_shape=kernel, strides=strides, pads=pads)

    def _relu(self, operator, inputs, output) -> None:
        self._emit("Relu", [self._name(inputs[0])], output)

    def _add(self, operator, inputs, output) -> None:
        self._refuse_activation(self._options(operator, self.tflite.AddOptions))
        self._emit("Add", [self._name(number) for number in inputs], output)

    def _pad(self, operator, inputs, output) -> None:
        before, after = self._constant(inputs[1], np.int32).reshape(4, 2)[[0, 3, 1, 2]].T
        pads = self._weight(f"{self._name(output)}_pads", np.concatenate([before, after]).astype(np.int64))
        self._emit("Pad", [self._name(inputs[0]), pads], output)

    def _reshape(self, operator, inputs, output) -> None:
        rows = f"{self._name(output)}_rows"
        self.nodes.append(helper.make_node("Transpose", [self._name(inputs[0])], [rows], rows, perm=(0, 2, 3, 1)))
        shape = np.array([0, *self._shape(output)[1:]], np.int64)  # 0: the batch, whatever it is
        self._emit("Reshape", [rows, self._weight(f"{self._name(output)}_shape", shape)], output)

    def _concatenation(self, operator, inputs, output) -> None:
        axis = self._options(operator, self.tflite.ConcatenationOptions).Axis()
        self._emit("Concat", [self._name(number) for number in inputs], output, axis=axis)

    def _emit(self, kind, inputs, output, **attributes) -> None:
        name = self._name(output)
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))

    def _pads(self, options, source, kernel, strides) -> list[int]:
        """TFLite's SAME: what does not divide by two goes below and to the right."""
        if options.Padding() != self.tflite.Padding.SAME:
            return [0, 0, 0, 0]
        totals = [
            max(0, (-(-length // stride) - 1) * stride + side - length)
            for length, side, stride in zip(self._shape(source)[1:3], kernel, strides, strict=True)
        ]
        return [total // 2 for total in totals] + [total - total // 2 for total in totals]

    def _refuse_activation(self, options) -> None:
        if options.FusedActivationFunction() != self.tflite.ActivationFunctionType.NONE:
            raise ValueError("An activation fused into an operator.")

    def _options(self, operator, kind):
        table, options = operator.BuiltinOptions(), kind()
        options.Init(table.Bytes, table.Pos)
        return options

    def _constant(self, number, dtype) -> np.ndarray:
        tensor = self.graph.Tensors(number)
        return self.model.Buffers(tensor.Buffer()).DataAsNumpy().view(dtype).reshape(self._shape(number))

    def _widened(self, number, half) -> str:
        name = self._name(number)
        self._weight(f"{name}_half", np.ascontiguousarray(half))
        self.nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], name, to=TensorProto.FLOAT))
        return name

    def _weight(self, name, values) -> str:
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def _shape(self, number) -> list[int]:
        return self.graph.Tensors(number).ShapeAsNumpy().tolist()

    def _name(self, number) -> str:
        return self.names.get(number, f"t{number}")


if __name__ == "__main__":
    main()
