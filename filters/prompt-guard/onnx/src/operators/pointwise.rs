//! Operators that work number by number.

use portcullis_classifier::{Binary, Step, Unary};

use crate::constant::{Kind, Known};
use crate::lower::{Live, Lowering, Value};
use crate::proto::Node;
use crate::shape::{broadcast, reach};

/// Add, Sub, Mul, Div, Max, Min, And, Or, Equal, Greater, Less.
pub(crate) fn pair(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    if node.inputs.len() != 2 {
        return Err(format!("it has {} inputs; 2 are supported", node.inputs.len()));
    }
    let (a, b) = (to.need(node, 0)?, to.need(node, 1)?);
    let (op, compares) = match node.op.as_str() {
        "Add" => (Binary::Add, false),
        "Sub" => (Binary::Sub, false),
        "Mul" | "And" => (Binary::Mul, false),
        "Div" => (Binary::Div, false),
        "Max" | "Or" => (Binary::Max, false),
        "Min" => (Binary::Min, false),
        "Equal" => (Binary::Equal, true),
        "Greater" => (Binary::Greater, true),
        _ => (Binary::Less, true),
    };
    if let (Value::Known(a), Value::Known(b)) = (&a, &b) {
        let truth = |is: bool| f32::from(u8::from(is));
        let known = Known::pair(a, b, |a, b| match op {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            Binary::Div => a / b,
            Binary::Max => a.max(b),
            Binary::Min => a.min(b),
            Binary::Equal => truth((a - b).abs() == 0.0),
            Binary::Greater => truth(a > b),
            Binary::Less => truth(a < b),
        })?;
        let stored = match (op, &a.stored, b.one(), a.kind) {
            // Small numbers times a scale stay small numbers.
            (Binary::Mul, Some((width, bytes, scale)), Some(by), Kind::Float) => {
                Some((*width, bytes.clone(), scale * by as f32))
            }
            _ => None,
        };
        let kind = if compares { Kind::Bool } else { a.kind };
        return Ok(Value::Known(Known { kind, stored, ..known }));
    }
    let logic = matches!(node.op.as_str(), "And" | "Or");
    let kind = a.kind();
    if kind != b.kind() {
        return Err("its inputs are of two types".into());
    }
    if !compares && !logic && kind != Kind::Float {
        return Err("of integers it is not supported; Cast to FLOAT before".into());
    }
    let shape = broadcast(&a.shape(), &b.shape())?;
    let (a, b) = (to.live(a)?, to.live(b)?);
    let out = to.room(&shape)?;
    let (a_reach, b_reach) = (reach(&a.shape, &shape), reach(&b.shape, &shape));
    to.steps.push(Step::Pair { op, a: a.view, a_reach, b: b.view, b_reach, out });
    Ok(Value::Live(Live { kind: if compares { Kind::Bool } else { kind }, shape, view: out }))
}

/// Where.
pub(crate) fn choose(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    let (c, a, b) = (to.need(node, 0)?, to.need(node, 1)?, to.need(node, 2)?);
    if c.kind() != Kind::Bool || a.kind() != b.kind() {
        return Err("it needs a condition and two values of one type".into());
    }
    let kind = a.kind();
    let shape = broadcast(&c.shape(), &broadcast(&a.shape(), &b.shape())?)?;
    let (c, a, b) = (to.live(c)?, to.live(a)?, to.live(b)?);
    let out = to.room(&shape)?;
    let reaches = [&c, &a, &b].map(|one| reach(&one.shape, &shape));
    to.steps.push(Step::Choose { c: c.view, a: a.view, b: b.view, reaches, out });
    Ok(Value::Live(Live { kind, shape, view: out }))
}

/// Relu, Sigmoid, Neg, Not.
pub(crate) fn each(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    let live = match to.need(node, 0)? {
        Value::Live(live) => live,
        Value::Known(_) => return Err("of weights it is not supported; fold it into them".into()),
    };
    let op = match node.op.as_str() {
        "Relu" => Unary::Relu,
        "Sigmoid" => Unary::Sigmoid,
        "Neg" => Unary::Neg,
        _ => Unary::Not,
    };
    let right = if op == Unary::Not { Kind::Bool } else { Kind::Float };
    if live.kind != right {
        return Err("of this type it is not supported; Cast before".into());
    }
    let out = to.room(&live.shape)?;
    to.steps.push(Step::Each { op, a: live.view, out });
    Ok(Value::Live(Live { view: out, ..live }))
}

/// Cast to BOOL.
pub(crate) fn is_not_zero(to: &mut Lowering, live: Live) -> Result<Value, String> {
    let (once, out) = (to.room(&live.shape)?, to.room(&live.shape)?);
    to.steps.push(Step::Each { op: Unary::Not, a: live.view, out: once });
    to.steps.push(Step::Each { op: Unary::Not, a: once, out });
    Ok(Value::Live(Live { kind: Kind::Bool, view: out, ..live }))
}

/// DequantizeLinear of weights.
pub(crate) fn dequantise(to: &Lowering, node: &Node) -> Result<Value, String> {
    let (Value::Known(x), Value::Known(scale)) = (to.need(node, 0)?, to.need(node, 1)?) else {
        return Err("of values that hang on the input it is not supported".into());
    };
    let zero = match to.value(node, 2)? {
        None => None,
        Some(Value::Known(zero)) => Some(zero).filter(|zero| zero.numbers.iter().any(|x| *x != 0.0)),
        Some(Value::Live(_)) => return Err("its zero point hangs on the input".into()),
    };
    let axis = node.attributes.get("axis").map_or(1, |axis| axis.int);
    let place = if scale.numbers.len() > 1 { crate::shape::axis(axis, x.dims.len())? } else { 0 };
    // One scale an axis is broadcast over the axes behind it.
    let along = |known: &Known| {
        let mut dims = known.dims.clone();
        if known.numbers.len() > 1 {
            dims.extend(std::iter::repeat_n(1, x.dims.len() - place - 1));
        }
        Known { dims, ..known.clone() }
    };
    let moved = match &zero {
        None => x.clone(),
        Some(zero) => Known::pair(&x, &along(zero), |a, b| a - b)?,
    };
    let known = Known::pair(&moved, &along(&scale), |a, b| a * b)?;
    let stored = match (&x.stored, scale.one(), &zero) {
        (Some((width, bytes, _)), Some(scale), None) => Some((*width, bytes.clone(), scale as f32)),
        _ => None,
    };
    Ok(Value::Known(Known { kind: Kind::Float, stored, ..known }))
}
