//! Axes, and which of them make the rows and columns of memory.

use portcullis_classifier::{Dim, Reach};

/// One axis of a value of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    /// Windows: each is worked on by itself.
    Windows,
    Fixed(usize),
    Tokens,
    Grams,
}

impl Axis {
    /// What it is in the memory of one window; `None` when it falls away.
    pub(crate) fn dim(self) -> Option<Dim> {
        match self {
            Self::Windows | Self::Fixed(1) => None,
            Self::Fixed(n) => Some(Dim::Fixed(n)),
            Self::Tokens => Some(Dim::Tokens),
            Self::Grams => Some(Dim::Grams),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Windows => "W".into(),
            Self::Fixed(n) => n.to_string(),
            Self::Tokens => "T".into(),
            Self::Grams => "G".into(),
        }
    }
}

/// A shape as it is written: `[W, 64, T]`.
pub(crate) fn shown(shape: &[Axis]) -> String {
    format!("[{}]", shape.iter().map(|axis| axis.name()).collect::<Vec<_>>().join(", "))
}

/// The axes that are left for one window, by their places.
pub(crate) fn left(shape: &[Axis]) -> Vec<usize> {
    (0..shape.len()).filter(|at| shape[*at].dim().is_some()).collect()
}

/// Rows and columns.
pub(crate) fn plane(shape: &[Axis]) -> Result<(Dim, Dim), String> {
    let dims: Vec<Dim> = shape.iter().filter_map(|axis| axis.dim()).collect();
    match dims[..] {
        [] => Ok((Dim::Fixed(1), Dim::Fixed(1))),
        [cols] => Ok((Dim::Fixed(1), cols)),
        [rows, cols] => Ok((rows, cols)),
        _ => Err(format!("the shape {} has more than two axes beside W and 1", shown(shape))),
    }
}

/// The shape that two shapes are broadcast to.
pub(crate) fn broadcast(a: &[Axis], b: &[Axis]) -> Result<Vec<Axis>, String> {
    let length = a.len().max(b.len());
    let of = |shape: &[Axis], at: usize| {
        let missing = length - shape.len();
        if at < missing { Axis::Fixed(1) } else { shape[at - missing] }
    };
    (0..length)
        .map(|at| match (of(a, at), of(b, at)) {
            (a, b) if a == b => Ok(a),
            (Axis::Fixed(1), other) | (other, Axis::Fixed(1)) => Ok(other),
            _ => Err(format!("the shapes {} and {} do not meet", shown(a), shown(b))),
        })
        .collect()
}

/// How a value of `shape` meets a result of shape `out`, to which it is broadcast.
pub(crate) fn reach(shape: &[Axis], out: &[Axis]) -> Reach {
    let missing = out.len() - shape.len();
    let has = |at: usize| at >= missing && shape[at - missing].dim().is_some();
    match left(out)[..] {
        [rows, cols] => match (has(rows), has(cols)) {
            (true, true) => Reach::Full,
            (false, true) => Reach::Columns,
            (true, false) => Reach::Rows,
            (false, false) => Reach::One,
        },
        [cols] if has(cols) => Reach::Full,
        _ => Reach::One,
    }
}

/// The axis that `at` names, which counts from the end when it is negative.
pub(crate) fn axis(at: i64, rank: usize) -> Result<usize, String> {
    let place = if at < 0 { at + rank as i64 } else { at };
    usize::try_from(place).ok().filter(|place| *place < rank).ok_or_else(|| format!("there is no axis {at}"))
}
