"""Makes the models of this folder and what onnxruntime says of them: `pip install onnx onnxruntime`, then run it."""

import json
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent


class Graph:
    """Nodes and tensors, each named by what it yields."""

    def __init__(self, seed):
        self.rng = numpy.random.default_rng(seed)
        self.nodes, self.tensors = [], []

    def tensor(self, value, kind=numpy.float32):
        name = f"w{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(numpy.array(value, kind), name))
        return name

    def random(self, *shape):
        return self.tensor(self.rng.normal(0, 0.5, shape).round(3))

    def node(self, op, *inputs, **attributes):
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def save(self, name, logits):
        self.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
        ids = [helper.make_tensor_value_info(port, TensorProto.INT64, ["W", axis])
               for port, axis in (("tokens", "T"), ("grams", "G"))]
        logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["W", 1])
        graph = helper.make_graph(self.nodes, name, ids, [logits], self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        path = HERE / f"{name}.onnx"
        onnx.save(model, path)
        # Fused, weights would be multiplied as integers.
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(path, options)
        rows = []
        for count in (1, 2, 7, 8, 9, 31, 64, 127, 128):
            tokens = self.rng.integers(1, 8192, count)
            (logit,), = session.run(["logits"], {"tokens": tokens[None], "grams": numpy.ones((1, 1), numpy.int64)})
            rows.append({"tokens": tokens.tolist(), "logit": float(logit[0])})
        (HERE / f"{name}.json").write_text(json.dumps(rows) + "\n")
        print(name, [round(row["logit"], 3) for row in rows])


def net():
    """Embedding, mask, three kinds of convolution, two poolings."""
    g = Graph(1)
    table = g.tensor(g.rng.integers(-127, 128, (8192, 6)), numpy.int8)
    x = g.node("Mul", g.node("Cast", g.node("Gather", table, "tokens"), to=TensorProto.FLOAT), g.tensor(0.01))
    mask = g.node("Cast", g.node("Greater", "tokens", g.tensor(0, numpy.int64)), to=TensorProto.FLOAT)
    mask = g.node("Unsqueeze", mask, g.tensor([1], numpy.int64))
    x = g.node("Mul", g.node("Transpose", x, perm=[0, 2, 1]), mask)
    deep = g.node("Conv", x, g.random(6, 1, 5), g.random(6), group=6, pads=[4, 4], dilations=[2])
    wide = g.node("Relu", g.node("Conv", deep, g.random(11, 6, 1), g.random(11)))
    full = g.node("Relu", g.node("Conv", wide, g.random(11, 11, 3), auto_pad="SAME_UPPER"))
    both = g.node("Concat", g.node("Mul", full, mask), wide, axis=1)
    axis = g.tensor([2], numpy.int64)
    most = g.node("ReduceMax", both, axes=[2], keepdims=0)
    mean = g.node("Mul", g.node("ReduceSum", both, axis, keepdims=0), g.tensor(1 / 64))
    pooled = g.node("Concat", most, mean, axis=-1)
    g.save("net", g.node("Gemm", pooled, g.random(1, 44), g.random(1), transB=1, alpha=0.5))


def operators():
    """Every other operator that is supported."""
    g = Graph(2)
    quantised = g.tensor(g.rng.integers(-127, 128, (8192, 4)), numpy.int8)
    table = g.node("DequantizeLinear", quantised, g.tensor(0.02), g.tensor(0, numpy.int8))
    x = g.node("Dropout", g.node("Gather", table, "tokens"))
    product = g.node("DequantizeLinear", g.tensor(g.rng.integers(0, 255, (4, 9)), numpy.uint8),
                     g.tensor(g.rng.uniform(0.001, 0.02, 9)), g.tensor(numpy.arange(100, 109), numpy.uint8), axis=1)
    x = g.node("Sigmoid", g.node("Add", g.node("MatMul", x, product), g.random(9)))
    limit = g.node("Constant", value=numpy_helper.from_array(numpy.array(0.55, numpy.float32)))
    high, low = g.node("Greater", x, limit), g.node("Less", x, g.tensor(0.45))
    either = g.node("Or", high, g.node("And", low, g.node("Not", high)))
    x = g.node("Where", either, g.node("Neg", x), g.node("Max", x, g.tensor(0.5)))
    odd = g.node("Cast", g.node("Equal", "tokens", g.tensor(4000, numpy.int64)), to=TensorProto.FLOAT)
    odd = g.node("Reshape", odd, g.tensor([0, -1, 1], numpy.int64))
    x = g.node("Min", g.node("Sub", x, odd), g.tensor(0.9))
    mean = g.node("ReduceMean", x, axes=[1], keepdims=1)
    x = g.node("Div", g.node("Sub", x, mean), g.node("Add", g.node("Mul", mean, mean), g.tensor(1.0)))
    each = g.node("Squeeze", g.node("MatMul", x, g.random(9, 1)), g.tensor([2], numpy.int64))
    least = g.node("ReduceMin", each, axes=[1], keepdims=1)
    rows = g.node("Concat", x, x, axis=2)
    total = g.node("Flatten", g.node("ReduceMean", rows, axes=[1], keepdims=0), axis=1)
    g.save("operators", g.node("Add", g.node("MatMul", total, g.random(18, 1)), least))


net()
operators()
