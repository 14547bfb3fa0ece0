//! Operators that arrange, join and reduce axes.

use portcullis_classifier::{Along, Reduction, Step};

use crate::constant::{Kind, Known};
use crate::lower::{Live, Lowering, Value};
use crate::proto::Node;
use crate::shape::{Axis, axis, left, shown};

/// Axes by attribute (older opsets) or as the second input; `None` when neither says any.
fn axes(to: &Lowering, node: &Node) -> Result<Option<Vec<i64>>, String> {
    match to.value(node, 1)? {
        Some(Value::Known(known)) => Ok(Some(known.ints())),
        Some(Value::Live(_)) => Err("its axes hang on the input".into()),
        None => Ok(node.attributes.get("axes").map(|axes| axes.ints.clone())),
    }
}

pub(crate) fn transpose(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    let value = to.need(node, 0)?;
    let rank = value.shape().len();
    let perm: Vec<usize> = match node.attributes.get("perm") {
        None => (0..rank).rev().collect(),
        Some(perm) => perm.ints.iter().map(|at| axis(*at, rank)).collect::<Result<_, _>>()?,
    };
    let live = match value {
        Value::Known(known) => return Ok(Value::Known(known.transposed(&perm))),
        Value::Live(live) => live,
    };
    let shape: Vec<Axis> = perm.iter().map(|at| live.shape[*at]).collect();
    let order: Vec<usize> = perm.iter().copied().filter(|at| live.shape[*at].dim().is_some()).collect();
    if order.is_sorted() {
        return Ok(Value::Live(Live { shape, ..live }));
    }
    let out = to.room(&shape)?;
    to.steps.push(Step::Transpose { a: live.view, out });
    Ok(Value::Live(Live { shape, view: out, ..live }))
}

/// Unsqueeze, Squeeze, Reshape and Flatten: the axes that are not 1 stay what they are.
pub(crate) fn reshape(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    let value = to.need(node, 0)?;
    let shape = value.shape();
    let out = match node.op.as_str() {
        "Unsqueeze" => {
            let axes = axes(to, node)?.ok_or("it names no axes")?;
            let rank = shape.len() + axes.len();
            let new: Vec<usize> = axes.iter().map(|at| axis(*at, rank)).collect::<Result<_, _>>()?;
            let mut rest = shape.iter().copied();
            (0..rank)
                .map(|at| if new.contains(&at) { Axis::Fixed(1) } else { rest.next().unwrap_or(Axis::Fixed(1)) })
                .collect()
        }
        "Squeeze" => {
            let gone: Vec<usize> = match axes(to, node)? {
                Some(axes) => axes.iter().map(|at| axis(*at, shape.len())).collect::<Result<_, _>>()?,
                None => (0..shape.len()).filter(|at| shape[*at] == Axis::Fixed(1)).collect(),
            };
            if gone.iter().any(|at| shape[*at] != Axis::Fixed(1)) {
                return Err(format!("it leaves out an axis of {} that is not 1", shown(&shape)));
            }
            (0..shape.len()).filter(|at| !gone.contains(at)).map(|at| shape[at]).collect()
        }
        "Flatten" => {
            let at = axis(node.attributes.get("axis").map_or(1, |axis| axis.int), shape.len() + 1)?;
            let join = |part: &[Axis]| match part.iter().filter(|axis| **axis != Axis::Fixed(1)).collect::<Vec<_>>()[..]
            {
                [] => Ok(Axis::Fixed(1)),
                [one] => Ok(*one),
                _ => Err(format!("it joins axes of {}", shown(&shape))),
            };
            vec![join(&shape[..at])?, join(&shape[at..])?]
        }
        _ => reshaped(&shape, &axes(to, node)?.ok_or("it names no shape")?)?,
    };
    match value {
        Value::Live(live) => Ok(Value::Live(Live { shape: out, ..live })),
        Value::Known(known) => {
            let dims = out.iter().map(|axis| if let Axis::Fixed(n) = axis { *n } else { 1 }).collect();
            Ok(Value::Known(Known { dims, ..known }))
        }
    }
}

