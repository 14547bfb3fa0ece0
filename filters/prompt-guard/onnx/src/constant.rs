//! Values that do not hang on the input: worked out while building.

use portcullis_classifier::Width;

use crate::proto::{BOOL, FLOAT, INT8, INT32, INT64, Tensor, UINT8};

/// What numbers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Float,
    Int,
    Bool,
}

/// A tensor whose numbers are known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub kind: Kind,
    pub dims: Vec<usize>,
    pub numbers: Vec<f64>,
    /// The numbers as the file has them, to be multiplied with the scale.
    pub stored: Option<(Width, Vec<u8>, f32)>,
}

impl Known {
    pub(crate) fn of(tensor: &Tensor) -> Result<Self, String> {
        if tensor.external {
            return Err("its data is in another file; save the model as one file".into());
        }
        let raw = &tensor.raw;
        let numbers: Vec<f64> = match tensor.kind {
            FLOAT => raw.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect(),
            INT8 => raw.iter().map(|b| f64::from(b.cast_signed())).collect(),
            UINT8 | BOOL => raw.iter().map(|b| f64::from(*b)).collect(),
            INT32 => raw.chunks_exact(4).map(|b| f64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect(),
            INT64 => {
                let of = |b: &[u8]| i64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f64;
                raw.chunks_exact(8).map(of).collect()
            }
            kind => {
                return Err(format!(
                    "data type {kind} is not supported; supported are FLOAT, INT8, UINT8, INT32, INT64, BOOL"
                ));
            }
        };
        if numbers.len() != tensor.dims.iter().product::<usize>() {
            return Err("its data is not as long as its shape says".into());
        }
        let width = match tensor.kind {
            FLOAT => Some(Width::F32),
            INT8 => Some(Width::I8),
            UINT8 => Some(Width::U8),
            _ => None,
        };
        let kind = match tensor.kind {
            FLOAT => Kind::Float,
            BOOL => Kind::Bool,
            _ => Kind::Int,
        };
        let stored = width.map(|width| (width, raw.clone(), 1.0));
        Ok(Self { kind, dims: tensor.dims.clone(), numbers, stored })
    }

    pub(crate) fn floats(numbers: Vec<f64>, dims: Vec<usize>) -> Self {
        Self { kind: Kind::Float, dims, numbers, stored: None }
    }

    /// Numbers as bytes of floats.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.numbers.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect()
    }

    pub(crate) fn ints(&self) -> Vec<i64> {
        self.numbers.iter().map(|x| *x as i64).collect()
    }

    /// The one number; `None` when there are more.
    pub(crate) fn one(&self) -> Option<f64> {
        if let [one] = self.numbers[..] { Some(one) } else { None }
    }

    /// With its axes in another order.
    pub(crate) fn transposed(&self, perm: &[usize]) -> Self {
        let dims: Vec<usize> = perm.iter().map(|at| self.dims[*at]).collect();
        let strides: Vec<usize> = (0..self.dims.len()).map(|at| self.dims[at + 1..].iter().product()).collect();
        let numbers = (0..self.numbers.len()).map(|place| {
            let mut rest = place;
            let mut from = 0;
            for at in (0..dims.len()).rev() {
                from += (rest % dims[at]) * strides[perm[at]];
                rest /= dims[at];
            }
            self.numbers[from]
        });
        let numbers = numbers.collect();
        Self { kind: self.kind, dims, numbers, stored: None }
    }

    /// Of two tensors, number by number, in the arithmetic of floats.
    pub(crate) fn pair(a: &Self, b: &Self, op: impl Fn(f32, f32) -> f32) -> Result<Self, String> {
        let rank = a.dims.len().max(b.dims.len());
        let padded = |dims: &[usize]| [vec![1; rank - dims.len()], dims.to_vec()].concat();
        let (ad, bd) = (padded(&a.dims), padded(&b.dims));
        let mut dims = Vec::new();
        for (a, b) in ad.iter().zip(&bd) {
            if a != b && *a != 1 && *b != 1 {
                return Err(format!("the shapes {ad:?} and {bd:?} do not meet"));
            }
            dims.push(*a.max(b));
        }
        let place = |of: &[usize], mut rest: usize| {
            let (mut from, mut step) = (0, 1);
            for at in (0..rank).rev() {
                if of[at] != 1 {
                    from += (rest % dims[at]) * step;
                }
                step *= of[at];
                rest /= dims[at];
            }
            from
        };
        let count = dims.iter().product();
        let one = |at: usize| f64::from(op(a.numbers[place(&ad, at)] as f32, b.numbers[place(&bd, at)] as f32));
        Ok(Self { kind: a.kind, numbers: (0..count).map(one).collect(), dims, stored: None })
    }
}
