//! What each operator becomes.

mod arrange;
mod linear;
mod pointwise;

use crate::constant::{Kind, Known};
use crate::lower::{Live, Lowering, Value};
use crate::proto::Node;

/// The operators that a model may have.
pub const SUPPORTED: &[&str] = &[
    "Add",
    "And",
    "Cast",
    "Concat",
    "Constant",
    "Conv",
    "DequantizeLinear",
    "Div",
    "Dropout",
    "Equal",
    "Flatten",
    "Gather",
    "Gemm",
    "Greater",
    "Identity",
    "Less",
    "MatMul",
    "Max",
    "Min",
    "Mul",
    "Neg",
    "Not",
    "Or",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Squeeze",
    "Sub",
    "Transpose",
    "Unsqueeze",
    "Where",
];

/// Adds the steps of a node; gives what it yields.
pub(crate) fn lower(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    if !node.domain.is_empty() && node.domain != "ai.onnx" {
        return Err(format!("it is not supported: the domain {} is none of ONNX's own", node.domain));
    }
    match node.op.as_str() {
        "Constant" => {
            let tensor = node.attributes.get("value").and_then(|value| value.tensor.as_ref());
            Known::of(tensor.ok_or("it has no attribute `value`")?).map(Value::Known)
        }
        "Identity" | "Dropout" => to.need(node, 0),
        "Cast" => cast(to, node),
        "DequantizeLinear" => pointwise::dequantise(to, node),
        "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" | "And" | "Or" | "Equal" | "Greater" | "Less" => {
            pointwise::pair(to, node)
        }
        "Where" => pointwise::choose(to, node),
        "Relu" | "Sigmoid" | "Neg" | "Not" => pointwise::each(to, node),
        "Gather" => linear::gather(to, node),
        "Conv" => linear::convolution(to, node),
        "MatMul" | "Gemm" => linear::product(to, node),
        "Transpose" => arrange::transpose(to, node),
        "Unsqueeze" | "Squeeze" | "Reshape" | "Flatten" => arrange::reshape(to, node),
        "ReduceMax" | "ReduceMean" | "ReduceMin" | "ReduceSum" => arrange::reduce(to, node),
        "Concat" => arrange::concat(to, node),
        _ => Err(format!("it is not supported; supported are {}", SUPPORTED.join(", "))),
    }
}

fn cast(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    use crate::proto::{BOOL, FLOAT, INT8, INT32, INT64, UINT8};
    let kind = match node.attributes.get("to").map(|to| to.int.cast_unsigned()) {
        Some(FLOAT) => Kind::Float,
        Some(INT32 | INT64) => Kind::Int,
        Some(BOOL) => Kind::Bool,
        Some(INT8 | UINT8) | None => {
            return Err("to this type is not supported; supported are FLOAT, INT32, INT64, BOOL".into());
        }
        Some(other) => {
            return Err(format!("to data type {other} is not supported; supported are FLOAT, INT32, INT64, BOOL"));
        }
    };
    match to.need(node, 0)? {
        Value::Known(known) => Ok(Value::Known(match kind {
            Kind::Float => Known { kind, ..known },
            Kind::Int => {
                Known { kind, numbers: known.numbers.iter().map(|x| x.trunc()).collect(), stored: None, ..known }
            }
            Kind::Bool => Known {
                kind,
                numbers: known.numbers.iter().map(|x| f64::from(*x != 0.0)).collect(),
                stored: None,
                ..known
            },
        })),
        Value::Live(live) => match (live.kind, kind) {
            (from, into) if from == into => Ok(Value::Live(live)),
            (Kind::Bool, _) | (Kind::Int, Kind::Float) => Ok(Value::Live(Live { kind, ..live })),
            (_, Kind::Bool) => pointwise::is_not_zero(to, live),
            (Kind::Float, _) | (Kind::Int, _) => Err("from float to int is not supported".into()),
        },
    }
}