fn reshaped(shape: &[Axis], wanted: &[i64]) -> Result<Vec<Axis>, String> {
    let mut open: Vec<Axis> = shape.iter().copied().filter(|axis| *axis != Axis::Fixed(1)).collect();
    let mut out = Vec::new();
    for (at, n) in wanted.iter().enumerate() {
        let axis = match *n {
            0 => *shape.get(at).ok_or("it keeps an axis that is not there")?,
            -1 => Axis::Fixed(0),
            n => Axis::Fixed(usize::try_from(n).map_err(|_| format!("there is no extent {n}"))?),
        };
        if let Some(place) = open.iter().position(|known| *known == axis) {
            open.remove(place);
        } else if axis != Axis::Fixed(1) && axis != Axis::Fixed(0) {
            return Err(format!("from {} to {wanted:?} it splits or joins axes, which is not supported", shown(shape)));
        }
        out.push(axis);
    }
    let free = match open[..] {
        [] => Axis::Fixed(1),
        [one] => one,
        _ => {
            return Err(format!("from {} to {wanted:?} it splits or joins axes, which is not supported", shown(shape)));
        }
    };
    out.iter_mut().filter(|axis| **axis == Axis::Fixed(0)).for_each(|axis| *axis = free);
    let kept = |shape: &[Axis]| left(shape).iter().map(|at| shape[*at]).collect::<Vec<_>>();
    if kept(shape) != kept(&out) {
        return Err(format!("from {} to {wanted:?} it moves axes, which is not supported", shown(shape)));
    }
    Ok(out)
}

pub(crate) fn reduce(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    let Value::Live(live) = to.need(node, 0)? else {
        return Err("of weights it is not supported; fold it into them".into());
    };
    if live.kind != Kind::Float {
        return Err("of integers it is not supported; Cast to FLOAT before".into());
    }
    let rank = live.shape.len();
    let gone: Vec<usize> = match axes(to, node)?.filter(|axes| !axes.is_empty()) {
        Some(axes) => axes.iter().map(|at| axis(*at, rank)).collect::<Result<_, _>>()?,
        None => return Err("over all axes it is not supported: windows are worked on each by itself".into()),
    };
    if gone.iter().any(|at| live.shape[*at] == Axis::Windows) {
        return Err("over W it is not supported: windows are worked on each by itself".into());
    }
    let op = match node.op.as_str() {
        "ReduceSum" => Reduction::Sum,
        "ReduceMean" => Reduction::Mean,
        "ReduceMax" => Reduction::Max,
        _ => Reduction::Min,
    };
    let keep = node.attributes.get("keepdims").is_none_or(|keep| keep.int != 0);
    let mut now = live.clone();
    for at in gone.iter().copied() {
        let places = left(&now.shape);
        let Some(place) = places.iter().position(|place| *place == at) else { continue };
        let along = if place + 1 == places.len() { Along::Columns } else { Along::Rows };
        now.shape[at] = Axis::Fixed(1);
        let out = to.room(&now.shape)?;
        to.steps.push(Step::Reduce { op, along, a: now.view, out });
        now.view = out;
    }
    let mut shape = now.shape.clone();
    if !keep {
        shape = (0..rank).filter(|at| !gone.contains(at)).map(|at| now.shape[at]).collect();
    }
    Ok(Value::Live(Live { shape, ..now }))
}

pub(crate) fn concat(to: &mut Lowering, node: &Node) -> Result<Value, String> {
    let at = node.attributes.get("axis").map(|axis| axis.int).ok_or("it names no axis")?;
    let mut values = Vec::new();
    for input in 0..node.inputs.len() {
        values.push(to.need(node, input)?);
    }
    if values.iter().all(|value| matches!(value, Value::Known(_))) {
        return Err("of weights it is not supported; fold it into them".into());
    }
    let mut whole: Option<Live> = None;
    for value in values {
        let next = to.live(value)?;
        if next.kind != Kind::Float {
            return Err("of integers it is not supported; Cast to FLOAT before".into());
        }
        let Some(before) = whole else {
            whole = Some(next);
            continue;
        };
        let place = axis(at, before.shape.len())?;
        let (Some(Axis::Fixed(a)), Some(Axis::Fixed(b))) = (before.shape.get(place), next.shape.get(place)) else {
            return Err("along W, T or G it is not supported".into());
        };
        let mut shape = before.shape.clone();
        shape[place] = Axis::Fixed(a + b);
        let same = (0..shape.len()).all(|other| other == place || next.shape.get(other) == before.shape.get(other));
        let places = left(&shape);
        if !same || next.shape.len() != shape.len() || (places.len() > 1 && (*a == 1 || *b == 1)) {
            return Err(format!("of {} and {} it is not supported", shown(&before.shape), shown(&next.shape)));
        }
        let along = if places.last() == Some(&place) { Along::Columns } else { Along::Rows };
        let out = to.room(&shape)?;
        to.steps.push(Step::Concat { along, a: before.view, b: next.view, out });
        whole = Some(Live { kind: Kind::Float, shape, view: out });
    }
    whole.map(Value::Live).ok_or_else(|| "it has no input".into())
}
