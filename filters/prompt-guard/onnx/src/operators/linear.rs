//! Operators with weights.

use portcullis_classifier::{Binary, Matrix, Reach, Step};

use crate::constant::{Kind, Known};
use crate::lower::{Live, Lowering, Value};
use crate::proto::Node;
use crate::shape::{Axis, shown};

fn known(to: &Lowering, node: &Node, at: usize, what: &str) -> Result<Known, String> {
    match to.need(node, at)? {
        Value::Known(known) => Ok(known),
        Value::Live(_) => Err(format!("{what} must be weights, not hang on the input")),
    }
}

fn live(to: &Lowering, node: &Node) -> Result<Live, String> {
    match to.need(node, 0)? {
        Value::Live(live) if live.kind == Kind::Float => Ok(live),
        Value::Live(_) => Err("of integers it is not supported; Cast to FLOAT before".into()),
        Value::Known(_) => Err("of weights alone it is not supported; fold it into them".into()),
    }
}

/// Gather from a table by the ids of an input.
pub(crate) fn gather(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    let table = known(to, node, 0, "its table")?;
    if node.attributes.get("axis").is_some_and(|axis| axis.int != 0) {
        return Err("along another axis than 0 it is not supported".into());
    }
    let ids = match to.need(node, 1)? {
        Value::Live(ids) if ids.kind == Kind::Int => ids,
        _ => return Err("its ids must be an input".into()),
    };
    let [Axis::Windows, axis @ (Axis::Tokens | Axis::Grams)] = ids.shape[..] else {
        return Err(format!("its ids have the shape {}; an input is supported", shown(&ids.shape)));
    };
    let (place, scale) = to.table(&table, axis)?;
    let mut shape = ids.shape.clone();
    shape.extend(table.dims.iter().skip(1).map(|dim| Axis::Fixed(*dim)));
    let mut view = to.room(&shape)?;
    to.steps.push(Step::Gather { table: place, ids: ids.view, out: view });
    if (scale - 1.0).abs() > 0.0 {
        let scale = to.live(Value::Known(Known::floats(vec![f64::from(scale)], Vec::new())))?;
        let out = to.room(&shape)?;
        to.steps.push(Step::Pair {
            op: Binary::Mul,
            a: view,
            a_reach: Reach::Full,
            b: scale.view,
            b_reach: Reach::One,
            out,
        });
        view = out;
    }
    Ok(Value::Live(Live { kind: table.kind, shape, view }))
}

/// Conv over one axis, of each channel by itself or of all.
pub(crate) fn convolution(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    let live = live(to, node)?;
    let weights = known(to, node, 1, "its weights")?;
    let [Axis::Windows, Axis::Fixed(channels), along] = live.shape[..] else {
        return Err(format!("its input has the shape {}; supported is [W, channels, T]", shown(&live.shape)));
    };
    let [results, depth, taps] = weights.dims[..] else {
        return Err(format!(
            "its weights have the shape {:?}; supported is over one axis: [results, channels, taps]",
            weights.dims
        ));
    };
    let of = |name: &str, standard: i64| match node.attributes.get(name) {
        None => vec![standard],
        Some(attribute) if attribute.ints.is_empty() => vec![attribute.int],
        Some(attribute) => attribute.ints.clone(),
    };
    let (group, dilation) = (of("group", 1)[0], of("dilations", 1)[0] as usize);
    if of("strides", 1) != [1] {
        return Err("with strides it is not supported".into());
    }
    let reach = (taps - 1) * dilation;
    let same = node.attributes.get("auto_pad").map(|pad| String::from_utf8_lossy(&pad.text).into_owned());
    let pads = match (same.as_deref(), node.attributes.get("pads")) {
        (Some("SAME_UPPER"), _) => vec![(reach / 2) as i64, (reach - reach / 2) as i64],
        (Some("SAME_LOWER"), _) => vec![(reach - reach / 2) as i64, (reach / 2) as i64],
        (_, Some(pads)) => pads.ints.clone(),
        (_, None) => vec![0, 0],
    };
    if pads.iter().sum::<i64>() != reach as i64 || pads.len() != 2 || pads[0] < 0 {
        return Err(format!("with pads {pads:?} it is not supported: what it yields must be as long as its input"));
    }
    if channels < 2 || results < 2 {
        return Err("of one channel it is not supported".into());
    }
    let bias = match to.value(node, 2)? {
        None => None,
        Some(Value::Known(bias)) if bias.numbers.len() == results => Some(to.put(&bias.bytes(), 4)),
        Some(_) => return Err("its bias must be weights, one a channel".into()),
    };
    let shape = vec![Axis::Windows, Axis::Fixed(results), along];
    let (a, out, before) = (live.view, to.room(&shape)?, pads[0] as usize);
    if group == 1 && depth == channels {
        // Taps come before channels: a tap is all channels, further on.
        let flat = weights.transposed(&[0, 2, 1]);
        let matrix = Matrix { rows: results, cols: taps * channels, at: to.put(&flat.bytes(), 4), bias, relu: false };
        to.steps.push(Step::Wide { a, out, matrix, taps, before, dilation });
    } else if group == channels as i64 && depth == 1 && results == channels {
        let matrix = Matrix { rows: channels, cols: taps, at: to.put(&weights.bytes(), 4), bias, relu: false };
        to.steps.push(Step::Deep { a, out, matrix, before, dilation });
    } else {
        return Err(format!("with {group} groups it is not supported; supported are 1 and one a channel"));
    }
    Ok(Value::Live(Live { kind: Kind::Float, shape, view: out }))
}

/// MatMul and Gemm with weights on the right.
pub(crate) fn product(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    let live = live(to, node)?;
    let mut weights = known(to, node, 1, "its right side")?;
    let number = |name: &str| node.attributes.get(name).map_or(1.0, |value| f64::from(value.float));
    let flag = |name: &str| node.attributes.get(name).is_some_and(|value| value.int != 0);
    if weights.dims.len() != 2 {
        return Err(format!("its right side has the shape {:?}; two axes are supported", weights.dims));
    }
    if flag("transA") {
        return Err("with transA it is not supported".into());
    }
    if flag("transB") {
        weights = weights.transposed(&[1, 0]);
    }
    let (alpha, beta) = (number("alpha"), number("beta"));
    weights.numbers.iter_mut().for_each(|x| *x *= alpha);
    let (rows, cols) = (weights.dims[0], weights.dims[1]);
    if live.shape.last() != Some(&Axis::Fixed(rows)) || rows < 2 {
        return Err(format!("its left side has the shape {}, its right side [{rows}, {cols}]", shown(&live.shape)));
    }
    let bias = match to.value(node, 2)? {
        None => None,
        Some(Value::Known(mut bias)) => {
            bias.numbers.iter_mut().for_each(|x| *x *= beta);
            let bias = match bias.one() {
                Some(one) => Known::floats(vec![one; cols], vec![cols]),
                None if bias.numbers.len() == cols => bias,
                None => return Err(format!("its bias has the shape {:?}; expected is [{cols}]", bias.dims)),
            };
            Some(to.put(&bias.bytes(), 4))
        }
        Some(Value::Live(_)) => return Err("its bias must be weights".into()),
    };
    let mut shape = live.shape.clone();
    shape.pop();
    shape.push(Axis::Fixed(cols));
    let out = to.room(&shape)?;
    let matrix = Matrix { rows, cols, at: to.put(&weights.bytes(), 4), bias, relu: false };
    to.steps.push(Step::Product { a: live.view, out, matrix });
    Ok(Value::Live(Live { kind: Kind::Float, shape, view: out }))
}
