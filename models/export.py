"""The net as ONNX: opset 17, ordinary operators, the two tables as int8 with one scale each, all else float32."""

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from features import GRAM_IDS, TOKEN_IDS
from net import CHANNELS, EMBEDDING, REACH

OPSET = 17


def rounded(table, bits=8):
    """A table as int8 and its scale; what is far out is cut where the square of the error is least."""
    table = numpy.asarray(table, numpy.float32)
    best = None
    top = float(numpy.abs(table).max())
    for part in numpy.linspace(0.2, 1.0, 17):
        scale = numpy.float32(top * part / 127)
        whole = numpy.clip(numpy.rint(table / scale), -127, 127)
        error = float(((whole * scale - table) ** 2).sum())
        if best is None or error < best[0]:
            best = (error, whole.astype(numpy.int8), scale)
    return best[1], best[2]


def round_tables(net):
    """Puts the rounded tables into the net itself, so that both give the same logits."""
    for table in (net.grams.weight, net.tokens.weight):
        whole, scale = rounded(table.detach().numpy())
        table.data.copy_(__import__("torch").from_numpy(whole.astype(numpy.float32) * scale))


def graph(net):
    """The ONNX model of a net whose tables are rounded."""
    nodes, constants = [], []

    def constant(name, array):
        constants.append(numpy_helper.from_array(numpy.ascontiguousarray(array), name))
        return name

    def node(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def lookup(name, table, ids):
        whole, scale = rounded(table.detach().numpy())
        rows = node("Gather", [constant(f"{name}.table", whole), ids], f"{name}.rows", axis=0)
        rows = node("Cast", [rows], f"{name}.cast", to=TensorProto.FLOAT)
        return node("Mul", [rows, constant(f"{name}.scale", numpy.float32(scale))], name)

    state = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    added = node("ReduceSum", [lookup("gram", net.grams.weight, "grams"), constant("axis.1", numpy.array([1]))],
                 "added", keepdims=0)
    ones = numpy.ones((TOKEN_IDS, 1), numpy.float32)
    ones[0] = 0
    mask = node("Gather", [constant("mask.table", ones), "tokens"], "mask.rows", axis=0)
    mask = node("Transpose", [mask], "mask", perm=[0, 2, 1])
    x = node("Transpose", [lookup("token", net.tokens.weight, "tokens")], "embedded", perm=[0, 2, 1])
    for name, before, after in (("first", EMBEDDING, CHANNELS), ("second", CHANNELS, CHANNELS)):
        y = node("Conv", [x, constant(f"{name}.deep", state[f"{name}.deep"][:, None, :])], f"{name}.channels",
                 group=before, kernel_shape=[REACH], pads=[REACH // 2, REACH // 2])
        y = node("Conv", [y, constant(f"{name}.wide", state[f"{name}.wide.weight"][:, :, None]),
                          constant(f"{name}.bias", state[f"{name}.wide.bias"])], f"{name}.conv", kernel_shape=[1])
        y = node("Relu", [y], f"{name}.relu")
        if name == "second":
            y = node("Add", [y, x], "second.sum")
        x = node("Mul", [y, mask], f"{name}.out")
    most = node("ReduceMax", [x], "most", axes=[2], keepdims=0)
    total = node("ReduceSum", [x, constant("axis.2", numpy.array([2]))], "total", keepdims=0)
    total = node("Mul", [total, constant("total.scale", numpy.float32(1 / 32))], "mean")
    pooled = node("Concat", [most, total], "pooled", axis=1)
    convolved = node("Gemm", [pooled, constant("last.weight", state["last.weight"].T),
                              constant("last.bias", state["last.bias"])], "convolved")
    node("Add", [convolved, added], "logits")
    inputs = [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["W", "T"]),
              helper.make_tensor_value_info("grams", TensorProto.INT64, ["W", "G"])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["W", 1])]
    model = helper.make_model(
        helper.make_graph(nodes, "portcullis-prompt-guard", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", OPSET)], producer_name="portcullis", ir_version=8)
    assert GRAM_IDS == net.grams.weight.shape[0]
    onnx.checker.check_model(model, full_check=True)
    return model
